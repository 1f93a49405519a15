"""Complaints and what was learnt of them."""

from complaints import answers, filing, handling
from complaints.answers import Draft, Point
from complaints.models import Answer, Complaint, ComplaintFile
from tests import factories
from tests.coulance.desk.desk_cases import as_checked

OWN_PAGE = {
    "complaints": {200},
    "complaint_lessons": {200, 404},  # what is posted here names no lesson of theirs
    "complaint_receive": {200, 422},  # what is posted here is no complaint
    "complaint_letter": {404},  # of a file that is not theirs
    "complaint_signal": {404, 405},  # takes POST alone, and what is posted here names no signal of theirs
}
ROWS = {"complaints_complaint_file", "complaints_complaint_add", "complaints_complaint_document"}


def filled(provider, mark, rows):
    said = filing.Said(story=mark, email=f"{mark}@post.example")
    complaint = filing.file(said, subject="price", invoice_id=rows["invoice"].pk)
    draft = Draft([Point(mark, mark, "not_upheld")], looked_at=mark)
    staff = factories.staff(role="operations", provider=None)
    handling.acknowledge(complaint.pk, text=mark, staff=staff)
    answers.answer(complaint.pk, draft, staff=staff)
    proof = as_checked(ComplaintFile(complaint=complaint), "png", f"{mark}.png", mark.encode())
    return {"complaint": complaint, "proof": proof}


def slots(rows):
    complaint = rows["complaint"]
    return {
        "<int:object_id>/antwoord/<int:answer_id>/": f"{complaint.pk}/antwoord/{complaint.answers.get().pk}/",
        "/bestand/<int:file_id>/": f"/bestand/{rows['proof'].pk}/",
    }


def state_of(provider):
    return {
        "complaint": list(Complaint.objects.filter(provider=provider).values()),
        "answer": list(Answer.objects.filter(complaint__provider=provider).values()),
        "proof": list(ComplaintFile.objects.filter(complaint__provider=provider).values()),
    }
