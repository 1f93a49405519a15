"""Limitation: until which day a claim may be enforced (3:307, 7:28, 3:316 to 3:319 BW)."""

from collections.abc import Iterable
from datetime import date

from billing.law.calendar import DAY, anniversary

YEARS = 5  # to pay for a service (3:307 lid 1 BW)
YEARS_FOR_GOODS = 2  # to pay for what was sold to a consumer (7:28 BW)


def last_day(due_on: date, *, interrupted_on: Iterable[date] = (), goods: bool = False) -> date:
    """Return the last day on which a claim with the last day to pay `due_on` may be enforced.

    The term runs from the day after `due_on`. What interrupts it (a demand in writing, 3:317 BW; a payment or another
    acknowledgement by the debtor, 3:318 BW) begins the same term anew on the day after it, but never shortens it (3:319
    BW). What comes after the last day interrupts nothing: the claim is past enforcing.
    """
    years = YEARS_FOR_GOODS if goods else YEARS
    last = _end(due_on, years)
    for day in sorted(interrupted_on):
        if day <= last:
            last = max(last, _end(day, years))
    return last


def _end(day: date, years: int) -> date:
    """Return the last day of a term of so many years that begins on the day after `day`."""
    return anniversary(day + DAY, years) - DAY
