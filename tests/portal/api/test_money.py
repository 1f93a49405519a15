"""Payments and payouts as programs read them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from banking.models import Payout, PayoutTerms
from banking.payouts import run
from billing import ledger
from billing.invoices import holds
from billing.invoices.state import look_at
from billing.models import AccessEvent, Hold, Invoice, LedgerTransaction, PaymentPlan
from tests import factories
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


def test_payments_are_listed_with_what_went_back(program):
    one, two = Invoice.objects.order_by("pk")
    first = book(one, Kind.PAYMENT, "-20.00", "a")
    book(two, Kind.PAYMENT, "-5.00", "b")
    book(one, Kind.CHARGEBACK, "20.00", "c")
    ledger.reverse(two, LedgerTransaction.objects.get(external_id="b"), external_id="d", **WHEN)
    pages, cursor = [], ""
    while cursor is not None:
        page = program.get("/payments", limit=1, cursor=cursor).json()
        pages += page["items"]
        cursor = page["next"]
    assert [(row["invoice"], row["kind"], row["amount"]) for row in pages] == [
        ("2026-00001", "payment", "20.00"),
        ("2026-00002", "payment", "5.00"),
        ("2026-00001", "chargeback", "-20.00"),
        ("2026-00002", "payment", "-5.00"),
    ]
    assert pages[0]["id"] == f"pay_{first.pk}_{one.pk}"
    assert pages[3]["undoes"] == pages[1]["id"]
    assert len(program.get("/payments", invoice="2026-00002").json()["items"]) == 2


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
