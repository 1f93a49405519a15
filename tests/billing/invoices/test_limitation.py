"""Dunning stops by itself when a claim is past enforcing, and staff see the day before."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing import ledger
from billing.invoices import limitation, schedule
from billing.models import LedgerTransaction, PaymentPlan, ReminderStep, StaffTask
from tests import factories
from tests.billing.invoices.schedule_walk import DUE, MONDAY, NOTICED, at, live, new_invoice, pay, reasons, sent, until

pytestmark = pytest.mark.django_db
FIVE_YEARS = DUE.replace(year=2031)


@pytest.fixture(autouse=True)
def _by_day(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


@pytest.mark.parametrize(("goods", "last"), [(False, FIVE_YEARS), (True, DUE.replace(year=2028))])
def test_a_claim_past_enforcing_gets_no_letter_and_is_left_to_a_person(goods, last):
    invoice = until(new_invoice(for_goods=goods), MONDAY)
    assert limitation.last_day(invoice) == last
    before = len(sent())
    live(last + timedelta(days=2))  # a Thursday, a Monday
    assert reasons(invoice, ReminderStep.Status.DROPPED)[-1] == (ReminderStep.Step.REMINDER, "limitation")
    assert (StaffTask.objects.get().kind, len(sent())) == (StaffTask.Kind.PAST_ENFORCING, before)
    live(last + timedelta(days=30))
    assert len(sent()) == before, "nothing follows by itself"


def test_on_the_last_day_a_letter_may_still_go():
    invoice = until(new_invoice(), MONDAY)
    live(FIVE_YEARS)
    assert sent(invoice)[-1] == ("reminder", str(FIVE_YEARS))
    assert not limitation.is_over(invoice, today=FIVE_YEARS)
    assert limitation.is_over(invoice, today=FIVE_YEARS + timedelta(days=1))


def test_a_demand_begins_the_term_anew_and_a_void_one_does_not():
    invoice = until(new_invoice(), NOTICED)
    delivered = NOTICED + timedelta(days=1)
    assert limitation.last_day(invoice) == delivered.replace(year=2031)
    schedule.void_final_notice(ledger.lock_invoice(invoice.pk), "bounced")
    assert limitation.last_day(invoice) == FIVE_YEARS


def test_a_pause_of_ours_moves_the_day_to_pay_but_not_the_limitation():
    invoice = until(new_invoice(), MONDAY)
    schedule.interrupt(ledger.lock_invoice(invoice.pk), due_on=DUE + timedelta(days=200), today=MONDAY)
    invoice.refresh_from_db()
    assert (invoice.due_on, limitation.last_day(invoice)) == (DUE + timedelta(days=200), FIVE_YEARS)


def test_payments_and_plans_of_the_patient_acknowledge_the_claim():
    invoice = until(new_invoice(), MONDAY)
    pay(invoice, "10.00", date(2027, 1, 4))
    assert limitation.last_day(invoice) == date(2032, 1, 4)
    kind = LedgerTransaction.Kind.CHARGEBACK
    locked = ledger.lock_invoice(invoice.pk)
    ledger.post(locked, kind, Decimal("10.00"), external_id="back", occurred_at=at(date(2027, 2, 1)), by="test")
    assert limitation.last_day(invoice) == FIVE_YEARS, "the bank took it back"
    plan = PaymentPlan.objects.create(
        invoice=invoice,
        kind=PaymentPlan.Kind.DEFERRAL,
        total=ledger.outstanding(invoice.pk),
        agreed_at=at(date(2027, 3, 1)),
        agreed_by="patient",
    )
    assert limitation.last_day(invoice) == date(2032, 3, 1)
    PaymentPlan.objects.filter(pk=plan.pk).update(status=PaymentPlan.Status.UNDONE)
    assert limitation.last_day(invoice) == FIVE_YEARS


def test_what_the_insurer_paid_acknowledges_nothing():
    invoice = factories.invoice(insurer_paid="50.00", issued_on=MONDAY, due_on=DUE)
    assert limitation.last_day(invoice) == FIVE_YEARS
