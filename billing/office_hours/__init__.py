"""When our desk answers: the week as the operator set it, the days that differ, and what is true at a moment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import groupby

from babel import Locale
from babel.lists import format_list
from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format, time_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.law.calendar import AMSTERDAM, DAY, SATURDAY

# Public holidays, yet ordinary days at our desk: to count them as free would only make us slower.
_WORKED = ("Good Friday", "Liberation Day")
_LOOKED_AHEAD = 60  # days in which a desk that is open at all opens again


@dataclass(frozen=True, slots=True)
class Hours:
    """From when until when somebody answers on a day; `closes` is the first moment at which nobody does."""

    opens: time
    closes: time


def hours_on(day: date) -> Hours | None:
    """Return when somebody answers on `day`: as an exception says, else as the week says unless it is a holiday."""
    if day in settings.OFFICE_EXCEPTIONS:
        return _as_hours(settings.OFFICE_EXCEPTIONS[day])
    return None if is_public_holiday(day) else _as_hours(settings.OFFICE_WEEK.get(day.weekday()))


def _as_hours(pair: tuple[time, time] | None) -> Hours | None:
    return Hours(*pair) if pair else None


def is_known() -> bool:
    """Tell whether the operator said at all when somebody answers."""
    return bool(settings.OFFICE_WEEK)


def is_working_day(day: date) -> bool:
    """Tell whether somebody works at our desk on `day`; where no hours are set, as `is_desk_day`."""
    return hours_on(day) is not None if is_known() else is_desk_day(day)


def is_desk_day(day: date) -> bool:
    """Tell whether a desk of an ordinary week works: Monday to Friday, but for public holidays."""
    return day.weekday() < SATURDAY and not is_public_holiday(day)


def is_public_holiday(day: date) -> bool:
    """Tell whether `day` is a Dutch public holiday on which desks are closed; Good Friday and 5 May are worked."""
    return day in _holidays_of(day.year)


@cache
def _holidays_of(year: int) -> frozenset[date]:
    import holidays  # takes a second to load

    public = holidays.country_holidays("NL", years=year, categories=("public",), language="en_US")
    return frozenset(day for day, name in public.items() if name not in _WORKED)


def next_opening(now: datetime) -> tuple[date, Hours] | None:
    """Return the day and the hours on which somebody answers next, today's while they last; None without any."""
    local = now.astimezone(AMSTERDAM)
    for ahead in range(_LOOKED_AHEAD):
        day = local.date() + timedelta(days=ahead)
        hours = hours_on(day)
        if hours and (ahead or local.time() < hours.closes):
            return day, hours
    return None


def now_in_words(now: datetime) -> str:
    """Say whether somebody answers now and until when, or from when; empty where no hours are set."""
    found = next_opening(now)
    if found is None:
        return ""
    (day, hours), local = found, now.astimezone(AMSTERDAM)
    said = {"opens": in_words(hours.opens), "closes": in_words(hours.closes)}
    if day == local.date() and hours.opens <= local.time():
        return _("Open now, until %(closes)s.") % said
    if day == local.date():
        return _("Closed now. Open today from %(opens)s to %(closes)s.") % said
    if day == local.date() + DAY:
        return _("Closed now. Open tomorrow from %(opens)s to %(closes)s.") % said
    said["day"] = day_in_words(day)
    return _("Closed now. Open on %(day)s from %(opens)s to %(closes)s.") % said


def week_in_words() -> str:
    """Say the hours of an ordinary week, days with the same hours together; empty where no hours are set."""
    return _in_words(tuple(settings.OFFICE_WEEK.get(day) for day in range(7)), get_language())


@lru_cache(maxsize=32)  # a week of each language: it stands in every mail
def _in_words(week: tuple[tuple[time, time] | None, ...], _language: str | None) -> str:
    return ", ".join(_runs(week))


def languages_in_words() -> str:
    """Say the languages that our desk speaks, as the active language names and lists them; empty where none are set."""
    locale = Locale((get_language() or settings.LANGUAGE_CODE).partition("-")[0])  # easy Dutch is Dutch
    return format_list([locale.languages.get(code, code) for code in settings.OFFICE_LANGUAGES], locale=locale)


def _runs(week: Sequence[tuple[time, time] | None]) -> Iterator[str]:
    for pair, run in groupby(enumerate(week), key=lambda found: found[1]):
        if pair is None:
            continue
        of_run = [str(WEEKDAYS[day]) for day, _pair in run]
        said = {"first": of_run[0], "last": of_run[-1], "opens": in_words(pair[0]), "closes": in_words(pair[1])}
        if len(of_run) == 1:
            yield _("%(first)s from %(opens)s to %(closes)s") % said
        else:
            yield _("%(first)s to %(last)s from %(opens)s to %(closes)s") % said


def days_that_differ(today: date) -> list[tuple[date, Hours | None]]:
    """Return the next days that are not as the week says, with their hours; None: nobody answers."""
    ahead = (today + timedelta(days=after) for after in range(_LOOKED_AHEAD))
    return [
        (day, hours_on(day)) for day in ahead if hours_on(day) != _as_hours(settings.OFFICE_WEEK.get(day.weekday()))
    ]


def in_words(moment: time) -> str:
    """Return a time of day as the reader's language writes it."""
    return time_format(moment, "TIME_FORMAT")


def day_in_words(day: date) -> str:
    """Return a day with the name of its weekday."""
    return date_format(day, "l j F")
