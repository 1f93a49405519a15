"""Statutory interest against worked examples (6:119 BW)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.law.interest import (
    RATES,
    RATES_CONFIRMED_THROUGH,
    Movement,
    interest_on,
    is_confirmed,
    rate_on,
    statutory_interest,
)
from billing.money import from_cents

HUNDRED = Decimal("100.00")
days = st.dates(date(2012, 7, 1), date(2030, 12, 31))
two_days, three_days = (st.lists(days, min_size=n, max_size=n).map(sorted) for n in (2, 3))
principals = st.integers(0, 10**8).map(from_cents)


def euros(value):
    return Decimal(value)


@pytest.mark.parametrize(
    ("principal", "start", "end", "interest"),
    [
        ("500", date(2024, 7, 1), date(2025, 7, 1), "32.52"),  # the rate changes on 1 January
        ("500", date(2024, 7, 1), date(2026, 7, 1), "59.19"),  # the first year's interest earns interest
        ("250", date(2026, 2, 1), date(2026, 5, 2), "2.47"),  # 90 days
        ("1000", date(2025, 7, 1), date(2026, 7, 1), "50.08"),
        ("365", date(2026, 3, 1), date(2026, 3, 2), "0.04"),  # one day at 4 per cent
        ("365", date(2025, 12, 31), date(2026, 1, 2), "0.10"),  # New Year: a day at 6, a day at 4
        ("36500", date(2028, 2, 28), date(2028, 3, 1), "8.00"),  # 29 February is a day like any other
        ("500", date(2026, 2, 1), date(2026, 2, 1), "0.00"),
        ("0", date(2024, 7, 1), date(2026, 7, 1), "0.00"),
    ],
)
def test_worked_examples(principal, start, end, interest):
    assert str(statutory_interest(euros(principal), start, end)) == interest


def test_the_year_of_a_default_on_29_february_ends_with_28_february():
    # 366 days to 1 March 2025 at 7 and 6 per cent; only then does the interest of the first year earn interest.
    first_year = HUNDRED * (7 * 307 + 6 * 59) / 36500
    assert statutory_interest(HUNDRED, date(2024, 2, 29), date(2025, 3, 1)) == round(first_year, 2)
    ten_million = Decimal("10000000.00")
    simple = ten_million * (7 * 307 + 6 * 60) / 36500
    one_more = simple + ten_million * (7 * 307 + 6 * 59) / 36500 * 6 / 36500
    assert statutory_interest(ten_million, date(2024, 2, 29), date(2025, 3, 2)) == round(one_more, 2)


def test_daylight_saving_changes_no_day():
    assert statutory_interest(Decimal(36500), date(2026, 3, 28), date(2026, 3, 30)) == 8
    assert statutory_interest(Decimal(36500), date(2026, 10, 24), date(2026, 10, 26)) == 8


def test_a_rate_applies_from_its_first_day():
    assert rate_on(date(2025, 12, 31)).percentage == 6
    assert rate_on(date(2026, 1, 1)).percentage == 4
    assert rate_on(date(2012, 7, 1)).percentage == 3
    with pytest.raises(ValueError, match="no statutory interest rate is known for 2012-06-30"):
        rate_on(date(2012, 6, 30))


def test_the_table_is_in_order_and_each_rate_begins_a_half_year():
    starts = [rate.valid_from for rate in RATES]
    assert starts == sorted(set(starts))
    assert all((day.day, day.month) in ((1, 1), (1, 7)) for day in starts)
    after = RATES_CONFIRMED_THROUGH + timedelta(days=1)
    assert (after.day, after.month) in ((1, 1), (1, 7))
    assert starts[-1] <= RATES_CONFIRMED_THROUGH


@pytest.mark.parametrize(
    ("through", "day", "confirmed"),
    [
        (date(2026, 6, 30), date(2026, 6, 30), True),
        (date(2026, 6, 30), date(2026, 7, 1), False),
        (date(2026, 12, 31), date(2026, 12, 31), True),
        (date(2026, 12, 31), date(2027, 1, 1), False),
    ],
)
def test_a_rate_is_confirmed_to_the_end_of_its_half_year(through, day, confirmed, monkeypatch):
    monkeypatch.setattr("billing.law.interest.RATES_CONFIRMED_THROUGH", through)
    assert is_confirmed(day) == confirmed


def test_a_payment_halfway_lowers_the_interest_from_that_day():
    start, paid, end = date(2026, 2, 1), date(2026, 4, 1), date(2026, 6, 1)
    halved = interest_on([Movement(start, HUNDRED * 73), Movement(paid, HUNDRED * 36)], until=end)
    assert halved == Decimal("47.20") + Decimal("24.07")  # 59 days at 0.80, 61 days at 0.3945


def test_nothing_runs_after_the_principal_is_paid_within_the_year():
    moves = [Movement(date(2026, 2, 1), HUNDRED), Movement(date(2026, 4, 1), Decimal(0))]
    assert interest_on(moves, until=date(2026, 4, 1)) == interest_on(moves, until=date(2026, 12, 1))


def test_interest_that_was_paid_earns_no_interest():
    start, end = date(2024, 7, 1), date(2026, 7, 1)
    first_year = Decimal("3252.05")
    unpaid = interest_on([Movement(start, Decimal(50_000))], until=end)
    paid = interest_on(
        [Movement(start, Decimal(50_000)), Movement(date(2025, 7, 1), Decimal(50_000), interest_paid=first_year)],
        until=end,
    )
    assert unpaid == Decimal("5919.03")
    assert paid == first_year + statutory_interest(Decimal(50_000), date(2025, 7, 1), end)


def test_interest_ends_after_it_starts_and_nothing_is_negative():
    with pytest.raises(ValueError, match="ends after it starts"):
        statutory_interest(HUNDRED, date(2026, 2, 2), date(2026, 2, 1))
    with pytest.raises(ValueError, match="not negative"):
        statutory_interest(-HUNDRED, date(2026, 2, 1), date(2026, 2, 2))


def test_without_movements_there_is_no_interest():
    assert interest_on([], until=date(2026, 2, 2)) == 0


@given(principals, three_days)
def test_interest_never_shrinks_with_time(principal, moments):
    start, middle, end = moments
    assert 0 <= statutory_interest(principal, start, middle) <= statutory_interest(principal, start, end)


@given(principals, principals, two_days)
def test_two_claims_earn_what_their_sum_earns(one, other, moments):
    start, end = moments
    apart = statutory_interest(one, start, end) + statutory_interest(other, start, end)
    assert abs(statutory_interest(one + other, start, end) - apart) <= Decimal("0.01")


@given(principals, three_days)
def test_saying_again_what_did_not_change_changes_nothing(principal, moments):
    start, middle, end = moments
    moves = [Movement(middle, principal), Movement(start, principal)]
    assert interest_on(moves, until=end) == statutory_interest(principal, start, end)


@given(principals, days, st.integers(0, 1500))
def test_interest_equals_a_count_day_by_day(principal, start, count):
    end = start + timedelta(days=count)
    base, year, total = principal, Decimal(0), Decimal(0)
    day = start
    next_year = 1
    while day < end:
        if day == _nth_year(start, next_year):
            base, year, next_year = base + year, Decimal(0), next_year + 1
        accrued = base * rate_on(day).percentage / 36500
        year, total, day = year + accrued, total + accrued, day + timedelta(days=1)
    assert abs(statutory_interest(principal, start, end) - total) <= Decimal("0.005000001")


def _nth_year(start, n):
    try:
        return start.replace(year=start.year + n)
    except ValueError:
        return date(start.year + n, 3, 1)
