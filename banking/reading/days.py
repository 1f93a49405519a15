"""Days as banks write them, in Amsterdam."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.errors import Refused

AMSTERDAM = ZoneInfo("Europe/Amsterdam")  # where the bank's day is, whatever our own time zone
_SHAPE = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII
)  # fmt: skip


def day_of_xml(text: str) -> date:
    """Return the day of an ISO date, or of a moment in Amsterdam: 23:00Z is the next day. Raises Refused."""
    found = _SHAPE.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError
        day = date.fromisoformat(found[1])
        if found[2] and found[2].startswith("24:"):
            return _reasonable(day + timedelta(days=1))
        if found[2] and found[3]:
            moment = datetime.fromisoformat(f"{found[1]}T{found[2]}{found[3].replace('Z', '+00:00')}")
            return _reasonable(moment.astimezone(AMSTERDAM).date())
        if found[2]:
            datetime.fromisoformat(f"{found[1]}T{found[2]}")
        return _reasonable(day)
    except (ValueError, OverflowError):
        raise Refused(_("There is a date in it that is no date.")) from None


def day_of_mt940(text: str) -> date:
    """Return the day of YYMMDD. Raises Refused."""
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6]))
    except ValueError:
        raise Refused(_("There is a date in it that is no date.")) from None


def near(value_on: date, month_and_day: str) -> date:
    """Return the booking day MMDD nearest to the value date, which may be in another year. Raises Refused."""
    possible = []
    for year in (value_on.year - 1, value_on.year, value_on.year + 1):
        try:
            possible.append(date(year, int(month_and_day[:2]), int(month_and_day[2:])))
        except ValueError:
            continue  # the 29th of February is not in every year
    if not possible:
        raise Refused(_("There is a date in it that is no date."))
    return min(possible, key=lambda day: abs(day - value_on))


def _reasonable(day: date) -> date:
    if not 1990 <= day.year <= 2100:
        raise ValueError
    return day
