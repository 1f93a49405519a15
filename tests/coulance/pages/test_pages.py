"""The patient's side of coulance: what the page says, what is sent, what is seen again, and how it ends."""

import os
import re
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote_plus

import pytest
from django.utils import timezone

from billing.invoices.holds import place_hold
from billing.invoices.state import look_at
from billing.models import AccessEvent, Hold, OutboxMessage
from coulance import amounts, decisions, intake, specifications
from coulance.models import CaseMessage, CoulanceCase, PracticeRules, Specification
from guests import uploads
from guests.files import storage
from tests import factories
from tests.coulance.desk.desk_cases import REASON, staff_of
from tests.coulance.pages.patient import address, case_of, checked, guest, invoice, media, page, prove, send  # noqa: F401
from tests.guests.files import hostile

# ruff: noqa: F811  the fixtures of patient.py
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox", "media")]
Status = CoulanceCase.Status


def test_the_invoice_says_not_to_pay_and_leads_to_the_steps(guest, invoice):
    text = guest.get(address(invoice, "invoice")).content.decode()
    assert address(invoice) in text
    assert address(invoice, "pay") not in text
    assert address(invoice, "plan") not in text
    assert "betaalregeling" in text.lower() or "betalingsregeling" in text.lower()


def test_the_page_has_five_steps_and_the_last_day(guest, invoice):
    text = page(guest, invoice)
    assert len(re.findall(r"<li[^>]*><div><h3>", text)) == 5
    assert text.count('aria-current="step"') == 1
    assert f"{invoice.provider.name}" in text
    assert "30 dagen" in text


def test_what_this_provider_wants_is_said(guest, invoice):
    PracticeRules.objects.create(provider=invoice.provider, wants_specification=False, help_text="Bel <ons> eerst.")
    text = page(guest, invoice)
    assert "Bel &lt;ons&gt; eerst." in text


def test_without_having_opened_the_invoice_nothing_is_shown_or_done(client, invoice):
    for name in ("coulance", "coulance_stop"):
        assert client.get(address(invoice, name)).status_code == 303
    assert client.post(address(invoice), {}).status_code == 303
    assert client.post(address(invoice, "coulance_message"), {"message": "x"}).status_code == 303
    assert client.post(address(invoice, "coulance_stop")).status_code == 303
    assert case_of(invoice).status == Status.OFFERED


def test_an_invoice_without_coulance_has_no_such_page(client):
    other = factories.invoice()
    client.post("/", {"reference": other.payment_reference})
    assert client.get(address(other)).status_code == 404
    assert address(other) not in client.get(address(other, "invoice")).content.decode()


def test_a_file_is_received_checked_and_brought_to_the_provider(guest, invoice):
    assert send(guest, invoice, hostile.pdf()).status_code == 303
    row = Specification.objects.get()
    assert (row.status, case_of(invoice).status) == ("received", Status.WAITING_FOR_SPECIFICATION)
    assert guest.get(address(invoice, "coulance_state")).json() == {"state": "waiting"}
    specifications.check(row.pk)
    assert guest.get(address(invoice, "coulance_state")).json() == {"state": "checked"}
    case = case_of(invoice)
    assert case.status == Status.AT_PROVIDER
    assert case.provider_since
    assert OutboxMessage.objects.filter(kind="coulance_received").count() == 1
    assert Hold.objects.filter(invoice=invoice, released_at=None).exists()
    assert "specificatie.pdf" in page(guest, invoice)
    other = type(guest)()
    other.post("/", {"reference": invoice.payment_reference})
    assert "Bestand 1 (PDF, " in page(other, invoice)


def test_the_name_of_a_file_is_sealed_and_shown_after_the_code(guest, invoice):
    send(guest, invoice, hostile.pdf(), name="chemokuur mei.pdf")
    row = Specification.objects.get()
    assert row.name == "chemokuur mei.pdf"
    assert b"chemokuur" not in bytes(row.sealed_name)
    assert "chemokuur mei.pdf" in page(guest, invoice), "this browser sent it"
    other = type(guest)()
    other.post("/", {"reference": invoice.payment_reference})
    assert "chemokuur" not in page(other, invoice)
    prove(other, invoice)
    assert "chemokuur mei.pdf" in page(other, invoice)


