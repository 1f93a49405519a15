"""Payments and payouts as programs read them."""

import base64
import re
import threading
from datetime import timedelta
from decimal import Decimal
from unittest.mock import ANY

import pytest
from django.db import connection, transaction
from django.utils import timezone

from banking.models import Payout, PayoutTerms
from banking.payouts import run
from billing import ledger
from billing.invoices import holds
from billing.invoices.state import look_at
from billing.models import AccessEvent, Hold, Invoice, LedgerTransaction, PaymentPlan
from portal.api.listing import cursor_of, place_of
from portal.api.routes import money
from portal.webhooks import events
from tests import factories
from tests.billing.outbox.test_outbox_races import in_threads
from tests.portal.api.program import Program
from tests.portal.intake.batches import AGB_CODE, invoice

pytestmark = pytest.mark.django_db
Kind = LedgerTransaction.Kind
WHEN = {"occurred_at": timezone.now(), "by": "staff:a"}


@pytest.fixture
def program():
    made = Program(factories.provider(agb_code=AGB_CODE))
    made.post("/invoices", {"invoices": [invoice(1), invoice(2)]})
    return made


def book(row, kind, amount, event):
    return ledger.post(row, kind, Decimal(amount), external_id=event, occurred_at=timezone.now(), by="mollie")


def read(program, cursor="", **asked):
    """All payments from a cursor on, as an integrator reads them, and the cursor for the next time."""
    items, more = [], True
    while more:
        page = program.get("/payments", cursor=cursor, **asked).json()
        items, cursor, more = items + page["items"], page["next"], page["has_more"]
    return items, cursor


def test_payments_are_listed_with_what_went_back(program):
    one, two = Invoice.objects.order_by("pk")
    book(one, Kind.PAYMENT, "-20.00", "a")
    book(two, Kind.PAYMENT, "-5.00", "b")
    book(one, Kind.CHARGEBACK, "20.00", "c")
    ledger.reverse(two, LedgerTransaction.objects.get(external_id="b"), external_id="d", **WHEN)
    rows, _cursor = read(program, limit=1)
    assert [(row["invoice"], row["kind"], row["amount"]) for row in rows] == [
        ("2026-00001", "payment", "20.00"),
        ("2026-00002", "payment", "5.00"),
        ("2026-00001", "chargeback", "-20.00"),
        ("2026-00002", "payment", "-5.00"),
    ]
    assert rows[3]["undoes"] == rows[1]["id"]
    assert len(program.get("/payments", invoice="2026-00002").json()["items"]) == 2


def test_no_name_of_a_payment_or_event_counts_those_of_others(program):
    one, two = Invoice.objects.order_by("pk")
    for row in (one, two):
        book(row, Kind.PAYMENT, "-5.00", f"{row.pk}")
    events.collect()
    ids = [row["id"] for row in read(program)[0]]
    assert ids == [row["id"] for row in read(program)[0]]
    assert all(re.fullmatch("pay_[a-z2-7]{24}", each) for each in ids)
    assert len(set(ids)) == 2
    told = program.get("/events").json()
    assert all(re.fullmatch("evt_[A-Za-z0-9_-]{24}", event["id"]) for event in told["items"])
    sealed = cursor_of(program.key, "payments", (123_456_789, 987_654_321))
    assert b"123456789" not in base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    assert place_of(program.key, "payments", sealed, width=2) == [123_456_789, 987_654_321]


def test_who_asks_from_the_last_cursor_on_hears_of_each_payment(program, monkeypatch):
    one, two = Invoice.objects.order_by("pk")
    book(one, Kind.PAYMENT, "-20.00", "a")
    rows, cursor = read(program)
    book(two, Kind.PAYMENT, "-5.00", "b")
    then, cursor = read(program, cursor)
    assert [row["amount"] for row in then] == ["20.00", "5.00"]  # what is younger than ten minutes is told again
    assert then[0]["id"] == rows[0]["id"]
    monkeypatch.setattr(money, "SETTLES", timedelta(0))
    _rows, cursor = read(program, cursor)
    assert read(program, cursor) == ([], ANY)
    book(two, Kind.PAYMENT, "-6.00", "c")
    assert [row["amount"] for row in read(program, cursor)[0]] == ["6.00"]


