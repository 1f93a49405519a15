"""Reducing an invoice after collection costs and interest were charged."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing import ledger
from billing.adjustments import charges, reductions
from billing.invoices import schedule
from billing.models import LedgerTransaction, ReminderStep, StaffTask
from tests.billing.invoices.schedule_walk import (
    COSTS_ON,
    FINAL_ON,
    NOTICED,
    Step,
    at,
    charged,
    kinds,
    live_through,
    new_invoice,
    pay,
    reasons,
    until,
)

pytestmark = pytest.mark.django_db
Status = ReminderStep.Status
NOW = at(COSTS_ON + timedelta(days=1))
D = Decimal
BUILT = [Step.FINAL_NOTICE, Step.NOTICE_OF_COSTS]


@pytest.fixture
def invoice(sink, settings):
    """Create an invoice of € 1000 with € 150 of costs and € 2.96 of interest."""
    settings.NOTICE_HOURS = (7, 22)
    found = until(new_invoice(amount="1000.00"), COSTS_ON)
    assert charged(found) == {"costs": D("150.00"), "interest": D("2.96")}
    return found


def lower(invoice, total, event="one"):
    locked = ledger.lock_invoice(invoice.pk)
    return reductions.reduce_to(locked, D(total), external_id=event, by="test", now=NOW)


def surplus():
    return list(StaffTask.objects.filter(kind="surplus", closed_at=None).values_list("note", flat=True))


@pytest.mark.parametrize(("lowered_by", "left"), [("1000.00", "0.00"), ("900.00", "100.00")])
def test_what_a_claim_cost_falls_with_the_claim(invoice, lowered_by, left):
    """They were computed over an amount that was never owed, so they were never lawfully due (6:96 BW)."""
    assert lower(invoice, lowered_by) == D("0.00")
    assert ledger.balance(invoice.pk) == D(left)
    assert sum(charged(invoice).values()) == D("0.00")
    assert invoice.audit_events.filter(action="charges_waived").count() == 1


def test_the_letters_that_named_them_are_void_and_no_last_letter_follows(invoice):
    lower(invoice, "900.00")
    assert reasons(invoice, Status.VOID) == [(step, "lowered") for step in BUILT]
    invoice.refresh_from_db()
    assert invoice.next_step == Step.FINAL_NOTICE, "what is left gets a 14-day letter of its own"
    live_through(COSTS_ON + timedelta(days=1), FINAL_ON + timedelta(days=3), every=2)
    assert "final" not in kinds()
    assert kinds(status="sent").count("final_notice") == 2
    assert ledger.balance(invoice.pk) == D("100.00")


def test_lowered_to_nothing_nothing_more_is_sent(invoice):
    lower(invoice, "1000.00")
    before = kinds()
    live_through(COSTS_ON + timedelta(days=1), FINAL_ON + timedelta(days=30), every=7)
    assert kinds() == before
    invoice.refresh_from_db()
    assert invoice.settled_at


def test_paid_costs_become_credit_with_one_staff_task(invoice):
    pay(invoice, "1152.96", COSTS_ON)
    assert lower(invoice, "900.00") == D("1052.96")
    assert surplus() == ["1052.96"]


def test_reversing_a_reduction_keeps_the_charges_over_the_remainder(invoice):
    lower(invoice, "200.00")
    locked = ledger.lock_invoice(invoice.pk)
    ledger.post(locked, LedgerTransaction.Kind.COSTS, D("120.00"), external_id="later", occurred_at=NOW, by="test")
    lower(invoice, "100.00", "two")
    assert ledger.balance(invoice.pk) == D("1020.00")


def test_without_costs_no_letter_is_touched(sink, settings):
    settings.NOTICE_HOURS = (7, 22)
    invoice = until(new_invoice(amount="1000.00"), NOTICED)
    lower(invoice, "200.00")
    assert reasons(invoice, Status.VOID) == []
    assert charges.take_off(invoice, by="test", note="") == D("0.00")
    assert schedule.earliest_after(invoice.reminder_steps.get(step=Step.FINAL_NOTICE)) == COSTS_ON
