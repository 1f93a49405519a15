"""What complaints teach, month by month: for operations of all practices, for staff of a practice of their own."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.errors import Refused
from billing.law.calendar import DAY, begin_of
from billing.rooms import CameIn, Figure
from billing.text import posted
from complaints import deadlines
from complaints.desk.base import files
from complaints.file import lessons
from complaints.models import Lesson

MONTHS = 12
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show the figures of a month and what is recommended; POST notes that a recommendation was carried out."""
    if request.method == "POST":
        return _done(request)
    today = timezone.localdate()
    first = _first_of(request.GET.get("maand", ""), today)
    last = deadlines.months_after(first, 1) - DAY
    mine = files(request.user)
    context = {
        **admin.site.each_context(request),
        "title": _("What complaints teach"),
        "month": first,
        "months": _last_months(today),
        "figures": lessons.figures(mine, first, last),
        "recommendations": [(row, row.facts.get("recommendation", "")) for row in lessons.recommendations(mine)],
        "today": today,
    }
    return render(request, "admin/complaints/figures.html", context)


def _last_months(today: date) -> list[date]:
    """Return the first days of the last twelve months, the newest first."""
    days = [today.replace(day=1)]
    while len(days) < MONTHS:
        days.append((days[-1] - DAY).replace(day=1))
    return days


def _first_of(given: str, today: date) -> date:
    found = _MONTH.fullmatch(given)
    return date(int(found[1]), int(found[2]), 1) if found else today.replace(day=1)


def _done(request: HttpRequest) -> HttpResponse:
    row = Lesson.objects.filter(complaint__in=files(request.user), pk=posted.key(request, "lesson")).first()
    if row is None:
        raise Http404
    try:
        lessons.done(row.pk, staff=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Noted."))
    return HttpResponseRedirect(reverse("admin:complaint_lessons"), status=303)


def came_in(staff: Any, day: date) -> Iterator[CameIn]:
    """Yield the complaints of a day."""
    begin, end = begin_of(day), begin_of(deadlines.next_day(day))
    count = files(staff).filter(received_at__gte=begin, received_at__lt=end).count()
    address = f"{reverse('admin:complaints_complaint_changelist')}?dag_van={day}&dag_tot={day}"
    yield CameIn(count, ngettext("complaint", "complaints", count), address)


def of_period(staff: Any, first: date, last: date) -> Figure:
    """Return the figures of the files of this time, for the page of figures."""
    found = lessons.figures(files(staff), first, last)
    shares = (
        (_("confirmed in time"), found.acknowledged_in_time),
        (_("answered in time"), found.answered_in_time),
        (_("the patient was right, in whole or in part"), found.upheld),
    )
    rows: list[tuple[Any, ...]] = [(_("received"), found.received), (_("answered"), found.answered)]
    rows += [(what, None if share is None else f"{share}%") for what, share in shares]
    rows += [(_("taken off invoices"), found.returned)]
    rows += [(f"{_('cause')}: {cause}", count) for cause, count in found.causes]
    says = _("Of the complaints that were received in this time.")
    return Figure(_("Complaints"), (_("What"), _("Number")), rows if found.received else [], says=says)