def amounts_after_one_was_overtaken(program):
    """Ask while a booking has not committed yet, and again when it has; return what was told the second time."""
    one, two = Invoice.objects.order_by("pk")
    booked, asked = threading.Event(), threading.Event()
    if connection.vendor == "sqlite":  # there a transaction that writes is alone
        asked.set()

    def slow():
        with transaction.atomic():
            book(one, Kind.PAYMENT, "-20.00", "slow")
            booked.set()
            assert asked.wait(30)

    def quick():
        assert booked.wait(30)
        book(two, Kind.PAYMENT, "-5.00", "quick")
        _rows, cursor = read(program)
        asked.set()
        return cursor

    result, cursor = in_threads(slow, quick)
    assert result is None
    return [row["amount"] for row in read(program, cursor)[0]]


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_payment_that_another_booking_overtook_is_not_missed(program):
    assert amounts_after_one_was_overtaken(program) == ["20.00", "5.00"]


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_twin_from_the_last_place_that_was_seen_it_would_be(program, monkeypatch):
    monkeypatch.setattr(money, "_certain", lambda: (10**12, 0))
    assert amounts_after_one_was_overtaken(program) == []


def test_payouts_are_told_with_their_lines_to_their_own_practice(program):
    provider = program.provider
    PayoutTerms.objects.create(provider=provider, minimum=Decimal("1000.00"))
    book(Invoice.objects.first(), Kind.PAYMENT, "-20.00", "a")
    made = run.run(provider, today=timezone.localdate())
    (told,) = program.get("/payouts").json()["items"]
    assert (told["number"], told["status"], told["amount"]) == (made.number, Payout.Status.CARRIED, "0.00")
    lines = program.get(f"/payouts/{made.number}/lines").json()["items"]
    assert [(line["invoice"], line["kind"], line["amount"]) for line in lines] == [("2026-00001", "payment", "20.00")]
    other = Program(factories.provider())
    assert other.get("/payouts").json()["items"] == []
    assert other.get(f"/payouts/{made.number}/lines").status_code == 404


def test_a_look_at_a_patient_is_in_the_access_log(program):
    told = program.get("/patients/P-1").json()
    assert (told["name"], told["mobile"], told["city"]) == ("J. de Vries", "+31612345678", "Ons Dorp")
    event = AccessEvent.objects.get(data="patient by program")
    assert (event.who, event.role, event.data) == (f"api:{program.key.public_id}", "program", "patient by program")
    assert (event.organisation, event.patient.number) == (AGB_CODE, "P-1")
    before = AccessEvent.objects.count()
    assert program.get("/patients/P-9").status_code == 404
    assert AccessEvent.objects.count() == before


@pytest.mark.parametrize("state", ["open", "overdue", "plan", "on_hold", "paid", "withdrawn"])
def test_the_status_is_the_one_that_the_patient_reads(program, state):
    row = Invoice.objects.first()
    today = timezone.localdate()
    if state == "overdue":
        Invoice.objects.filter(pk=row.pk).update(
            issued_on=today - timedelta(days=60), due_on=today - timedelta(days=30)
        )
    elif state == "plan":
        PaymentPlan.objects.create(invoice=row, kind="installments", total=Decimal("28.51"), agreed_by="patient")
    elif state == "on_hold":
        holds.place_hold(row, Hold.STAFF, by="staff:a")
    elif state == "paid":
        book(row, Kind.PAYMENT, "-28.51", "a")
    elif state == "withdrawn":
        program.post(f"/invoices/{row.number}/withdrawal", {"reason": "Dubbel"})
    seen = look_at(row.token, today=today)
    told = program.get(f"/invoices/{row.number}").json()
    assert (told["status"], told["outstanding"]) == (seen.status, f"{seen.outstanding:.2f}")
    if state != "on_hold" or Hold.STAFF in seen.holds:
        assert told["status"] == state
