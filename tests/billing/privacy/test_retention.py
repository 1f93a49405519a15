"""Data retention: what is past its term is erased, and nothing else."""

from datetime import date, timedelta

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from billing import audit, ledger
from billing.documents import full_invoice
from billing.errors import Refused
from billing.invoices import references
from billing.invoices.state import look_at
from billing.ledger.verification import discrepancies
from billing.models import (
    AccessChain,
    AccessEvent,
    AuditEvent,
    CareDetail,
    Hold,
    Invoice,
    InvoiceDocument,
    InvoicePayer,
    LedgerTransaction,
    Letter,
    OutboxMessage,
    Patient,
    Payment,
    Posting,
    ReminderStep,
    StaffNote,
    StaffTask,
    WebhookCall,
)
from billing.outbox import delivery
from billing.privacy import access_log, retention
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
Kind, Status = LedgerTransaction.Kind, OutboxMessage.Status
THIS_YEAR = timezone.localdate().year
LAST_DAY, FIRST_DAY = date(THIS_YEAR + 7, 12, 31), date(THIS_YEAR + 8, 1, 1)  # of what is booked now


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def settled(**fields) -> Invoice:
    invoice = factories.invoice(**fields)
    with transaction.atomic():
        entry = {"external_id": f"test-{invoice.pk}", "occurred_at": timezone.now(), "by": "test"}
        ledger.post(ledger.lock_invoice(invoice.pk), Kind.REDUCTION, -ledger.balance(invoice.pk), **entry)
    invoice.refresh_from_db()
    assert invoice.settled_at
    return invoice


def message(invoice, **fields) -> OutboxMessage:
    count = OutboxMessage.objects.count()
    return OutboxMessage.objects.create(
        **{
            "kind": "receipt", "invoice": invoice, "language": "nl", "recipient": "j@post.example",
            "subject": "Uw rekening", "text": "Beste J. de Vries", "html": "<p>Beste</p>", "calendar": "BEGIN",
            "dedupe_key": f"x:{count}", "status": Status.SENT, "sent_at": timezone.now(), "message_id": f"<{count}@x>",
        } | fields
    )  # fmt: skip


def everything() -> dict:
    """Return all rows of the tables that retention touches, for a later comparison."""
    models = (
        Patient,
        Invoice,
        CareDetail,
        InvoiceDocument,
        LedgerTransaction,
        Posting,
        OutboxMessage,
        Hold,
        StaffTask,
        WebhookCall,
    )
    return {model.__name__: sorted(map(repr, model.objects.values_list())) for model in models}


