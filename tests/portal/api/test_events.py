"""What happened: each thing once and in one order, also what was slow to commit."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.invoices import holds
from billing.models import Hold, Invoice, LedgerTransaction
from portal.models import ApiEvent, EventMark, WebhookDelivery
from portal.webhooks import events
from tests import factories
from tests.portal.api.program import Program
from tests.portal.intake.batches import AGB_CODE, invoice

pytestmark = pytest.mark.django_db
Status = WebhookDelivery.Status


@pytest.fixture
def program():
    events.collect()
    return Program(factories.provider(agb_code=AGB_CODE))


def paid(row, amount, event, **fields):
    when = {"occurred_at": timezone.now(), "by": "mollie"} | fields
    return ledger.post(row, LedgerTransaction.Kind.PAYMENT, -Decimal(amount), external_id=event, **when)


def types(answer):
    return [(event["type"], event["invoice"]) for event in answer.json()["items"]]


def test_what_happened_is_told_once_and_from_where_one_was(program):
    program.post("/invoices", invoice(1))
    events.collect()
    first = program.get("/events")
    assert types(first) == [("invoice.received", "2026-00001")]
    row = Invoice.objects.get()
    paid(row, "10.00", "a")
    holds.place_hold(row, Hold.STAFF, by="staff:a")
    events.collect()
    events.collect()
    then = program.get("/events", since=first.json()["next"])
    assert types(then) == [("invoice.paid", "2026-00001"), ("invoice.held", "2026-00001")]
    assert types(program.get("/events", since=then.json()["next"])) == []
    assert [row["amount"] for row in program.get("/payments").json()["items"]] == ["10.00"]
    program.post("/invoices/2026-00001/withdrawal", {"reason": "Dubbel"})
    events.collect()
    last = program.get("/events", since=then.json()["next"], limit=1)
    assert last.json()["has_more"]
    rest = types(program.get("/events", since=last.json()["next"]))
    assert ("invoice.withdrawn", "2026-00001") in rest + types(last)


def test_a_practice_reads_nothing_of_another(program):
    other = Program(factories.provider())
    other.post("/invoices", invoice(1, number="KANARIEPIET"))
    paid(Invoice.objects.get(), "5.00", "a")
    events.collect()
    assert types(program.get("/events")) == []
    assert program.get("/payments").json()["items"] == []
    since = other.get("/events").json()["next"]
    assert program.get("/events", since=since).json()["errors"][0]["parameter"] == "since"


def test_what_commits_behind_others_is_not_missed_and_not_told_twice(program):
    """A transaction that was slow: its key is lower than one that was read. The twin reads only what is newer."""
    program.post("/invoices", invoice(1))
    row = Invoice.objects.get()
    early = paid(row, "1.00", "slow")
    late = paid(row, "2.00", "fast")
    events.collect()
    ApiEvent.objects.filter(transaction=early).delete()  # as if it had not been there yet
    events.collect()
    assert ApiEvent.objects.filter(transaction=early).count() == 1
    assert ApiEvent.objects.filter(transaction=late).count() == 1
    ApiEvent.objects.filter(transaction=early).delete()
    EventMark.objects.update(settled=late.pk)  # the lag off
    events.collect()
    assert not ApiEvent.objects.filter(transaction=early).exists()


def test_what_is_old_enough_is_not_read_again(program):
    program.post("/invoices", invoice(1))
    events.collect(now=timezone.now() + events.SETTLES + timedelta(minutes=1))
    mark = EventMark.objects.get(what=events.LEDGER)
    assert mark.settled == mark.seen == LedgerTransaction.objects.latest("pk").pk


def test_before_any_program_asks_nothing_is_written():
    factories.invoice()
    assert events.collect() == 0
    assert not ApiEvent.objects.exists()
    program = Program(factories.provider())
    assert types(program.get("/events")) == []
