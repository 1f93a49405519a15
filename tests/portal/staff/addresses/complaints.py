"""Complaints and what was learnt of them."""

from complaints import filing
from complaints.models import Complaint

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
    return {"complaint": filing.file(said, subject="price", invoice_id=rows["invoice"].pk)}


def state_of(provider):
    return {"complaint": list(Complaint.objects.filter(provider=provider).values())}
