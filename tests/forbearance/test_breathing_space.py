"""A breathing space: rest for thirty days, once in twelve months for whoever pays, and a new last day after it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing import ledger
from billing.adjustments import charges
from billing.dunning.blockers import blockers
from billing.errors import Refused
from billing.models import Hold, OutboxMessage, ReminderStep
from billing.outbox import delivery
from forbearance import breathing_space, days, export, rests, retention
from forbearance.models import Forbearance
from tests import factories
from tests.billing.conftest import sink  # noqa: F401
from tests.billing.invoices.schedule_walk import (
    REMINDED,
    at,
    live,
    new_invoice,
    pay,
    sent,
    until,
)

pytestmark = pytest.mark.django_db


def fresh(row):
    return type(row).objects.get(pk=row.pk)


Step = ReminderStep.Step


@pytest.fixture(autouse=True)
def by_day(sink, settings):  # noqa: F811
    settings.NOTICE_HOURS = (7, 22)


def held(invoice):
    return Hold.objects.filter(invoice=invoice, reason="breathing_space", released_at=None).exists()


def mails(kind):
    return OutboxMessage.objects.filter(kind=kind)


def test_thirty_days_without_letters_then_a_new_last_day_and_the_free_reminder_first():
    invoice = until(new_invoice(amount="100.00"), REMINDED)
    row = breathing_space.take(invoice.pk, today=REMINDED + timedelta(days=1))
    assert (row.since, row.until) == (REMINDED + timedelta(days=1), REMINDED + timedelta(days=31))
    begun = mails("forbearance_begun").get()
    assert "9 mei 2026" in begun.text, "the mail names the last day"
    assert invoice.number in begun.text
    before = sent(invoice)
    for day in (30, 31):
        days.run_day(REMINDED + timedelta(days=day))
        live(REMINDED + timedelta(days=day))
    assert held(invoice)
    assert sent(invoice) == before
    over = REMINDED + timedelta(days=33)  # the daily run missed a day
    days.run_day(over)
    days.run_day(over)
    invoice.refresh_from_db()
    assert not held(invoice)
    assert invoice.due_on == over + timedelta(days=14)
    assert mails("hold_ended").count() == 1
    assert "14 mei" not in mails("hold_ended").get().text
    assert invoice.next_step == Step.NOTE, "from the beginning: a friendly note, then the free reminder"


def test_no_interest_counts_over_the_rest():
    """Also where the term of payment is fatal, interest begins only after the new last day."""
    provider = factories.provider(term_agreed_in="betaalvoorwaarden van 1 januari 2026")
    invoice = until(new_invoice(amount="1000.00", patient=factories.patient(provider=provider)), REMINDED)
    assert charges.default_day(invoice) < REMINDED
    row = breathing_space.take(invoice.pk, today=REMINDED)
    days.run_day(row.until + timedelta(days=1))
    invoice.refresh_from_db()
    assert charges.default_day(invoice) == invoice.due_on + timedelta(days=1) == row.until + timedelta(days=16)


def test_once_in_twelve_months_for_whoever_pays():
    provider = factories.provider()
    shared = {"provider": provider, "email": "moeder@post.example", "surname": "Visser"}
    first, second = (new_invoice(patient=factories.patient(**shared)) for _child in range(2))
    stranger = new_invoice(patient=factories.patient(provider=provider))
    row = breathing_space.take(first.pk, today=REMINDED)
    assert held(first)
    assert held(second)
    assert not held(stranger)
    assert mails("forbearance_begun").count() == 1
    assert breathing_space.take(first.pk, today=REMINDED) == row, "the button was pressed twice"
    days.run_day(row.until + timedelta(days=1))
    with pytest.raises(Refused, match="8 april 2027"):
        breathing_space.take(second.pk, today=date(2027, 4, 7))
    assert breathing_space.take(second.pk, today=date(2027, 4, 8)).until == date(2027, 5, 8)


@pytest.fixture
def rested():
    """Return two invoices of one mother, and the day on which she is told that their rest is over."""
    shared = {"provider": factories.provider(), "email": "moeder@post.example", "surname": "Visser"}
    rows = [until(new_invoice(amount="100.00", patient=factories.patient(**shared)), REMINDED) for _child in range(2)]
    over = breathing_space.take(rows[0].pk, today=REMINDED).until + timedelta(days=1)
    return *rows, over


def why_not(invoice, day):
    return {found.reason for found in blockers(invoice, Step.REMINDER, now=at(day), today=day)}


def test_who_took_one_breathing_space_is_told_once_that_it_is_over(rested):
    first, second, over = rested
    for _again in range(2):
        days.run_day(over)
    assert not mails("hold_ended").exists()
    mail = mails("forbearance_over").get()
    assert mail.recipient == "moeder@post.example"
    assert all(one.number in mail.text for one in (first, second))
    assert "200,00" in mail.text
    assert "hold_end_waits" in why_not(second, over), "letters wait for the mail that tells of several, too"
    sends = over
    while fresh(mail).status == "queued":  # not on a Sunday or a holiday
        live(sends)
        sends += timedelta(days=1)
    assert fresh(mail).status == "sent"
    assert "hold_end_waits" not in why_not(second, sends)
    delivery.report_bounce(fresh(mail), by="mail server")
    assert all("hold_end_untold" in why_not(invoice, sends) for invoice in (first, second))


def test_what_is_no_longer_true_when_it_leaves_is_told_of_each_apart(rested):
    first, second, over = rested
    days.run_day(over)
    pay(first, "100.00", over)
    for ahead in range(3):
        live(over + timedelta(days=ahead))
    assert mails("forbearance_over").get().status == "canceled"
    assert "U hoeft niets meer te betalen" in mails("hold_ended").get(invoice=first).text
    assert "100,00" in mails("hold_ended").get(invoice=second).text


def test_paying_stays_possible_and_who_paid_hears_nothing_more():
    invoice = until(new_invoice(amount="100.00"), REMINDED)
    row = breathing_space.take(invoice.pk, today=REMINDED)
    pay(invoice, "100.00", REMINDED + timedelta(days=3))
    assert ledger.outstanding(invoice.pk) == Decimal("0.00")
    days.run_day(row.until + timedelta(days=1))
    assert not held(invoice)
    assert not mails("hold_ended").exists()


def test_nothing_to_pay_needs_no_rest():
    invoice = factories.invoice(amount="100.00", insurer_paid="100.00")
    with pytest.raises(Refused):
        breathing_space.take(invoice.pk)
    assert not Forbearance.objects.exists()


def test_an_invoice_that_comes_meanwhile_rests_too():
    invoice = new_invoice()
    breathing_space.take(invoice.pk, today=REMINDED)
    newer, others = factories.invoice(patient=invoice.patient), factories.invoice()
    rests.INTAKE.accept([(newer, None), (others, None)], REMINDED, "import:x")
    assert held(newer)
    assert not held(others)


def test_it_is_exported_and_erased_two_years_after_its_end():
    invoice = new_invoice()
    row = breathing_space.take(invoice.pk, today=REMINDED)
    assert "rust" not in str(export.of_invoice(invoice))
    assert export.of_invoice(invoice)
    days.run_day(row.until + timedelta(days=1))
    Forbearance.objects.update(ended_at=at(row.until))
    assert retention.run_day(row.until + timedelta(days=729)) == {
        "forbearances": 0,
        "counsellor_letters": 0,
        "needs": 0,
    }
    assert retention.run_day(row.until + timedelta(days=732)) == {
        "forbearances": 1,
        "counsellor_letters": 0,
        "needs": 0,
    }
    assert export.of_invoice(invoice) is None
