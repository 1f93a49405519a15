"""Proof by files: with the draft, in the file, at the desk; checked as every file of a stranger, and erased in time."""

from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.errors import Refused
from billing.models import AccessEvent, OutboxMessage
from complaints import export, filing, handling, retention
from complaints.file import proof
from complaints.models import Complaint, ComplaintDraft, ComplaintFile
from guests.files import checking
from guests.files.receiving import Upload
from tests import factories
from tests.complaints.test_files import filed, fresh, said
from tests.complaints.test_pages import file_of, steps
from tests.coulance.conftest import media  # noqa: F401
from tests.guests.files import hostile
from tests.portal.pages.test_invoice_page import open_in
from tests.portal.staff.staff_client import signed_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("media")]
Status, FileStatus = Complaint.Status, ComplaintFile.Status
TODAY = timezone.localdate()


def photo(name="bankafschrift.png", size=9):
    return Upload(name, hostile.picture("PNG", (size, 9)))


LARGE = hostile.picture("BMP", (200, 200))  # larger than any form without files may be


def stored():
    return sorted(storages["default"].listdir("complaint-files")[1])


def draft_of(invoice=None):
    draft = ComplaintDraft(invoice=invoice)
    draft.facts = {}
    draft.save()
    return draft


class TestWithTheDraft:
    def test_a_file_goes_along_and_is_read_by_whom_it_should(self, client):
        invoice = factories.invoice()
        open_in(client, invoice)
        token = invoice.token
        client.post(reverse("complain", args=[token]), {"subject": "price"})
        client.post(reverse("complain_story", args=[token]), {"story": "Nooit gehad.", "disputed": ""})
        page = reverse("complain_proof", args=[token])
        files = [SimpleUploadedFile("afschrift.bmp", LARGE), SimpleUploadedFile("stuk.pdf", b"%PDF-1.7 x")]
        assert client.post(page, {"files": files, "add": "1"}).status_code == 303
        for row in ComplaintFile.objects.all():
            proof.check(row.pk)
        text = client.get(page).content.decode()
        assert "afschrift.jpg" in text
        assert "openen" in text, "why the other one was not taken"
        assert client.post(page, {}).headers["Location"] == reverse("complain_who", args=[token])
        client.post(reverse("complain_who", args=[token]), {"email": "iemand@post.example"})
        assert "afschrift.jpg" in client.get(reverse("complain_check", args=[token])).content.decode()
        client.post(reverse("complain_check", args=[token]))
        complaint = Complaint.objects.get()
        row = complaint.files.get(status=FileStatus.CLEAN)
        assert (ComplaintDraft.objects.count(), row.about) == (0, invoice)
        address = reverse("complaint_file", args=[complaint.token, row.token])
        assert address in file_of(client, complaint)
        assert client.get(address).content.startswith(b"\xff\xd8")
        assert AccessEvent.objects.filter(act="download", data=row.served_name).exists()
        assert client.get(address.replace(row.token, "a" * len(row.token))).status_code == 404

    def test_what_is_wrong_with_a_file_is_said_and_nothing_is_kept(self, client):
        client.post(reverse("complain_without_invoice"), {"subject": "service"})
        page = reverse("complain_proof_without_invoice")
        assert client.get(page).status_code == 303, "first what happened"
        client.post(reverse("complain_story_without_invoice"), {"story": "Niemand nam op.", "disputed": ""})
        assert client.post(page, {"add": "1"}).status_code == 422
        response = client.post(page, {"files": [SimpleUploadedFile("x.exe", b"MZ")]})
        assert (response.status_code, "schermafbeelding" in response.content.decode()) == (422, True)
        assert ComplaintFile.objects.count() == 0

    def test_it_can_be_taken_back_and_not_by_another_browser(self, client):
        client.post(reverse("complain_without_invoice"), {"subject": "service"})
        client.post(reverse("complain_story_without_invoice"), {"story": "Niemand nam op.", "disputed": ""})
        client.post(
            reverse("complain_proof_without_invoice"), {"files": [SimpleUploadedFile("x.png", photo().content)]}
        )
        row = ComplaintFile.objects.get()
        back = reverse("complain_file_back_without_invoice", args=[row.token])
        Client().post(back)
        assert fresh(row).status == FileStatus.RECEIVED
        client.post(back)
        assert fresh(row).status == FileStatus.WITHDRAWN
        assert stored() == []

    @pytest.mark.both_databases
    def test_a_check_under_way_finds_the_complaint_that_the_draft_became(self, monkeypatch):
        draft = draft_of()
        (row,) = proof.receive_for_draft(draft, [photo()])
        clean = checking.cleaning.clean

        def file_meanwhile(*args):
            filing.file(said(), subject="service", draft=draft)
            return clean(*args)

        monkeypatch.setattr(checking.cleaning, "clean", file_meanwhile)
        proof.check(row.pk)
        row = fresh(row)
        assert (row.status, row.draft, row.complaint) == (FileStatus.CLEAN, None, Complaint.objects.get())
        assert len(stored()) == 1

    def test_sent_twice_is_one_complaint(self):
        draft = draft_of()
        first = filing.file(said(), subject="service", draft=draft)
        assert filing.file(said(), subject="service", draft=draft) == first, "a doubled click"
        with pytest.raises(Refused):
            proof.receive_for_draft(draft, [photo()])
        assert Complaint.objects.count() == 1
        assert stored() == []

    def test_a_draft_that_nobody_finished_goes_with_its_files_while_one_is_checked(self, monkeypatch):
        draft = draft_of()
        proof.receive_for_draft(draft, [photo(size=8)])
        (row,) = proof.receive_for_draft(draft, [photo()])

        def drop_first(content, kind):
            proof.drop_drafts(timezone.now() + timedelta(days=2))
            return hostile.picture("PNG", (7, 7))

        monkeypatch.setattr(checking.cleaning, "clean", drop_first)
        proof.check(row.pk)
        assert (ComplaintDraft.objects.count(), ComplaintFile.objects.count(), stored()) == (0, 0, [])


