"""Days as the law counts them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from billing.law.calendar import (
    AMSTERDAM,
    EQUATED_DAYS,
    EQUATED_DAYS_KNOWN_THROUGH,
    Channel,
    anniversary,
    delivered_on,
    fourteen_day_term,
    is_holiday,
    is_sending_day,
    is_sending_moment,
    is_working_day,
    monthly_dates,
    next_sending_moment,
    roll_to_working_day,
    working_days_after,
    working_days_between,
)

days = st.dates(date(2013, 1, 1), date(2040, 12, 31))
channels = st.sampled_from(Channel)


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 1, 1),
        date(2026, 1, 2),  # equated: the Friday after New Year
        date(2026, 4, 3),  # Good Friday: equated by the Act itself
        date(2026, 4, 5),
        date(2026, 4, 6),
        date(2026, 4, 27),  # King's Day on a Monday
        date(2025, 4, 26),  # King's Day moved from a Sunday
        date(2026, 5, 5),  # Liberation Day, also outside lustrum years
        date(2025, 5, 5),
        date(2026, 5, 14),
        date(2026, 5, 15),  # equated: the Friday after Ascension Day
        date(2026, 5, 25),
        date(2026, 12, 25),
        date(2026, 12, 26),
        date(2024, 12, 27),  # equated
        date(2028, 4, 28),  # equated: the Friday after King's Day
    ],
)
def test_holidays(day):
    assert is_holiday(day)
    assert not is_sending_day(day)
    assert not is_working_day(day)


@pytest.mark.parametrize(
    "day",
    [date(2025, 4, 27), date(2026, 12, 24), date(2026, 12, 31), date(2026, 5, 4), date(2028, 2, 29), date(2027, 4, 26)],
)
def test_ordinary_days(day):
    assert not is_holiday(day)


def test_equated_days_are_never_a_holiday_or_a_sunday_already_and_lie_within_what_is_known():
    assert all(day.weekday() < 5 for day in EQUATED_DAYS)
    assert max(EQUATED_DAYS) <= EQUATED_DAYS_KNOWN_THROUGH


def local(*parts):
    return datetime(*parts, tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        (local(2026, 3, 2, 6, 59, 59), False),
        (local(2026, 3, 2, 7), True),
        (local(2026, 3, 2, 19, 59, 59), True),
        (local(2026, 3, 2, 20), False),
        (local(2026, 3, 7, 12), True),  # Saturday
        (local(2026, 3, 8, 12), False),  # Sunday
        (local(2026, 4, 27, 12), False),  # King's Day
        (local(2026, 5, 15, 12), False),  # equated bridge day
        (datetime(2026, 1, 5, 6, 0, tzinfo=UTC), True),  # 07:00 in winter
        (datetime(2026, 7, 6, 5, 0, tzinfo=UTC), True),  # 07:00 in summer
        (datetime(2026, 7, 6, 18, 0, tzinfo=UTC), False),  # 20:00 in summer
        (datetime(2026, 7, 5, 22, 30, tzinfo=ZoneInfo("America/New_York")), False),  # Monday 04:30 here
    ],
)
def test_sending_moments(moment, allowed):
    assert is_sending_moment(moment) is allowed


@pytest.mark.parametrize(
    ("moment", "then"),
    [
        (local(2026, 3, 2, 12, 34), local(2026, 3, 2, 12, 34)),
        (local(2026, 3, 2, 3), local(2026, 3, 2, 7)),
        (local(2026, 3, 2, 20), local(2026, 3, 3, 7)),
        (local(2026, 3, 7, 21), local(2026, 3, 9, 7)),  # Saturday night to Monday
        (local(2026, 4, 2, 20), local(2026, 4, 4, 7)),  # over Good Friday to Saturday
        (local(2026, 4, 4, 20), local(2026, 4, 7, 7)),  # over Easter
        (local(2026, 12, 24, 20), local(2026, 12, 28, 7)),  # Christmas, then a Sunday
        (local(2025, 12, 31, 22), local(2026, 1, 3, 7)),  # New Year and its bridge day
        (local(2026, 3, 28, 20), local(2026, 3, 30, 7)),  # the night the clock goes forward
        (local(2026, 10, 24, 20), local(2026, 10, 26, 7)),  # the night it goes back
    ],
)
def test_the_next_sending_moment(moment, then):
    assert next_sending_moment(moment) == then
    assert next_sending_moment(moment).utcoffset() == then.utcoffset()


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        is_sending_moment(datetime(2026, 3, 2, 12))  # noqa: DTZ001 - the point of the test


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_next_sending_moment_is_allowed_and_at_most_a_week_away(moment):
    then = next_sending_moment(moment)
    assert is_sending_moment(then)
    assert timedelta(0) <= then - moment <= timedelta(days=7)


@pytest.mark.parametrize(
    ("sent", "delivered", "last_free", "rolled", "costs_from"),
    [
        (date(2026, 3, 2), date(2026, 3, 4), date(2026, 3, 18), date(2026, 3, 18), date(2026, 3, 19)),
        (date(2026, 3, 5), date(2026, 3, 7), date(2026, 3, 21), date(2026, 3, 23), date(2026, 3, 24)),
        (date(2026, 3, 6), date(2026, 3, 10), date(2026, 3, 24), date(2026, 3, 24), date(2026, 3, 25)),
        (date(2026, 3, 7), date(2026, 3, 11), date(2026, 3, 25), date(2026, 3, 25), date(2026, 3, 26)),
        (date(2026, 4, 2), date(2026, 4, 7), date(2026, 4, 21), date(2026, 4, 21), date(2026, 4, 22)),  # Easter
        (date(2026, 4, 24), date(2026, 4, 28), date(2026, 5, 12), date(2026, 5, 12), date(2026, 5, 13)),  # King's Day
        (date(2026, 12, 23), date(2026, 12, 29), date(2027, 1, 12), date(2027, 1, 12), date(2027, 1, 13)),
        # the last day on Good Friday moves over Easter; on 29 February it stays
        (date(2026, 3, 18), date(2026, 3, 20), date(2026, 4, 3), date(2026, 4, 7), date(2026, 4, 8)),
        (date(2028, 2, 11), date(2028, 2, 15), date(2028, 2, 29), date(2028, 2, 29), date(2028, 3, 1)),
        # sent before New Year: the bridge day, the Sunday and the Monday do not count
        (date(2025, 12, 31), date(2026, 1, 6), date(2026, 1, 20), date(2026, 1, 20), date(2026, 1, 21)),
    ],
)
def test_a_letter_by_post(sent, delivered, last_free, rolled, costs_from):
    term = fourteen_day_term(sent, Channel.POST)
    assert (term.delivered_on, term.last_free_day) == (delivered, last_free)
    assert (term.rolled_last_day, term.costs_from) == (rolled, costs_from)


def test_a_letter_by_mail_counts_from_the_next_day():
    term = fourteen_day_term(date(2026, 3, 7), Channel.EMAIL)  # Saturday
    assert term.delivered_on == date(2026, 3, 8)
    assert (term.last_free_day, term.rolled_last_day) == (date(2026, 3, 22), date(2026, 3, 23))
    assert term.costs_from == date(2026, 3, 24)


def test_costs_are_booked_three_working_days_after_the_last_day():
    assert fourteen_day_term(date(2026, 3, 2), Channel.POST).book_costs_on == date(2026, 3, 23)
    assert fourteen_day_term(date(2026, 4, 24), Channel.POST).book_costs_on == date(2026, 5, 19)  # Ascension between


@given(days, channels)
def test_every_term_gives_fourteen_full_days_and_ends_on_a_working_day(sent, channel):
    term = fourteen_day_term(sent, channel)
    assert sent < term.delivered_on
    assert (term.last_free_day - term.delivered_on).days == 14
    assert is_working_day(term.rolled_last_day)
    assert term.last_free_day <= term.rolled_last_day < term.costs_from < term.book_costs_on
    # "within fifteen days after delivery", read in the patient's favour, has also ended when costs are booked
    assert term.book_costs_on > term.delivered_on + timedelta(days=15)


@given(days, channels)
def test_what_is_sent_later_is_never_delivered_earlier(sent, channel):
    assert delivered_on(sent, channel) <= delivered_on(sent + timedelta(days=1), channel)


@given(days)
def test_post_is_never_delivered_on_a_sunday_monday_or_holiday(sent):
    delivery = delivered_on(sent, Channel.POST)
    assert delivery.weekday() not in (6, 0)
    assert not is_holiday(delivery)
    assert (delivery - sent).days >= 2


@pytest.mark.parametrize(
    ("day", "n", "then"),
    [
        (date(2026, 3, 5), 1, date(2026, 3, 6)),
        (date(2026, 3, 6), 1, date(2026, 3, 9)),
        (date(2026, 4, 2), 1, date(2026, 4, 7)),  # Good Friday to Easter Monday
        (date(2026, 12, 24), 3, date(2026, 12, 30)),
        (date(2028, 2, 28), 1, date(2028, 2, 29)),
        (date(2026, 5, 13), 1, date(2026, 5, 18)),  # Ascension Day and its bridge day
    ],
)
def test_working_days(day, n, then):
    assert working_days_after(day, n) == then


def test_at_least_one_working_day_is_counted():
    with pytest.raises(ValueError, match="at least one"):
        working_days_after(date(2026, 3, 5), 0)


@given(days, st.integers(-10, 900))
@example(date(2026, 12, 31), 1)  # New Year's Day
@example(date(2026, 5, 13), 2)  # Ascension Day and its bridge day
def test_working_days_are_counted_as_one_by_one(day, n):
    one_by_one = sum(is_working_day(day + timedelta(days=k)) for k in range(1, n + 1))
    assert working_days_between(day, day + timedelta(days=n)) == one_by_one


@given(days)
def test_a_day_rolls_forward_only_when_it_must(day):
    rolled = roll_to_working_day(day)
    assert is_working_day(rolled)
    assert (rolled == day) is is_working_day(day)


def test_years_from_29_february():
    assert anniversary(date(2024, 2, 29), 1) == date(2025, 3, 1)
    assert anniversary(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert anniversary(date(2026, 3, 1), 2) == date(2028, 3, 1)


def test_months_clamp_to_their_end_and_never_drift():
    assert monthly_dates(date(2026, 1, 31), 4) == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]
    assert monthly_dates(date(2027, 12, 30), 3) == [date(2027, 12, 30), date(2028, 1, 30), date(2028, 2, 29)]
    assert monthly_dates(date(2026, 3, 15), 0) == []
    with pytest.raises(ValueError, match="not negative"):
        monthly_dates(date(2026, 3, 15), -1)


@given(days, st.integers(1, 60))
def test_each_month_has_one_date_on_the_day_of_the_first(first, n):
    dates = monthly_dates(first, n)
    assert len(dates) == n
    assert dates[0] == first
    months = [day.year * 12 + day.month for day in dates]
    assert months == list(range(months[0], months[0] + n))
    for day in dates:
        assert day.day == first.day or ((day + timedelta(days=1)).day == 1 and day.day < first.day)