class TestInvoices:
    def test_seven_years_after_the_year_of_the_last_movement_and_not_a_day_before(self):
        invoice = settled()
        before = everything()
        assert retention.erase_invoices(LAST_DAY) == {"invoices": 0, "documents": 0, "patients": 0}
        assert everything() == before
        assert retention.erase_invoices(FIRST_DAY)["invoices"] == 1
        invoice.refresh_from_db()
        assert invoice.erased_at

    def test_what_identifies_patient_or_care_is_erased_and_the_amounts_stay(self):
        invoice = settled()
        full_invoice.invoice_pdf(invoice, language="nl")
        stored = InvoiceDocument.objects.get().name
        mail = message(invoice, status=Status.FAILED, error="550 j@post.example unknown")
        released = {"released_at": timezone.now(), "released_by": "test"}
        Hold.objects.create(invoice=invoice, reason=Hold.STAFF, placed_by="x", **released)
        InvoicePayer.objects.create(invoice=invoice, name="M. Moeder", email="moeder@post.example")
        audit.record("dunning_resumed", by="x", invoice=invoice, written="mevrouw belde")
        entries = list(Posting.objects.order_by("pk").values())
        number = invoice.patient.number

        with TestCaseCommits():
            counts = retention.erase_invoices(FIRST_DAY)
        assert counts == {"invoices": 1, "documents": 1, "patients": 1}
        patient = Patient.objects.get()
        contact = (patient.initials, patient.infix, patient.surname, patient.email, str(patient.mobile), patient.street)
        assert set(contact) | {patient.house_number, patient.postcode, patient.city, patient.country} == {""}
        assert bytes(patient.sealed_identity) == b""
        assert patient.number != number
        assert not CareDetail.objects.exists()
        assert not InvoicePayer.objects.exists()
        assert not InvoiceDocument.objects.exists()
        assert not storages["default"].exists(stored)
        mail.refresh_from_db()
        assert (mail.recipient, mail.subject, mail.text, mail.html, mail.calendar, mail.error) == ("",) * 6
        assert not StaffNote.objects.exists()
        assert list(Posting.objects.order_by("pk").values()) == entries
        assert list(discrepancies()) == []
        assert AuditEvent.objects.filter(action="invoice_erased", invoice=invoice).count() == 1

    def test_doing_it_again_changes_nothing(self):
        settled()
        retention.erase_invoices(FIRST_DAY)
        before = everything()
        assert retention.erase_invoices(FIRST_DAY)["invoices"] == 0
        assert everything() == before

    def test_a_patient_stays_while_one_invoice_does(self):
        old = settled()
        open_one = factories.invoice(patient=old.patient)
        kept = CareDetail.objects.get(invoice=open_one).lines
        assert retention.erase_invoices(FIRST_DAY) == {"invoices": 1, "documents": 0, "patients": 0}
        patient = Patient.objects.get()
        assert patient.surname == "Vries"
        assert patient.identity["insured_number"]
        assert [row.invoice_id for row in CareDetail.objects.all()] == [open_one.pk]
        assert CareDetail.objects.get().lines == kept

    @pytest.mark.parametrize("busy", ["open", "credit", "hold", "item", "payment", "message"])
    def test_nothing_is_erased_while_something_is_pending(self, busy):
        invoice = factories.invoice() if busy == "open" else settled()
        if busy == "credit":
            entry = {"external_id": "tr_more", "occurred_at": timezone.now(), "by": "test"}
            ledger.post(ledger.lock_invoice(invoice.pk), Kind.REDUCTION, factories.Decimal("-5.00"), **entry)
        elif busy == "hold":
            Hold.objects.create(invoice=invoice, reason=Hold.STAFF, placed_by="test")
        elif busy == "item":
            StaffTask.objects.create(kind=StaffTask.Kind.SURPLUS, invoice=invoice, dedupe_key="x")
        elif busy == "payment":
            tokens = {name: name for name in ("token", "webhook_token", "idempotency_key")}
            Payment.objects.create(invoice=invoice, amount=factories.Decimal("1.00"), status="open", **tokens)
        elif busy == "message":
            message(invoice, status=Status.QUEUED, sent_at=None)
        before = everything()
        assert retention.erase_invoices(FIRST_DAY)["invoices"] == 0
        assert everything() == before

    def test_a_withdrawn_invoice_is_erased_too(self):
        invoice = factories.invoice()
        Invoice.objects.filter(pk=invoice.pk).update(withdrawn_at=timezone.now())
        assert retention.erase_invoices(FIRST_DAY)["invoices"] == 1

    def test_guests_no_longer_find_it(self):
        invoice = settled()
        retention.erase_invoices(FIRST_DAY)
        assert references.find_by_reference(invoice.payment_reference) is None
        assert not references.is_open_to_guests(invoice.token)
        assert look_at(invoice.token, today=FIRST_DAY) is None

    def test_one_run_erases_more_than_a_chunk(self, monkeypatch):
        monkeypatch.setattr(retention, "CHUNK", 2)
        who = factories.patient()
        for _ in range(5):
            settled(patient=who)
        assert retention.erase_invoices(FIRST_DAY) == {"invoices": 5, "documents": 0, "patients": 1}

    def test_the_keys_can_be_changed_afterwards(self, settings):
        settled()
        retention.erase_invoices(FIRST_DAY)
        settings.FIELD_KEYS = f"2:{'B' * 43}=,{settings.FIELD_KEYS}"
        call_command("rotate_field_keys", verbosity=0)


class TestMessages:
    def later(self, days=180):
        return timezone.localdate() + timedelta(days=days + 1)

    def test_the_text_is_erased_and_the_row_stays(self):
        sent, withdrawn = message(settled()), message(settled(), status=Status.CANCELED, sent_at=None, error="paid")
        assert retention.erase_messages(self.later()) == 2
        for row in (sent, withdrawn):
            before = (row.kind, row.status, row.sent_at, row.dedupe_key, row.message_id, row.error)
            row.refresh_from_db()
            assert (row.recipient, row.subject, row.text, row.html, row.calendar) == ("",) * 5
            assert row.erased_at
            assert (row.kind, row.status, row.sent_at, row.dedupe_key, row.message_id, row.error) == before
        assert retention.erase_messages(self.later()) == 0

    @pytest.mark.parametrize("status", [Status.QUEUED, Status.SENDING, Status.FAILED, Status.IN_DOUBT])
    def test_what_may_still_be_sent_stays(self, status):
        message(settled(), status=status)
        assert retention.erase_messages(self.later()) == 0

    def test_nothing_is_erased_before_its_term(self):
        message(settled())
        assert retention.erase_messages(self.later(178)) == 0

    def test_a_letter_is_evidence_while_something_is_owed(self):
        """Also a letter about several invoices, of which the message refers only to the first."""
        paid, owed = settled(), factories.invoice()
        message(owed)
        told = message(paid)
        letter = Letter.objects.create(
            patient=paid.patient, step=3, made_on=timezone.localdate(), message=told, principal=ledger.ZERO
        )
        for invoice in (paid, owed):
            ReminderStep.objects.create(
                invoice=invoice, step=3, due_on=invoice.due_on, planned_on=invoice.due_on, status="taken", letter=letter
            )
        assert retention.erase_messages(self.later()) == 0

    def test_an_erased_message_can_not_be_sent_again(self):
        row = message(settled(), status=Status.FAILED, erased_at=timezone.now())
        with pytest.raises(Refused, match="gewist"):
            delivery.send_again(row, by="test")