class TestInTheFile:
    def test_what_the_patient_sends_answers_our_question(self):
        complaint = filed(factories.invoice())
        staff = factories.staff(role="operations", provider=None)
        handling.acknowledge(complaint.pk, text="Ik zoek het uit.", staff=staff)
        handling.ask(complaint.pk, text="Stuurt u het afschrift?", staff=staff, today=TODAY)
        proof.receive(complaint.pk, [photo()])
        assert fresh(complaint).status == Status.INVESTIGATING

    def test_one_that_we_can_not_take_is_told_in_the_file_and_by_mail(self):
        complaint = filed(factories.invoice())
        (row,) = proof.receive(complaint.pk, [Upload("stuk.pdf", b"%PDF-1.7 x")])
        proof.check(row.pk)
        assert (fresh(row).status, fresh(row).stored_name) == (FileStatus.REFUSED, "")
        message = complaint.messages.get()
        # Damaged; or too much to open, when this machine has no time.
        assert (message.kind, message.text) == ("file_refused", fresh(row).get_reason_display())
        assert "een bestand niet gebruiken" in OutboxMessage.objects.get(kind="complaint_news").text

    def test_it_is_taken_back_until_we_answered(self):
        complaint = filed(factories.invoice())
        (row,) = proof.receive(complaint.pk, [photo()])
        proof.check(row.pk)
        Complaint.objects.update(status=Status.ANSWERED)
        for act in (lambda: proof.take_back(row.pk), lambda: proof.receive(complaint.pk, [photo(size=8)])):
            with pytest.raises(Refused):
                act()
        Complaint.objects.update(status=Status.INVESTIGATING)
        proof.take_back(row.pk)
        assert (fresh(row).status, fresh(row).name, stored()) == (FileStatus.WITHDRAWN, "", [])

    def test_a_stranger_sees_neither_name_nor_bytes(self, client):
        invoice = factories.invoice()
        open_in(client, invoice)
        steps(client, invoice.token)
        complaint = Complaint.objects.get()
        client.post(reverse("complaint_files", args=[complaint.token]), {"files": SimpleUploadedFile("x.bmp", LARGE)})
        row = ComplaintFile.objects.get()
        proof.check(row.pk)
        other = Client()
        assert "x.jpg" not in file_of(other, complaint)
        for name, method in (("file", other.get), ("file_back", other.post), ("files", other.post)):
            args = [complaint.token] if name == "files" else [complaint.token, row.token]
            response = method(reverse(f"complaint_{name}", args=args), {"files": SimpleUploadedFile("y.png", b"x")})
            assert response.status_code == 303
            assert "/code/" in response["Location"]
        assert (ComplaintFile.objects.count(), fresh(row).status) == (1, FileStatus.CLEAN)

    def test_the_desk_opens_and_adds_files_and_another_practice_does_not(self):
        invoice = factories.invoice()
        complaint = filed(invoice, subject="price")
        own, other = signed_in(factories.staff(provider=invoice.provider)), signed_in(factories.staff())
        add = reverse("admin:complaints_complaint_add", args=[complaint.pk])
        scan = photo("brief.png").content
        assert other.post(add, {"files": SimpleUploadedFile("brief.png", scan)}).status_code == 404
        own.post(add, {"files": SimpleUploadedFile("brief.bmp", LARGE)})
        row = ComplaintFile.objects.get()
        assert row.by.startswith("staff:")
        proof.check(row.pk)
        address = reverse("admin:complaints_complaint_document", args=[complaint.pk, row.pk])
        assert address in own.get(reverse("admin:complaints_complaint_file", args=[complaint.pk])).content.decode()
        assert own.get(address).content.startswith(b"\xff\xd8")
        assert other.get(address).status_code == 404
        outcomes = AccessEvent.objects.filter(data=fresh(row).served_name).values_list("outcome", flat=True)
        assert sorted(outcomes) == [AccessEvent.Outcome.SUCCESS, AccessEvent.Outcome.REFUSED]

    def test_it_is_exported_and_goes_with_the_texts(self):
        invoice = factories.invoice()
        complaint = filed(invoice)
        (row,) = proof.receive(complaint.pk, [photo()])
        proof.check(row.pk)
        assert [name for name, _content in export.documents(invoice)] == [f"proof-{row.pk}.png"]
        assert "bankafschrift.png" in str(export.of_invoice(invoice))
        assert "Nooit een brief gehad" in str(export.of_invoice(invoice))
        Complaint.objects.update(closed_at=timezone.now() - timedelta(days=3 * 366), status=Status.CLOSED)
        assert retention.run_day(TODAY)["complaint_files"] == 1
        row = fresh(row)
        assert (row.status, row.stored_name, row.name) == (FileStatus.ERASED, "", "")
        assert stored() == []
        assert retention.run_day(TODAY) == dict.fromkeys(
            ("complaints", "complaint_files", "complaint_signals", "complaint_drafts"), 0
        )
