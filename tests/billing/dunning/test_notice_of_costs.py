"""The notice of costs and interest: what it says, when it is not sent, and never twice."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing import ledger
from billing.dunning import planning, staff_acts
from billing.invoices import holds, schedule
from billing.models import Hold, Invoice, Letter, OutboxMessage, PaymentPlan, ReminderStep
from billing.outbox import delivery
from billing.plans import agreements
from tests import factories
from tests.billing.invoices.schedule_walk import (
    COSTS_ON,
    FINAL_ON,
    NOTICED,
    Step,
    at,
    charged,
    kinds,
    live,
    live_through,
    new_invoice,
    pay,
    until,
)
from tests.billing.plans.test_plan_days import sent as mark_sent

pytestmark = pytest.mark.django_db
Status = ReminderStep.Status
STAFF = "staff:els"


@pytest.fixture(autouse=True)
def _by_day(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


def the_notice() -> OutboxMessage:
    return OutboxMessage.objects.get(kind="notice_of_costs")


def text_of(mail: OutboxMessage) -> str:
    return " ".join(mail.text.replace("\xa0", " ").split())


def costs_in_an_earlier_letter(invoice: Invoice) -> None:
    """Let the 14-day letter of `invoice` announce no costs of its own."""
    Letter.objects.filter(steps__invoice=invoice, step=Step.FINAL_NOTICE).update(costs_announced=Decimal(0))


# --- what it says -----------------------------------------------------------------------------------


def test_costs_and_interest_are_both_named():
    until(new_invoice(), COSTS_ON)
    mail = the_notice()
    assert mail.subject == "Er zijn kosten bij uw rekening gekomen"
    assert "Incassokosten: € 40,00" in text_of(mail)
    assert "Wettelijke rente: € 0,30" in text_of(mail)  # from the day after the reminder's last day, 20 April
    assert "eerst de kosten, dan de rente en dan de rekening" in text_of(mail)


@pytest.mark.parametrize(("language", "subject"), [("nl", "rente bij uw rekening"), ("en", "Interest was added")])
def test_interest_alone_is_not_called_costs(language, subject):
    invoice = until(new_invoice(patient=factories.patient(language=language)), NOTICED)
    costs_in_an_earlier_letter(invoice)
    until(invoice, COSTS_ON)
    mail = the_notice()
    assert subject in mail.subject
    notice = text_of(mail).partition("Bent u het er niet mee eens?")[0].partition("Do you disagree?")[0]
    assert "0.30" in notice.replace(",", ".")
    for word in ("kosten", "osts"):
        assert word not in mail.subject + notice
    assert set(charged(invoice)) == {"interest"}


def test_with_nothing_booked_nothing_is_sent_and_the_last_letter_comes_in_its_time(settings):
    settings.DUNNING_FROM_AMOUNT = settings.COSTS_FROM_REST = Decimal(0)
    invoice = until(new_invoice(amount="0.50"), NOTICED)
    costs_in_an_earlier_letter(invoice)
    until(invoice, COSTS_ON)
    assert charged(invoice) == {}
    assert "notice_of_costs" not in kinds()
    step = ReminderStep.objects.get(invoice=invoice, step=Step.NOTICE_OF_COSTS)
    assert (step.status, step.reason) == (Status.TAKEN, "nothing_booked")
    live_through(COSTS_ON, COSTS_ON + timedelta(days=2))
    assert kinds().count("final") == 1
    text = text_of(OutboxMessage.objects.get(kind="final"))
    assert "Incassokosten" not in text


# --- never a second time for the same costs ---------------------------------------------------------


def agree_and_break(invoice: Invoice, *, on: date) -> date:
    """Agree on installments, pay none, and send the one free reminder; return the day the plan ended."""
    first_on = on + timedelta(days=7)
    agreed = agreements.agree_installments(invoice.pk, count=2, first_on=first_on, by="guest", today=on)
    missed_on = schedule.reminder_on(first_on)
    agreements.run_day(missed_on)
    mark_sent("installment_missed", on=missed_on)
    broken_on = missed_on + timedelta(days=12)
    agreements.run_day(broken_on)
    assert PaymentPlan.objects.get(pk=agreed.pk).status == PaymentPlan.Status.BROKEN
    return broken_on


def test_after_a_broken_plan_no_second_notice_of_costs_and_the_last_letter_names_them():
    invoice = until(new_invoice(), COSTS_ON)
    broken_on = agree_and_break(invoice, on=COSTS_ON + timedelta(days=1))
    live_through(broken_on, broken_on + timedelta(days=25))
    assert kinds().count("notice_of_costs") == 1
    assert charged(invoice)["costs"] == Decimal("40.00")
    assert "Incassokosten: € 40,00" in text_of(OutboxMessage.objects.get(kind="final"))
    final = Letter.objects.get(step=Step.FINAL)
    assert final.sent_on >= broken_on + timedelta(days=21), "two weeks to pay, and nobody gets the next letter at once"


@pytest.mark.parametrize("followed", [True, False], ids=["its sending was seen", "just sent"])
def test_after_a_pause_no_second_notice_of_costs(followed):
    invoice = until(new_invoice(), COSTS_ON)
    if not followed:
        letter = Letter.objects.filter(step=Step.NOTICE_OF_COSTS)
        letter.update(sent_on=None, delivered_on=None)
        ReminderStep.objects.filter(letter__in=letter).update(status=Status.COMPOSED)
    schedule.interrupt(ledger.lock_invoice(invoice.pk), due_on=COSTS_ON + timedelta(days=14), today=COSTS_ON)
    live_through(COSTS_ON, COSTS_ON + timedelta(days=30))
    assert kinds().count("notice_of_costs") == 1
    assert kinds().count("final") == 1


def test_costs_booked_without_a_notice_get_one_after_the_pause():
    invoice = until(new_invoice(), COSTS_ON - timedelta(days=1))
    planning.run_day(COSTS_ON)
    planning.sweep(now=at(COSTS_ON))
    holds.place_hold(invoice, Hold.STAFF, by=STAFF)
    live(COSTS_ON)
    assert kinds(status="canceled") == ["notice_of_costs"]
    due_on = COSTS_ON + timedelta(days=14)
    holds.release_hold(invoice, Hold.STAFF, by=STAFF, due_on=due_on, today=COSTS_ON)
    live_through(COSTS_ON, COSTS_ON + timedelta(days=21))
    assert kinds(status="sent").count("reminder") == 2, "the free reminder comes first"
    live_through(COSTS_ON + timedelta(days=22), COSTS_ON + timedelta(days=40))
    assert kinds(status="sent").count("notice_of_costs") == 1
    assert charged(invoice)["costs"] == Decimal("40.00")


def test_costs_paid_before_the_notice_get_none():
    invoice = until(new_invoice(), COSTS_ON - timedelta(days=1))
    planning.run_day(COSTS_ON)
    planning.sweep(now=at(COSTS_ON))
    pay(invoice, "60.00", COSTS_ON)
    live(COSTS_ON)
    assert "notice_of_costs" not in kinds(status="sent")


def test_a_bounced_14_day_letter_voids_the_letter_built_on_it():
    """Sent again in full, it gets its own term and its own costs: the last letter is not sent in the meantime."""
    invoice = until(new_invoice(), COSTS_ON)
    live_through(COSTS_ON + timedelta(days=1), FINAL_ON - timedelta(days=1), every=7)
    delivery.report_bounce(OutboxMessage.objects.get(kind="final_notice"), by=STAFF)
    assert ledger.balance(invoice.pk) == Decimal("100.00")
    invoice.refresh_from_db()
    staff_acts.resume(invoice, by=STAFF, note="nieuw adres", today=FINAL_ON)
    again_on = FINAL_ON + timedelta(days=8)
    live_through(FINAL_ON, again_on + timedelta(days=14))
    assert kinds(status="sent").count("final_notice") == 2
    assert "final" not in kinds()
    live_through(again_on + timedelta(days=15), again_on + timedelta(days=30))
    assert kinds(status="sent").count("notice_of_costs") == 2
    assert ledger.balance(invoice.pk) > Decimal("140.00")
