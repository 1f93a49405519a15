"""The answer on paper, the second line's own confirmation, and what was said by telephone before it was noted."""

import io
from datetime import timedelta

import pypdfium2
import pytest
from django.urls import reverse
from django.utils import timezone

from billing.documents import pdf
from billing.errors import Refused
from billing.models import AccessEvent, Payer, StaffTask
from complaints import answers, deadlines, filing, handling
from complaints.file import letter
from complaints.models import Answer, ComplaintMessage
from complaints.pages.file import promises
from tests import factories
from tests.accessible_pdf import faults_of
from tests.complaints.test_files import TODAY, drafted, filed, fresh, point, said
from tests.drawn import downloaded
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return factories.staff(role="operations", provider=None)


@pytest.fixture
def other():
    return factories.staff(role="operations", provider=None)


def answered(staff, **more):
    complaint = filing.file(said(**more), subject="service")
    handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
    answers.answer(complaint.pk, drafted([point()]), staff=staff)
    return fresh(complaint)


def file_page(complaint):
    return reverse("admin:complaints_complaint_file", args=[complaint.pk])


def text_of(content):
    return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(io.BytesIO(content)))


def test_who_has_no_mailbox_gets_a_letter_and_the_day_of_posting_is_kept(staff):
    complaint = answered(staff, email="", name="J. Bakker", address="Kerkweg 1, 1234 AB Ons Dorp")
    [row] = complaint.answers.all()
    task = StaffTask.objects.get(kind=letter.TASK)
    assert (row.by_post, task.note, task.closed_at) == (True, complaint.number, None)
    desk = signed_in(staff)
    address = reverse("admin:complaint_letter", args=[complaint.pk, row.pk])
    assert address in desk.get(file_page(complaint)).content.decode()
    read = text_of(downloaded(desk, address).content)
    for words in ("J. Bakker", "Kerkweg 1", complaint.number, "geen brief", "de brief kwam aan", "De brieven."):
        assert words in read, words
    assert AccessEvent.objects.filter(data="complaint file", act=AccessEvent.Act.READ).exists()
    post = {"act": "posted", "answer": row.pk}
    for wrong in (TODAY + timedelta(days=1), TODAY - timedelta(days=1)):
        assert desk.post(file_page(complaint), post | {"posted_on": wrong.isoformat()}).status_code == 422
    assert desk.post(file_page(complaint), post | {"posted_on": TODAY.isoformat()}).status_code == 303
    assert fresh(row).posted_on == TODAY
    assert StaffTask.objects.get(kind=letter.TASK).closed_at is not None


def test_a_letter_goes_nowhere_without_an_address_and_large_print_is_printed_too(staff, other):
    complaint = answered(staff, email="", phone="0612345678")
    with pytest.raises(Refused):
        letter.to_print(complaint, complaint.answers.get())
    assert signed_in(other).get(reverse("admin:complaint_letter", args=[complaint.pk, 0])).status_code == 404
    assert not answered(staff).answers.get().by_post, "a mail told of it"
    large = answered(staff, needs=["large_print"], address="Kerkweg 1")
    assert large.answers.get().by_post
    assert faults_of(pdf.from_html(letter.to_print(large, large.answers.get()))) == []


def test_of_an_invoice_it_goes_to_the_patient_and_a_representative_without_proof_gets_none(staff):
    invoice = factories.invoice()
    sent = {"story": "Zij kreeg geen brief.", "email": "", "name": "Bram Helper", "address": "Elders 9",
            "for_somebody": "Mevrouw Jansen", "as_whom": "family"}  # fmt: skip
    complaint = filing.file(filing.Said(**sent), subject="price", invoice_id=invoice.pk)
    to = letter.recipient(complaint)
    assert "Elders" not in to.address
    assert invoice.patient.street in to.address
    office = {"relation": "administrator", "name": "Bureau Balans", "email": "bureau@balans.example"}
    payer = Payer.objects.create(patient=invoice.patient, **office)
    assert letter.recipient(complaint) is None, "an administrator reads it, and not at the patient's door"
    Payer.objects.filter(pk=payer.pk).update(street="Kantoorweg", house_number="3", postcode="3511 AA", city="Utrecht")
    assert letter.recipient(complaint) == letter.Recipient("Bureau Balans", "Kantoorweg 3\n3511 AA Utrecht")
    foreign = signed_in(factories.staff())
    row = Answer.objects.create(complaint=complaint, written_by=staff, given_at=timezone.now())
    assert foreign.get(reverse("admin:complaint_letter", args=[complaint.pk, row.pk])).status_code == 404


def test_the_second_line_confirms_it_by_name_within_its_own_two_days(staff, other):
    complaint = answered(staff)
    handling.escalate(complaint.pk, text="", today=TODAY)
    complaint = fresh(complaint)
    due = deadlines.dates(deadlines.PROCEDURES["ours"], TODAY).acknowledge_by
    assert complaint.second_acknowledge_by == due
    [own] = [row for row in promises(complaint, today=TODAY) if "anders" in str(row.what)]
    assert (own.by, own.done) == (due, None)
    with pytest.raises(Refused):
        answers.acknowledge_again(complaint.pk, text="Ik kijk opnieuw.", staff=staff)
    desk = signed_in(other)
    assert 'value="acknowledge_again"' in desk.get(file_page(complaint)).content.decode()
    sent = {"act": "acknowledge_again", "text": "Ik ben Bea en kijk opnieuw."}
    assert [desk.post(file_page(complaint), sent).status_code for _twice in range(2)] == [303, 422]
    complaint = fresh(complaint)
    assert complaint.second_handler == other
    assert [row.kept for row in promises(complaint, today=TODAY) if "anders" in str(row.what)] == [True]


def test_what_was_said_by_telephone_counts_from_the_day_of_the_call(staff, other):
    complaint = answered(staff)
    over = handling.escalate_until(complaint)
    called = handling.Came("phone", over)
    with pytest.raises(Refused):
        handling.reply(filed(subject="service").pk, text="x", today=TODAY, came=handling.Came("phone", over))
    handling.escalate(complaint.pk, text="", today=over + timedelta(days=1), by="staff:x", came=called)
    complaint = fresh(complaint)
    message = complaint.messages.get(kind=ComplaintMessage.Kind.ESCALATION)
    assert (message.channel, message.received_on) == ("phone", over)
    assert complaint.answer_by == deadlines.second_line(deadlines.PROCEDURES["ours"], over)[0]
    desk = signed_in(other)
    heard = {"act": "heard", "what": "reply", "text": "Nog iets.", "channel": "post", "came_on": TODAY.isoformat()}
    assert desk.post(file_page(complaint), heard | {"channel": "pigeon"}).status_code == 422
    assert desk.post(file_page(complaint), heard).status_code == 303
    assert (complaint.messages.last().channel, complaint.messages.last().received_on) == ("post", TODAY)
