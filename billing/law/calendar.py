"""Days as the law counts them: holidays, hours when a debtor may be approached, delivery, terms."""

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SUNDAY, SATURDAY, MONDAY = 6, 5, 0
DAY = timedelta(days=1)

# Days that a royal decree equates with a holiday (Algemene termijnenwet art. 3 lid 3). They are set for some years
# ahead; each decree ("Besluit gelijkstelling van …") adds its rows here and moves EQUATED_DAYS_KNOWN_THROUGH.
EQUATED_DAYS = frozenset(
    {
        date(2023, 4, 28),  # this and the next four: one decree; also nvi.nl (the days of 2024 and 2025)
        date(2023, 5, 19),
        date(2024, 5, 10),
        date(2024, 12, 27),
        date(2025, 5, 30),
        date(2026, 1, 2),  # this and the next four: one decree, its title at sterfgeval.nl (October 2025)
        date(2026, 5, 15),
        date(2027, 5, 7),
        date(2028, 4, 28),
        date(2028, 5, 26),
    }
)
EQUATED_DAYS_KNOWN_THROUGH = date(2028, 12, 31)

APPROACH_FROM, APPROACH_UNTIL = time(7), time(20)  # Besluit kwaliteit incassodienstverlening art. 4.2 lid 1
FINAL_TERM_DAYS = 14  # 6:96 lid 6 BW
EMAIL_MARGIN_DAYS = 1
POST_DELIVERY_DAYS = 2  # HR 25-11-2016, ECLI:NL:HR:2016:2704
BOOKING_MARGIN_WORKING_DAYS = 3


class Channel(StrEnum):
    """How a letter is sent, which decides on which day it counts as received."""

    POST = "post"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Term:
    """The days of one 14-day letter. `costs_from` is the first day on which collection costs may lawfully be due.

    `last_free_day` is the 14th day after delivery; `rolled_last_day` the same day, moved past a weekend or holiday.
    `book_costs_on` is later still: a payment on the last day takes bank days to arrive, and the wording "within fifteen
    days after delivery" may be read as one day more. Costs are booked then, never before.
    """

    delivered_on: date
    last_free_day: date
    rolled_last_day: date
    costs_from: date
    book_costs_on: date


@cache
def _holidays_of(year: int) -> frozenset[date]:
    import holidays  # takes a second to load: only a process that asks for a holiday pays for it

    # "optional" has Good Friday, and Liberation Day outside lustrum years: holidays by the Act all the same.
    return frozenset(holidays.country_holidays("NL", years=year, categories=("public", "optional")))


def is_holiday(day: date) -> bool:
    """Tell whether `day` is a recognised holiday, or equated with one (Algemene termijnenwet art. 3 lid 1 to 3).

    Good Friday counts (lid 2), 5 May counts every year, and so do the equated bridge days: on none of them may a
    term end or a debtor be approached. Counting them can only favour the patient.
    """
    return day in EQUATED_DAYS or day in _holidays_of(day.year)


def is_working_day(day: date) -> bool:
    """Tell whether `day` is a Monday to Friday and no holiday."""
    return day.weekday() < SATURDAY and not is_holiday(day)


@cache
def _working_holidays_of(year: int) -> tuple[date, ...]:
    """Return the holidays of a year that fall on a Monday to Friday."""
    equated = {day for day in EQUATED_DAYS if day.year == year}
    return tuple(day for day in equated | _holidays_of(year) if day.weekday() < SATURDAY)


def working_days_between(day: date, until: date) -> int:
    """Return how many working days come after `day`, up to and including `until`; 0 when that is no later day."""
    if until <= day:
        return 0
    weeks, rest = divmod((until - day).days, 7)
    count = 5 * weeks + sum((day + n * DAY).weekday() < SATURDAY for n in range(1, rest + 1))
    years = range(day.year, until.year + 1)
    return count - sum(day < free <= until for year in years for free in _working_holidays_of(year))


def roll_to_working_day(day: date) -> date:
    """Return `day`, or the next day on which a term may end (Algemene termijnenwet art. 1 lid 1)."""
    while not is_working_day(day):
        day += DAY
    return day