def test_several_files_at_once_and_one_by_one_by_script(guest, invoice):
    assert send(guest, invoice, hostile.pdf(), hostile.picture("PNG"), hostile.picture("JPEG")).status_code == 303
    assert {row.kind for row in Specification.objects.all()} == {"pdf", "jpeg", "png"}
    answer = send(guest, invoice, hostile.picture("PNG", (9, 9)), accept="application/json")
    assert answer.json() == {"sent": True}
    answer = send(guest, invoice, hostile.SCRIPT, name="x.pdf", accept="application/json")
    assert answer.status_code == 409
    assert answer.json()["error"]
    assert Specification.objects.count() == 4


@pytest.mark.parametrize("name", hostile.NOT_TAKEN)
def test_what_is_no_document_is_refused_at_once(guest, invoice, name):
    response = send(guest, invoice, hostile.NOT_TAKEN[name], name="specificatie.pdf")
    assert response.status_code == 409
    assert not Specification.objects.exists()
    assert case_of(invoice).status == Status.OFFERED


def test_limits_on_size_and_number(guest, invoice, settings):
    settings.UPLOAD_MAX_BYTES, settings.UPLOAD_MAX_FILES = 2000, 2
    assert send(guest, invoice, hostile.pdf() + b" " * 2000).status_code == 409
    assert send(guest, invoice, *(hostile.picture("PNG", (9, n)) for n in (1, 2, 3))).status_code == 409
    assert send(guest, invoice, b"").status_code == 409
    assert not Specification.objects.exists()
    settings.UPLOAD_MAX_BYTES = settings.UPLOAD_MAX_REQUEST_BYTES = 10
    settings.UPLOAD_MAX_FILES = 1
    assert send(guest, invoice, b"%PDF-" + b" " * 2_000_000).status_code == 413


def test_files_that_are_too_large_together_are_refused_with_advice(guest, invoice, settings):
    settings.UPLOAD_MAX_REQUEST_BYTES = 1_000_000
    response = send(guest, invoice, hostile.pdf() + b"%" + b"z" * 2_200_000, hostile.picture("PNG", (9, 9)))
    assert response.status_code == 413
    assert "samen hoogstens 0 MB" in response.content.decode()
    assert not Specification.objects.exists()


def test_a_large_upload_never_lies_on_a_disk_unsealed(guest, invoice, tmp_path, monkeypatch):
    """Neither where it waits for the end of the request, nor where it is stored."""
    waiting, made = [], uploads.LockedFile.add

    def looks_at_the_disk(file, part):
        made(file, part)
        descriptor = file.file.fileno()
        waiting.append(os.pread(descriptor, 10**8, 0))
        waiting.append(str(os.fstat(descriptor).st_nlink).encode())

    monkeypatch.setattr(uploads.LockedFile, "add", looks_at_the_disk)
    large = hostile.pdf() + b"%" + b"z" * 600_000
    assert send(guest, invoice, large).status_code == 303
    assert len(waiting) > 10
    assert not any(b"%PDF" in part or b"z" * 100 in part for part in waiting)
    assert set(waiting[1::2]) == {b"0"}, "no folder has a name for it, so that it ends with the process"
    row = Specification.objects.get()
    assert row.size == len(large)
    assert b"z" * 100 not in (tmp_path / row.stored_name).read_bytes()
    assert storage.get(row) == large


def test_seeing_a_file_again_takes_a_code_and_is_written_down(guest, invoice):
    row = checked(guest, invoice)
    link = address(invoice, "coulance_file", row.token)
    assert guest.get(link)["Location"] == f"{address(invoice, 'code')}?verder={quote_plus(address(invoice))}"
    prove(guest, invoice)
    response = guest.get(link)
    assert response.status_code == 200
    assert response["Content-Disposition"] == f'attachment; filename="specification-{row.pk}.pdf"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    name = f"specification-{row.pk}.pdf"
    assert looks(invoice) == [("download", name, "none", 4), ("download", name, "sms-code", 0)]


def test_a_file_that_was_not_checked_or_is_of_another_case_is_not_served(guest, invoice):
    send(guest, invoice, hostile.pdf())
    prove(guest, invoice)
    row = Specification.objects.get()
    assert guest.get(address(invoice, "coulance_file", row.token)).status_code == 404
    other = factories.invoice()
    case = intake.offer([other], today=timezone.localdate(), by="test")[0]
    foreign = Specification.objects.create(case=case, kind="pdf", name="x.pdf", size=1, sha256="0", status="clean")
    assert guest.get(address(invoice, "coulance_file", foreign.token)).status_code == 404
    assert guest.post(address(invoice, "coulance_take_back", foreign.token)).status_code == 404


