"""Days on which banks settle in euros (T2, before that TARGET2)."""

from datetime import date, timedelta
from functools import lru_cache

import holidays


@lru_cache(maxsize=8)
def _closed(year: int) -> frozenset[date]:
    return frozenset(holidays.financial_holidays("ECB", years=year))


def is_target_day(day: date) -> bool:
    """Tell whether banks settle on this day: not at weekends and on the holidays of the central bank."""
    return day.weekday() < 5 and day not in _closed(day.year)


def target_day_from(day: date) -> date:
    """Return the first TARGET day that is not before `day`."""
    while not is_target_day(day):
        day += timedelta(days=1)
    return day


def target_days_after(day: date, n: int) -> date:
    """Return the n-th TARGET day after `day`."""
    for _number in range(n):
        day = target_day_from(day + timedelta(days=1))
    return day
