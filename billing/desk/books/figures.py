"""Billing's figures for a practice: what came in, what was booked, and what is open. They add up to the ledger."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from billing.money import ZERO
from billing.rooms import Figure
from billing.statements import booked

_DAYS = 62  # of which each has a row; longer times have one a month


def came_in(staff: Any, first: date, last: date) -> Figure:
    """Return what came in, by day or month and by road."""
    by_month = (last - first).days >= _DAYS
    sums = booked.came_in(staff, first, last, by_month=by_month)
    roads = sorted({road for _day, road in sums}, key=lambda road: -sum(sums[key] for key in sums if key[1] == road))
    rows = [
        (_named(day, by_month=by_month), *(sums.get((day, road), ZERO) for road in roads))
        for day in _days(first, last, by_month=by_month)
    ]
    return Figure(
        _("What came in"),
        (_("Month") if by_month else _("Day"), *map(booked.name_of_road, roads)),
        rows if roads else [],
        says=_("Money of patients, by the day on which it was booked and the way it came. What was undone is off."),
        drawn=len(roads),
        total=True,
    )


def of_period(staff: Any, first: date, last: date) -> Figure:
    """Return what was booked, from what was open before to what was open after."""
    period = booked.of_period(staff, first, last)
    rows = [
        (_("open at the start"), period.opening),
        *period.lines,
        (_("open at the end"), period.closing),
    ]
    says = _("All that was booked in this time. A payment that came in earlier and was booked now counts now.")
    return Figure(_("From the start to the end"), (_("What"), _("Amount")), rows, says=says)


def open_by_age(staff: Any, _first: date, _last: date) -> Figure:
    """Return what is open today, by how late it is."""
    *ages, credit = booked.open_by_age(staff, timezone.localdate())
    rows = [*ages, credit] if credit[1] else ages
    says = _("What patients owe today, whatever time was chosen, and the credit that they have.")
    return Figure(_("Open today, by age"), (_("How late"), _("Amount")), rows, says=says, drawn=1, total=True)


FIGURES = {"ontvangen": came_in, "geboekt": of_period, "open": open_by_age}


def _days(first: date, last: date, *, by_month: bool) -> list[date]:
    """Return the days from `first` to `last`, or the first days of their months."""
    if not by_month:
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]
    days = [first.replace(day=1)]
    while (following := (days[-1] + timedelta(days=31)).replace(day=1)) <= last:
        days.append(following)
    return days


def _named(day: date, *, by_month: bool) -> Any:
    return date_format(day, "F Y") if by_month else day
