"""What goes on late by telephone, and what others must not learn or use up."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from billing.errors import Refused
from billing.invoices import state
from billing.law.calendar import begin_of
from billing.models import OutboxMessage
from complaints import answers, deadlines, filing, freeze, handling
from complaints.file import lessons, proof, referrals
from complaints.models import Complaint, ComplaintFile, Remedy
from tests import factories
from tests.complaints.test_files import drafted, filed, fresh, point, said
from tests.complaints.test_pages import STORY, file_of, let_in, steps
from tests.complaints.test_proof import photo
from tests.coulance.conftest import media  # noqa: F401
from tests.portal.pages.test_invoice_page import open_in
from tests.portal.staff.staff_client import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
Status = Complaint.Status
TODAY = timezone.localdate()


@pytest.fixture
def staff():
    return factories.staff(role="operations", provider=None)


class TestByTelephone:
    def test_after_the_last_day_staff_let_it_through_with_a_reason(self, staff):
        complaint = filed(factories.invoice())
        answers.refuse(complaint.pk, why="too_old", text="Dit is zes jaar geleden.", staff=staff, today=TODAY)
        Complaint.objects.update(answered_at=begin_of(TODAY - timedelta(days=deadlines.ESCALATION_DAYS + 1)))
        with pytest.raises(Refused, match="Bel ons"):
            handling.escalate(complaint.pk, text="Ik was ziek.", today=TODAY)
        desk, page = signed_in(staff), reverse("admin:complaints_complaint_file", args=[complaint.pk])
        assert desk.post(page, {"act": "heard", "what": "escalate", "text": ""}).status_code == 422
        desk.post(page, {"act": "heard", "what": "escalate", "text": "Zij was ziek."})
        assert fresh(complaint).status == Status.SECOND_LINE


class TestWhatOthersLearn:
    def test_what_becomes_ours_leaves_the_messages_that_the_practice_reads(self, staff):
        invoice = factories.invoice()
        complaint = filed(invoice, subject="price")
        other_file = filed(invoice, subject="care")
        mails = OutboxMessage.objects.filter(invoice=invoice)
        assert mails.filter(subject__contains=complaint.number).exists()
        referrals.reroute(complaint.pk, subject="service", staff=staff)
        assert not mails.filter(subject__contains=complaint.number).exists()
        assert mails.filter(subject__contains=other_file.number).exists()

    def test_whoever_knows_the_reference_alone_reads_their_own_words_and_not_our_findings(self, client, staff):
        invoice = factories.invoice()
        open_in(client, invoice)
        steps(client, invoice.token)
        complaint = Complaint.objects.get()
        handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
        answers.answer(complaint.pk, drafted([point(found="kies 36 is getrokken")]), staff=staff)
        text = file_of(client, complaint)
        assert STORY in text
        for ours in ("Ik ben Anna", "kies 36", "De brieven."):
            assert ours not in text
        let_in(client, invoice)
        assert "kies 36" in file_of(client, complaint)

    def test_no_amount_is_published_of_one_person(self, client, staff):
        for _one in range(lessons.LEAST):
            complaint = filing.file(said(), subject="service")
            handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
            answers.answer(complaint.pk, drafted([point()]), staff=staff)
        Remedy.objects.create(complaint=complaint, kind="charges_off", amount=Decimal("40.82"))
        page = client.get(reverse("complaint_figures")).content.decode()
        assert "Beantwoord" in page
        assert "40,82" not in page


class TestWhoSends:
    def test_a_new_draft_about_no_invoice_does_not_begin_the_count_anew(self, client, settings):
        settings.UPLOAD_MAX_FILES = 1
        page = reverse("complain_proof_without_invoice")

        def begin(width):
            client.post(reverse("complain_without_invoice"), {"subject": "service"})
            client.post(reverse("complain_story_without_invoice"), {"story": STORY})
            return client.post(page, {"add": "1", "files": SimpleUploadedFile("x.png", photo(size=width).content)})

        assert begin(8).status_code == 303
        client.cookies.pop("complaint")
        assert begin(9).status_code == 422
        assert ComplaintFile.objects.count() == 1

    def test_whoever_knows_the_reference_alone_is_a_stranger_in_the_file_too(self, client):
        invoice = factories.invoice()
        open_in(client, invoice)
        steps(client, invoice.token)
        complaint = Complaint.objects.get()
        address = reverse("complaint_files", args=[complaint.token])
        client.post(address, {"files": SimpleUploadedFile("x.png", photo(size=8).content)})
        let_in(client, invoice)
        client.post(address, {"files": SimpleUploadedFile("y.png", photo(size=9).content)})
        assert list(ComplaintFile.objects.order_by("pk").values_list("by_stranger", flat=True)) == [True, False]
        assert proof.of_patient(invoice).count() == 0, "not checked yet"

    def test_about_a_withdrawn_invoice_one_can_complain_and_nothing_rests(self, client):
        invoice = factories.invoice()
        open_in(client, invoice)
        type(invoice).objects.update(withdrawn_at=timezone.now())
        assert state.look_at(invoice.token, today=TODAY).status == "withdrawn"
        assert client.get(reverse("complain", args=[invoice.token])).status_code == 200
        assert steps(client, invoice.token).status_code == 303
        complaint = Complaint.objects.get()
        assert (complaint.invoice, freeze.rests(invoice)) == (invoice, False)
        assert "staat niet stil" not in file_of(client, complaint)


def test_a_file_that_is_not_there_is_missed_as_any_other_row():
    with pytest.raises(Complaint.DoesNotExist):
        handling.lock(0)
    assert handling.lock_each([0]) == []
