"""Where the dunning of an invoice stands: the day and the costs that its letters themselves said."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.dunning.outlook import outlook
from billing.invoices.history import Sent
from billing.invoices.schedule import named_day
from billing.law import interest
from billing.models import ReminderStep

Step = ReminderStep.Step
DUE, OWED = date(2026, 10, 30), Decimal("100.00")


def letter(step, sent_on, *, stands=True, costs="0.00", shared=False):
    return Sent(step, stands, sent_on, Decimal(costs), shared, datetime(2026, 11, 1, tzinfo=UTC))


def seen(*sent, today, owed=OWED, vat=False):
    return outlook(sent, due_on=DUE, owed=owed, vat_on_costs=vat, today=today)


def test_before_the_first_letter_that_asks_the_last_day_is_the_due_day():
    for sent in ([], [letter(Step.NOTICE, date(2026, 10, 1))], [letter(Step.NOTE, date(2026, 10, 23))]):
        found = seen(*sent, today=date(2026, 10, 26))
        assert (found.letter, found.last_day, found.is_over, found.follows) == (None, DUE, False, "reminder")
        assert (found.costs, found.announced) == (Decimal("40.00"), False)
    assert seen(today=DUE + timedelta(days=1)).is_over


def test_after_the_reminder_the_day_is_the_one_that_it_named():
    sent_on = date(2026, 11, 4)
    found = seen(letter(Step.REMINDER, sent_on), today=date(2026, 11, 10))
    assert (found.last_day, found.is_over) == (named_day(Step.REMINDER, sent_on), False)
    assert (found.follows, found.costs, found.announced) == ("final_notice", Decimal("40.00"), False)


def test_after_the_14_day_letter_the_costs_are_those_it_announced():
    sent_on = date(2026, 11, 20)
    found = seen(
        letter(Step.REMINDER, date(2026, 11, 4)),
        letter(Step.FINAL_NOTICE, sent_on, costs="42.00", shared=True),
        today=date(2026, 11, 28),
    )
    assert (found.last_day, found.follows) == (named_day(Step.FINAL_NOTICE, sent_on), "costs")
    assert (found.costs, found.announced, found.letter.shared) == (Decimal("42.00"), True, True)
    assert found.last_day > sent_on + timedelta(days=14), "never less than the law gives"


@pytest.mark.parametrize(("step", "follows"), [(Step.NOTICE_OF_COSTS, "final"), (Step.FINAL, "staff")])
def test_later_letters_add_no_more_costs(step, follows):
    found = seen(letter(step, date(2026, 11, 20)), today=date(2026, 11, 28))
    assert (found.follows, found.costs) == (follows, Decimal("0.00"))


def test_a_letter_that_no_longer_counts_sets_no_day():
    found = seen(letter(Step.FINAL_NOTICE, date(2026, 11, 20), stands=False, costs="40.00"), today=date(2026, 11, 28))
    assert (found.letter, found.last_day, found.is_over) == (None, DUE, True)


def test_costs_that_may_come_are_those_of_the_law():
    assert seen(today=DUE, owed=Decimal("3000.00")).costs == Decimal("425.00")
    assert seen(today=DUE, vat=True).costs == Decimal("48.40")


def test_a_rate_that_nobody_confirmed_for_this_half_year_is_named_with_its_day():
    confirmed = interest.RATES_CONFIRMED_THROUGH
    assert seen(today=confirmed).rate_of is None
    later = seen(today=confirmed + timedelta(days=1))
    assert (later.rate, later.rate_of) == (interest.rate_on(confirmed).percentage, confirmed)
