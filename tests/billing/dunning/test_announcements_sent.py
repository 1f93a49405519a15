"""The mails of announcements are checked together, and none leaves that is no longer true when it is claimed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from billing.adjustments import credit_notes
from billing.dunning import announcements
from billing.invoices import schedule
from billing.models import Invoice, OutboxMessage, StaffTask
from billing.outbox import batches, delivery
from tests.billing.dunning.test_announcements import NOW, make_all
from tests.billing.invoices.schedule_walk import MONDAY, new_invoice, pay

Change = Callable[[Invoice], object]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture(autouse=True)
def _by_day(settings):
    settings.NOTICE_HOURS = (7, 22)


def after_the_look(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let `act` happen once, after a batch was looked at and before one of it is claimed."""
    read, done = batches.read, []

    def read_and_act(*given: Any) -> Any:
        batch = read(*given)
        if not done:
            with transaction.atomic():
                done.append(act())
        return batch

    monkeypatch.setattr(batches, "read", read_and_act)


def test_a_mail_takes_two_statements_and_no_transaction(sink):
    counts = []
    for amount in (1, 7):
        for _ in range(amount):
            new_invoice()
        make_all()
        with CaptureQueriesContext(connection) as queries:
            assert not delivery.sweep(now=NOW)
        counts.append(len(queries))
    assert counts[1] - counts[0] == 6 * 2
    assert len(sink.mails) == 8


CHANGES: dict[str, Change] = {
    "paid": lambda one: pay(one, "100.00", on=MONDAY),
    "changed": lambda one: pay(one, "0.01", on=MONDAY),
    "spared": lambda one: schedule.stop_for_good(one, "spared"),
    "withdrawn": lambda one: Invoice.objects.filter(pk=one.pk).update(withdrawn_at=NOW),
}


@pytest.mark.parametrize("why", CHANGES)
def test_what_changes_after_the_look_still_stops_the_mail(why, sink, monkeypatch):
    changed, other = new_invoice(amount="100.00"), new_invoice()
    make_all()
    after_the_look(monkeypatch, lambda: CHANGES[why](changed))
    delivery.sweep(now=NOW)
    message = OutboxMessage.objects.get(invoice=changed)
    assert (message.status, message.error) == ("canceled", why)
    assert OutboxMessage.objects.get(invoice=other).status == "sent"
    assert len(sink.mails) == 1


@pytest.mark.parametrize("why", CHANGES)
def test_twin_without_the_condition_it_leaves(why, sink, monkeypatch):
    changed = new_invoice(amount="100.00")
    make_all()
    monkeypatch.setattr(announcements, "_as_composed", Q)
    after_the_look(monkeypatch, lambda: CHANGES[why](changed))
    delivery.sweep(now=NOW)
    assert len(sink.mails) == 1


def test_a_claim_that_waited_for_a_credit_note_does_not_go_by_what_was_true_before(sink, monkeypatch):
    """PostgreSQL sees the other tables as they were when it began to wait; and the note told nobody of anything."""
    invoice = new_invoice(amount="100.00")
    make_all()
    monkeypatch.setattr(announcements, "_as_composed", Q)
    note = credit_notes.NewCreditNote(number="C-1", issued_on=MONDAY, reason="dubbel")
    after_the_look(monkeypatch, lambda: credit_notes.take(invoice, note, by="test"))
    delivery.sweep(now=NOW)
    message = OutboxMessage.objects.get(invoice=invoice)
    assert (message.status, message.error, sink.mails) == ("canceled", "withdrawn", [])


def test_of_a_mail_that_another_worker_took_nothing_is_asked(sink, monkeypatch):
    new_invoice()
    make_all()
    after_the_look(monkeypatch, lambda: OutboxMessage.objects.update(status="sending", claimed_at=NOW))
    with CaptureQueriesContext(connection) as queries:
        delivery.sweep(now=NOW)
    assert [query["sql"] for query in queries if 'FROM "billing_letter"' in query["sql"]] == []
    assert (OutboxMessage.objects.get().status, sink.mails) == ("sending", [])


def test_a_look_that_fails_keeps_no_mail_waiting(sink, monkeypatch):
    invoices = [new_invoice() for _ in range(2)]
    make_all()
    with monkeypatch.context() as broken:
        broken.setattr(announcements, "addressees", {})
        delivery.sweep(now=NOW)
    assert len(sink.mails) == len(invoices)
    task = StaffTask.objects.get(kind=StaffTask.Kind.RULE_FAILED)
    new_invoice()
    make_all()
    delivery.sweep(now=NOW)
    task.refresh_from_db()
    assert task.closed_at, "it went well since"