def test_processed_webhook_calls_are_deleted():
    tokens = {name: name for name in ("token", "webhook_token", "idempotency_key")}
    payment = Payment.objects.create(invoice=settled(), amount=factories.Decimal("1.00"), status="paid", **tokens)
    now = timezone.now()
    for done_at in (now - timedelta(days=92), now - timedelta(days=88), None):
        WebhookCall.objects.create(
            payment=payment, mollie_id="tr_x", done_at=done_at, received_at=now - timedelta(days=99)
        )
    assert retention.delete_webhook_calls(timezone.localdate()) == 1
    assert WebhookCall.objects.count() == 2
    assert Payment.objects.count() == 1


class TestAccessLog:
    """Events are kept for five years, and the remaining chain can still be verified."""

    BEFORE = timezone.now() - timedelta(days=5 * 366)

    def look(self, *, years=0, invoice=None):
        return access_log.record(
            AccessEvent.Act.READ, invoice=invoice, who="patient", role=AccessEvent.Role.PATIENT, data="invoice.pdf",
            grounds="sms-code", organisation="11012345", now=timezone.now() - timedelta(days=366 * years),
        )  # fmt: skip

    def test_older_events_are_pruned_and_the_chain_stays_intact(self, capsys):
        for years in (7, 6, 6, 1, 0):
            self.look(years=years)
        assert access_log.prune(before=self.BEFORE) == 3
        assert list(AccessEvent.objects.values_list("sequence", flat=True)) == [4, 5]
        assert access_log.prune(before=self.BEFORE) == 0
        self.look()
        call_command("verify_access_log")
        assert "whole: 3 events" in capsys.readouterr().out
        told = AuditEvent.objects.get(action="access_log_pruned").details
        assert (told["through"], told["digest"]) == (3, AccessChain.objects.get().pruned_digest)

    def test_a_log_of_which_everything_went_begins_where_it_ended(self):
        self.look(years=6)
        access_log.prune(before=self.BEFORE)
        assert AccessEvent.objects.count() == 0
        assert list(access_log.breaks()) == []
        assert self.look().sequence == 2
        assert list(access_log.breaks()) == []

    def test_an_old_event_behind_a_young_one_stays(self):
        self.look()
        self.look(years=6)
        assert access_log.prune(before=self.BEFORE) == 0

    def test_in_chunks(self, monkeypatch):
        monkeypatch.setattr(access_log, "CHUNK", 2)
        for _ in range(5):
            self.look(years=6)
        assert access_log.prune(before=self.BEFORE) == 5
        assert list(access_log.breaks()) == []

    @pytest.mark.parametrize("act", ["update", "delete"])
    def test_the_database_refuses_what_is_younger(self, act):
        self.look(years=4)
        events = AccessEvent.objects.all()
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            events.update(who="nobody") if act == "update" else events._raw_delete(events.db)
        assert list(discrepancies()) == []  # the guards exist under their names

    def test_the_database_refuses_to_change_an_old_one_too(self):
        self.look(years=6)
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            AccessEvent.objects.update(who="nobody")

    def test_removing_old_events_without_saying_so_shows(self):
        for years in (7, 6, 0):
            self.look(years=years)
        found = AccessEvent.objects.filter(sequence=1)
        found._raw_delete(found.db)
        with pytest.raises(CommandError, match="NOT whole"):
            call_command("verify_access_log")

    def test_a_broken_log_is_evidence_and_stays(self, caplog):
        for _ in range(3):
            self.look(years=6)
        found = AccessEvent.objects.filter(sequence=2)
        found._raw_delete(found.db)
        assert access_log.prune(before=self.BEFORE) == 0
        assert AccessEvent.objects.count() == 2
        assert "broken" in caplog.text

    def test_a_false_end_of_what_was_pruned_shows(self):
        for years in (6, 0):
            self.look(years=years)
        access_log.prune(before=self.BEFORE)
        AccessChain.objects.update(pruned_digest="f" * 64)
        with pytest.raises(CommandError, match="NOT whole"):
            call_command("verify_access_log")


@pytest.mark.parametrize("day", [28, 29])
def test_a_leap_day_has_years_before_it(day):
    assert retention._years_before(date(2028, 2, day), 5) == date(2023, 2, 28)


def test_one_run_counts_everything():
    settled()
    assert retention.run_day(FIRST_DAY) == {
        "webhook_calls": 0, "message_texts": 0, "access_events": 0, "invoices": 1, "documents": 0, "patients": 1,
    }  # fmt: skip


class TestCaseCommits:
    """Run the on-commit callbacks, which the transaction of a test never does."""

    def __enter__(self):
        self._first = len(connection.run_on_commit)

    def __exit__(self, *failure):
        for _sids, run, _robust in connection.run_on_commit[self._first :]:
            run()
