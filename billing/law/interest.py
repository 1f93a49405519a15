"""Statutory interest on late payment by a consumer (6:119 BW): dated rates, exact days, compounded yearly."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from billing.law.calendar import anniversary
from billing.money import ZERO, round_euro

DAYS_IN_YEAR = 365  # also in a leap year: actual days over 365


class Rate(NamedTuple):
    """The percentage per year that applies from a day on."""

    valid_from: date
    percentage: Decimal
    source: str


# Besluit vaststelling wettelijke rente (6:120 BW), not for trade. It changes on 1 January or 1 July, if at all; a rate
# stays in force until a new decree. When a half-year is looked up, move RATES_CONFIRMED_THROUGH, changed or not: until
# then no interest is charged over it (ADR 0042).
RATES = (
    Rate(date(2012, 7, 1), Decimal(3), "4 per cent from 2011-07-01 until then: iqount.nl"),
    Rate(date(2015, 1, 1), Decimal(2), "boogaardadvocaten.nl; some lists wrongly say 2014-07-01"),
    Rate(date(2023, 1, 1), Decimal(4), "debloggendeadvocaat.nl"),
    Rate(date(2023, 7, 1), Decimal(6), "smkaccountants.nl"),
    Rate(date(2024, 1, 1), Decimal(7), "smkaccountants.nl; unchanged on 2024-07-01: metaalunie.nl"),
    Rate(date(2025, 1, 1), Decimal(6), "vvoadvocatuur.nl; unchanged on 2025-07-01"),
    Rate(date(2026, 1, 1), Decimal(4), "one secondary source only; agrees with refinancing rate 2.15 + 2.25"),
)
RATES_CONFIRMED_THROUGH = date(2026, 6, 30)


@dataclass(frozen=True, slots=True)
class Movement:
    """The open `principal` in euros from `on`, and the `interest_paid` in euros on that day."""

    on: date
    principal: Decimal
    interest_paid: Decimal = ZERO


def rate_on(day: date) -> Rate:
    """Return the rate in force on `day`, by the last known decree. Raises ValueError for days before the table."""
    for rate in reversed(RATES):
        if rate.valid_from <= day:
            return rate
    raise ValueError(f"no statutory interest rate is known for {day:%Y-%m-%d}")


def stated(day: date) -> tuple[Rate, date | None]:
    """Return the rate to tell somebody on `day`; with the last day for which it was confirmed, when that has passed."""
    known = min(day, RATES_CONFIRMED_THROUGH)
    return rate_on(known), known if known < day else None


def next_half_year(day: date) -> date:
    """Return the first day of the half-year after the one of `day`."""
    return date(day.year, 7, 1) if day.month < 7 else date(day.year + 1, 1, 1)


def confirmed_until() -> date:
    """Return the first day whose rate nobody confirmed: no interest is charged or stated from it on."""
    return RATES_CONFIRMED_THROUGH + timedelta(days=1)


def is_confirmed(day: date) -> bool:
    """Tell whether the rate on `day` was looked up in its decree."""
    return day < confirmed_until()


def statutory_interest(principal: Decimal, start: date, end: date) -> Decimal:
    """Return the interest in euros on `principal`, in default from `start` until before `end` (6:119 lid 1 and 2 BW).

    Actual days over 365, split where the rate changes; after each full year of default, the interest of that year earns
    interest too. Rounded once, at the end. Raises ValueError when `end` is before `start`.
    """
    return interest_on([Movement(start, principal)], until=end)


def interest_on(movements: Sequence[Movement], *, until: date) -> Decimal:
    """Return all interest in euros that accrued until before `until` on a principal that changed in between.

    The earliest movement is the day of default, from which the years are counted. Paid interest is still part of the
    result (so book the result less what was booked before) but earns no more interest; a payment reduces the oldest
    interest first. Raises ValueError when `until` is before the default or an amount is negative.
    """
    moves = sorted(movements, key=lambda move: move.on)
    if not moves:
        return ZERO
    start = moves[0].on
    if until < start:
        raise ValueError("interest ends after it starts")
    if any(move.principal < 0 or move.interest_paid < 0 for move in moves):
        raise ValueError("a principal or a payment is not negative")
    years = _anniversaries(start, until)
    cuts = {start, until, *years}
    cuts.update(rate.valid_from for rate in RATES if start < rate.valid_from < until)
    cuts.update(move.on for move in moves if move.on < until)
    # `capital` is the interest of full years, which earns interest; `running` is that of the current year.
    principal = capital = running = total = Decimal(0)
    for begin, end in pairwise(sorted(cuts)):
        if begin in years:
            capital, running = capital + running, Decimal(0)
        for move in moves:
            if move.on == begin:
                principal = move.principal
                from_capital = min(move.interest_paid, capital)
                capital, running = capital - from_capital, running - (move.interest_paid - from_capital)
        accrued = (principal + capital) * rate_on(begin).percentage * (end - begin).days / (100 * DAYS_IN_YEAR)
        running, total = running + accrued, total + accrued
    return round_euro(total)


def _anniversaries(start: date, until: date) -> set[date]:
    days = (anniversary(start, years) for years in range(1, until.year - start.year + 1))
    return {day for day in days if day < until}