def working_days_after(day: date, n: int, is_working: Callable[[date], bool] = is_working_day) -> date:
    """Return the `n`th working day after `day`; `day` itself does not count. Raises ValueError when `n` is below 1.

    `is_working` counts other days than the law's: those of our desk, or of another country.
    """
    if n < 1:
        raise ValueError("count at least one working day")
    for _counted in range(n):
        day += DAY
        while not is_working(day):
            day += DAY
    return day


def is_sending_day(day: date) -> bool:
    """Tell whether `day` is a Monday to Saturday and no (equated) holiday (Bki art. 4.2 lid 2)."""
    return day.weekday() != SUNDAY and not is_holiday(day)


def is_sending_moment(moment: datetime) -> bool:
    """Tell whether a debtor may be approached at `moment`: on a sending day from 07:00 to before 20:00 in Amsterdam.

    Source: Bki art. 4.2. Raises ValueError for a naive datetime.
    """
    local = _in_amsterdam(moment)
    return is_sending_day(local.date()) and APPROACH_FROM <= local.time() < APPROACH_UNTIL


def begin_of(day: date) -> datetime:
    """Return the first moment of `day` in Amsterdam."""
    return datetime.combine(day, time.min, tzinfo=AMSTERDAM)


def next_sending_moment(moment: datetime) -> datetime:
    """Return `moment` when it is a sending moment, else the first one after it, in Amsterdam time.

    Raises ValueError for a naive datetime.
    """
    local = _in_amsterdam(moment)
    if is_sending_moment(local):
        return local
    day = local.date() if local.time() < APPROACH_FROM else local.date() + DAY
    while not is_sending_day(day):
        day += DAY
    return datetime.combine(day, APPROACH_FROM, tzinfo=AMSTERDAM)


def delivered_on(sent_on: date, channel: Channel) -> date:
    """Return the day on which a letter sent on `sent_on` counts as received (3:37 lid 3 BW).

    Post: the second day after sending, where a Sunday, a Monday and a holiday count neither as the day in between nor
    as the day of delivery (HR 25-11-2016, ECLI:NL:HR:2016:2704). E-mail arrives the same day, but the sender carries
    the risk and it may arrive after hours, so it counts from the next day. The caller must know that it did not bounce:
    an undelivered message has no delivery day.
    """
    if channel is Channel.EMAIL:
        return sent_on + timedelta(days=EMAIL_MARGIN_DAYS)
    day = sent_on
    for _counted in range(POST_DELIVERY_DAYS):
        day += DAY
        while day.weekday() in (SUNDAY, MONDAY) or is_holiday(day):
            day += DAY
    return day


def fourteen_day_term(sent_on: date, channel: Channel) -> Term:
    """Return the term of the 14-day letter sent on `sent_on`; it begins the day after delivery (6:96 lid 6 BW).

    A last day on a Saturday, Sunday or holiday moves to the next working day (Algemene termijnenwet art. 1).
    """
    delivery = delivered_on(sent_on, channel)
    last_free_day = delivery + timedelta(days=FINAL_TERM_DAYS)
    rolled = roll_to_working_day(last_free_day)
    return Term(
        delivered_on=delivery,
        last_free_day=last_free_day,
        rolled_last_day=rolled,
        costs_from=rolled + DAY,
        book_costs_on=working_days_after(rolled, BOOKING_MARGIN_WORKING_DAYS),
    )


def anniversary(start: date, years: int) -> date:
    """Return `start` plus `years` years; in a common year 29 February becomes 1 March.

    A year that began on 29 February ends with 28 February, so the next one begins on 1 March.
    """
    year = start.year + years
    if (start.month, start.day) == (2, 29) and not calendar.isleap(year):
        return date(year, 3, 1)
    return start.replace(year=year)


def monthly_dates(first: date, n: int) -> list[date]:
    """Return `n` dates a month apart: the day of `first`, or the last of a shorter month; the day never drifts.

    From 31 January: 28 or 29 February, then 31 March. Raises ValueError when `n` is negative.
    """
    if n < 0:
        raise ValueError("a number of dates is not negative")
    dates = []
    for index in range(first.month - 1, first.month - 1 + n):
        year, month = first.year + index // 12, index % 12 + 1
        dates.append(date(year, month, min(first.day, calendar.monthrange(year, month)[1])))
    return dates


def _in_amsterdam(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment has a time zone")
    return moment.astimezone(AMSTERDAM)
