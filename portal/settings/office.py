"""The hours of the desk, as an operator writes them in the environment: `ma-vr 9:00-17:00; za 10:00-13:00`."""

import re
from datetime import date, time

from django.core.exceptions import ImproperlyConfigured

Pair = tuple[time, time]
_DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
_CLOSED = "dicht"
_hours = re.compile(r"(\d{1,2})(?::(\d\d))?-(\d{1,2})(?::(\d\d))?").fullmatch
_of_week = re.compile(rf"({'|'.join(_DAYS)})(?:-({'|'.join(_DAYS)}))? (\S+)").fullmatch


def week(text: str) -> dict[int, Pair]:
    """Return the hours by weekday, Monday is 0; days that are not named have none. Raises ImproperlyConfigured."""
    found: dict[int, Pair] = {}
    for part in _parts(text):
        match = _of_week(part)
        pair = _pair(match[3]) if match else None
        first = _DAYS.index(match[1]) if match else 0
        last = _DAYS.index(match[2] or match[1]) if match else 0
        if pair is None or last < first or found.keys() & set(range(first, last + 1)):
            raise _unreadable("OPERATOR_HOURS", "ma-vr 9:00-17:00; za 10:00-13:00", part)
        found |= dict.fromkeys(range(first, last + 1), pair)
    return found


def exceptions(text: str) -> dict[date, Pair | None]:
    """Return the days that differ from the week and from the holidays; None: closed. Raises ImproperlyConfigured."""
    found: dict[date, Pair | None] = {}
    for part in _parts(text):
        written, _space, hours = part.partition(" ")
        pair = _pair(hours)
        try:
            day = date.fromisoformat(written)
        except ValueError:
            day = None
        if day is None or day in found or (pair is None and hours != _CLOSED):
            raise _unreadable("OPERATOR_HOURS_EXCEPTIONS", "2026-12-24 9:00-12:00; 2026-12-31 dicht", part)
        found[day] = pair
    return found


def _parts(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split(";") if part.strip()]


def _pair(text: str) -> Pair | None:
    match = _hours(text)
    if match is None:
        return None
    try:
        opens, closes = time(int(match[1]), int(match[2] or 0)), time(int(match[3]), int(match[4] or 0))
    except ValueError:
        return None
    return (opens, closes) if opens < closes else None


def _unreadable(name: str, example: str, part: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} must be like '{example}', and {part!r} is not. See .env.example.")
