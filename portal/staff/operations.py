"""The page for operations: the metrics at a glance, and charts of thirty days."""

import math
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from billing.models import DayFigure
from billing.money import from_cents
from billing.practices.first_day import announcements_held_back
from billing.rooms import Figure
from billing.statements import figures
from guests.sms_code import few_are_used
from portal.staff import last_runs
from portal.staff.metrics import Reading, readings
from portal.staff.pictures import Picture

DAYS = 30
Name = DayFigure.Name


@never_cache
def show(request: HttpRequest) -> HttpResponse:
    """Show the page. Only for operations, because it counts over all providers."""
    member: Any = request.user
    if not member.is_operations:
        raise PermissionDenied
    now = timezone.now()
    today = timezone.localdate(now)
    context = {
        "title": _("How it is doing"),
        "tiles": [*_silent(now), *_tiles({reading.name: reading for reading in readings(now)})],
        "pictures": pictures(today),
    }
    return render(request, "admin/operations.html", {**admin.site.each_context(request), **context})


def pictures(today: date) -> list[Picture]:
    """Return charts of money in, amounts owed by age, and messages, for the last thirty days."""
    known = figures.last_days(today, days=DAYS)
    days = [today - timedelta(days=DAYS - 1 - n) for n in range(DAYS)]
    owed = [Name.NOT_DUE, Name.DUE_30, Name.DUE_90, Name.DUE_OLDER]
    return [
        _picture("money", _("Money in"), [Name.MONEY_IN], known, days, is_money=True),
        _picture("owed", _("What patients owe, by age"), owed, known, days, is_money=True),
        _picture("messages", _("Messages"), [Name.SENT, Name.STUCK], known, days, is_money=False),
    ]


def _picture(
    name: str,
    title: str,
    parts: list[DayFigure.Name],
    known: dict[str, list[int | None]],
    days: list[date],
    *,
    is_money: bool,
) -> Picture:
    by_day = zip(*(known[part] for part in parts), strict=True)
    rows = [
        (day, *(None if v is None else from_cents(v) if is_money else v for v in values))
        for day, values in zip(days, by_day, strict=True)
    ]
    return Picture(name, Figure(title, (_("Day"), *(part.label for part in parts)), rows, drawn=len(parts)))


def _silent(now: datetime) -> list[tuple[str, Any, bool]]:
    """Return a tile for each part of the machinery that may fall silent, and one for the sweep that is silent longest.

    A sweep is named where it is silent too long: that is what to look for in the log.
    """
    found = last_runs.silences(now)
    words = last_runs.in_words()
    tiles: list[tuple[str, Any, bool]] = [
        (str(words[one.what]), _ago(one.seconds), one.is_too_long) for one in found if not one.is_sweep
    ]
    sweeps = [one for one in found if one.is_sweep]
    silent = [one for one in sweeps if one.is_too_long] or [max(sweeps, key=lambda one: one.seconds / one.limit)]
    return tiles + [
        (_("since the last sweep ended: %(name)s") % {"name": one.what}, _ago(one.seconds), one.is_too_long)
        for one in silent
    ]


def _ago(seconds: float) -> str:
    """Return an age in its largest unit: seconds, minutes, hours or days."""
    if math.isinf(seconds):
        return _("never")
    units = ((86400, _("d")), (3600, _("h")), (60, _("min")), (1, _("s")))
    size, unit = next((one for one in units if seconds >= 2 * one[0]), units[-1])
    return f"{int(seconds // size)} {unit}"


def _tiles(found: dict[str, Reading]) -> list[tuple[str, Any, bool]]:
    """Return label, number, and whether it needs attention, for each tile."""
    codes, outbox, payments = (found[n].values for n in ("codes_last_hour", "outbox_messages", "payments_last_day"))
    stuck = int(outbox["failed"] + outbox["in_doubt"])
    due, unsent = found["outbox_oldest_seconds"].value, found["outbox_unsent_seconds"].value
    webhook = found["webhooks_oldest_seconds"].value
    held_back = announcements_held_back()
    limit, unsent_limit = settings.WORK_WAITS_SECONDS, settings.MESSAGE_UNSENT_SECONDS
    tiles: list[tuple[str, Any, bool]] = [
        (_("payments paid in 24 hours"), int(payments["paid"]), False),
        (_("payments not finished"), int(payments["open"] + payments["pending"] + payments["create_unknown"]), False),
        (_("messages waiting"), int(outbox["queued"] + outbox["sending"]), False),
        (_("minutes that the oldest message waits"), round(due / 60), due >= limit),
        (_("since the oldest unsent message was queued"), _ago(unsent), unsent >= unsent_limit),
        (_("messages failed or in doubt"), stuck, stuck > 0),
        (_("calls of the bank waiting"), int(found["webhooks_waiting"].value), webhook >= limit),
        (_("codes sent in an hour"), int(codes["sent"]), False),
        (_("of which used"), int(codes["verified"]), few_are_used(int(codes["sent"]), int(codes["verified"]))),
        (_("letters under way"), int(found["letters_under_way"].value), False),
        (_("announcements that wait for details of a practice"), held_back, held_back > 0),
        (_("open staff tasks"), int(found["staff_tasks_open"].value), False),
    ]
    if "broker_up" in found:
        up = bool(found["broker_up"].value)
        tiles += [
            (_("broker"), _("answers") if up else _("does not answer"), not up),
            (_("tasks in the queue"), int(found["queue_messages"].value) if up else "?", not up),
        ]
    return tiles
