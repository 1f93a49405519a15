"""Dates of birth as practices know them: whole, or only the year and perhaps the month ("1960-00-00")."""

import calendar
import re
from datetime import date

from django.utils.formats import date_format

_PARTS = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)


def span(text: str) -> tuple[date, date]:
    """Return the first and the last day that the date of birth can be. Raises ValueError for no date of birth."""
    match = _PARTS.fullmatch(text)
    if match is None:
        raise ValueError("a date of birth is year-month-day, with 00 for what is not known")
    year, month, day = map(int, match.groups())
    if not day and year:
        last_month = month or 12
        return date(year, month or 1, 1), date(year, last_month, calendar.monthrange(year, last_month)[1])
    return date(year, month, day), date(year, month, day)


def agree(one: str, other: str) -> bool:
    """Tell whether both can be the same day: a date that is known in part agrees with every day in it."""
    (first, last), (other_first, other_last) = span(one), span(other)
    return first <= other_last and other_first <= last


def more_exact(one: str, other: str) -> str:
    """Return the one that says more; of two that say as much, the second."""
    (first, last), (other_first, other_last) = span(one), span(other)
    return one if last - first < other_last - other_first else other


def in_words(text: str) -> str:
    """Return the date in the active language, and only what is known of it: "29 February 1980", "May 1960", "1960"."""
    first, last = span(text)
    if first == last:
        return date_format(first)
    return date_format(first, "Y" if last.month != first.month else "F Y")