def looks(invoice):
    return list(
        AccessEvent.objects.filter(invoice=invoice).order_by("pk").values_list("act", "data", "grounds", "outcome")
    )


def test_reading_what_was_written_is_one_event_each_time(guest, invoice):
    page(guest, invoice)
    assert looks(invoice) == [], "nothing was written yet"
    guest.post(address(invoice, "coulance_message"), {"message": "Het gaat om mijn kies."})
    assert looks(invoice) == []
    page(guest, invoice)
    assert looks(invoice) == [("read", "coulance page", "own-browser", 0)]
    other = type(guest)()
    other.post("/", {"reference": invoice.payment_reference})
    page(other, invoice)
    assert len(looks(invoice)) == 1, "it showed no text"
    prove(other, invoice)
    page(other, invoice)
    assert looks(invoice)[1:] == [("read", "coulance page", "sms-code", 0)]
    assert "de pagina over coulance" in other.get(address(invoice, "access_list")).content.decode()


@pytest.mark.parametrize("what", ["file", "page"])
def test_what_can_not_be_logged_is_not_shown(guest, invoice, monkeypatch, what):
    row = checked(guest, invoice)
    prove(guest, invoice)

    def broken(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr("billing.privacy.access_log.record", broken)
    monkeypatch.setattr("guests.files.storage.get", lambda row: pytest.fail("it was read"))
    monkeypatch.setattr(Specification, "name", property(lambda row: pytest.fail("it was read")))
    with pytest.raises(OSError, match="disk full"):
        guest.get(address(invoice, "coulance_file", row.token) if what == "file" else address(invoice))


def test_taking_back_the_last_file_makes_the_case_wait_again(guest, invoice, settings, tmp_path):
    row = checked(guest, invoice)
    assert guest.post(address(invoice, "coulance_take_back", row.token)).status_code == 303
    row.refresh_from_db()
    assert (row.status, row.stored_name, row.name) == ("withdrawn", "", "")
    assert case_of(invoice).status == Status.WAITING_FOR_SPECIFICATION
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert "Bestand 1" not in page(guest, invoice)


def test_a_message_is_sealed_and_read_again_after_the_code(guest, invoice):
    response = guest.post(address(invoice, "coulance_message"), {"message": "Kunt u mij bellen? <b>"})
    assert response.status_code == 303
    row = CaseMessage.objects.get()
    assert b"bellen" not in bytes(row.sealed_text)
    assert "Kunt u mij bellen? &lt;b&gt;" in page(guest, invoice), "this browser wrote it"
    guest.post("/klaar/")
    guest.post("/", {"reference": invoice.payment_reference})
    assert "Kunt u mij bellen" not in page(guest, invoice)
    prove(guest, invoice)
    assert "Kunt u mij bellen? &lt;b&gt;" in page(guest, invoice)
    assert guest.post(address(invoice, "coulance_message"), {"message": " "}).status_code == 409


def test_a_message_that_is_too_long_is_refused_with_its_length_and_kept(guest, invoice):
    assert 'maxlength="1000"' not in page(guest, invoice), "a browser would cut what is pasted"
    long = "Regel\r\n" * 166 + "einde-" + "x" * 30
    response = guest.post(address(invoice, "coulance_message"), {"message": long})
    text = response.content.decode()
    assert response.status_code == 409
    assert "1032 tekens" in text
    assert "x" * 30 in text, "nothing that was written is lost"
    assert not CaseMessage.objects.exists()
    exactly = "Regel\r\n" * 166 + "abcd"
    assert guest.post(address(invoice, "coulance_message"), {"message": exactly}).status_code == 303


def test_stopping_gives_the_full_amount_and_fourteen_days(guest, invoice):
    checked(guest, invoice)
    prove(guest, invoice)
    assert guest.get(address(invoice, "coulance_stop")).status_code == 200
    assert case_of(invoice).status == Status.AT_PROVIDER
    assert guest.post(address(invoice, "coulance_stop")).status_code == 303
    assert case_of(invoice).status == Status.WITHDRAWN
    view = look_at(invoice.token, today=timezone.localdate())
    assert view.can_pay
    assert view.due_on >= timezone.localdate() + timedelta(days=14)
    assert not Specification.objects.exclude(stored_name="").exists()
    mail = OutboxMessage.objects.get(kind="coulance_withdrawn")
    assert "gewist" in mail.text
    assert guest.post(address(invoice, "coulance_stop")).status_code == 409


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_state_has_its_page(guest, invoice, status, language):
    guest.cookies["language"] = language
    CoulanceCase.objects.update(status=status, closed_at=timezone.now())
    text = page(guest, invoice)
    ended = status in (Status.EXPIRED, Status.WITHDRAWN)
    assert text.count('aria-current="step"') == (not ended), "no step is called done that was not taken"
    assert ("#send" in text or 'id="send"' in text) == (status not in (Status.EXPIRED, Status.WITHDRAWN))


class TestAfterADecision:
    """What the page says once the amount was lowered and something new came in."""

    NEW = hostile.picture("PNG", (9, 9))

    @pytest.fixture
    def lowered(self, invoice):
        CoulanceCase.objects.update(status=Status.AT_PROVIDER, provider_since=timezone.now())
        case = case_of(invoice)
        outcome = amounts.by_hand(Decimal("200.00"), new_due=Decimal("150.00"))
        decisions.approve(case, outcome=outcome, reason=REASON, version=0, by=staff_of(case))
        return case

    def test_a_pause_for_something_else_does_not_call_the_amount_undecided(self, guest, invoice, lowered):
        place_hold(invoice, Hold.STAFF, by="staff:els")
        text = guest.get(address(invoice, "invoice")).content.decode()
        assert "Misschien verlaagt uw zorgaanbieder het bedrag" not in text
        assert "U hoeft nu niets te doen" in text
        assert address(invoice) in text, "what happened with coulance can still be seen"

    def test_both_pauses_show_the_way_to_coulance_whichever_came_first(self, guest, invoice):
        place_hold(invoice, Hold.STAFF, by="staff:els")
        Hold.objects.filter(reason=Hold.STAFF).update(placed_at=timezone.now() - timedelta(days=3))
        text = guest.get(address(invoice, "invoice")).content.decode()
        assert "Misschien verlaagt uw zorgaanbieder het bedrag" in text
        assert text.count(f'href="{address(invoice)}"') == 1

    def test_the_page_says_not_to_pay_only_while_the_invoice_is_on_hold(self, guest, invoice, lowered):
        assert "U hoeft niets te betalen" not in page(guest, invoice)
        assert address(invoice, "pay") in guest.get(address(invoice, "invoice")).content.decode()
        assert send(guest, invoice, b"%PDF-1.7\n").status_code == 409, "a stranger opens no case again"
        assert f"{address(invoice, 'code')}?verder=" in page(guest, invoice)
        assert address(invoice, "pay") in guest.get(address(invoice, "invoice")).content.decode()
        prove(guest, invoice)
        send(guest, invoice, b"%PDF-1.7\n")
        text = page(guest, invoice)
        assert "Betaal nog niet" in text
        assert "Naar de rekening" not in text
        assert address(invoice, "pay") not in guest.get(address(invoice, "invoice")).content.decode()
        specifications.check(Specification.objects.get().pk)
        assert "Betaal nog niet, en vraag" not in page(guest, invoice)
        assert address(invoice, "pay") in guest.get(address(invoice, "invoice")).content.decode()

    @pytest.mark.parametrize("language", ["nl", "en"])
    def test_stopping_keeps_the_earlier_decision(self, guest, invoice, lowered, language):
        prove(guest, invoice)
        guest.cookies["language"] = language
        send(guest, invoice, self.NEW)
        specifications.check(Specification.objects.get().pk)
        whole = "hele bedrag" if language == "nl" else "full amount"
        stands = "eerdere beslissing" if language == "nl" else "earlier decision"
        for url in (address(invoice), address(invoice, "coulance_stop")):
            text = guest.get(url).content.decode()
            assert stands in text
            assert "You pay the" not in text
            assert f"Ik betaal het {whole}" not in text
        text = guest.post(address(invoice, "coulance_stop"), follow=True).content.decode()
        assert stands in text
        assert case_of(invoice).status == Status.ADJUSTED
