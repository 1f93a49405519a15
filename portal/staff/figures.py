"""The page of figures: from a day to a day, drawn and as tables, and each table for a spreadsheet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing import audit, rooms
from billing.desk.lists import files
from billing.desk.lists.columns import typed
from billing.rooms import Figure
from billing.text.typed_days import TypedDay
from portal.staff.pictures import Picture

FROM, TO = "van", "tot"
LONGEST = timedelta(days=5 * 366)
_EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The days from `first` to `last`, both included; `wrong` says why these are not what was typed."""

    first: date
    last: date
    wrong: str = ""


@never_cache
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show all figures of the chosen days: the running month when nothing was chosen."""
    today = timezone.localdate()
    chosen = _chosen(request, today)
    figures = [Picture(name, of(request.user, chosen.first, chosen.last)) for name, of in rooms.figures().items()]
    context = {
        **admin.site.each_context(request),
        "title": _("Figures"),
        "chosen": chosen,
        "kinds": files.KINDS,
        "periods": list(_periods(today)),
        "pictures": [picture for picture in figures if picture.figure.rows or picture.figure.says],
    }
    return render(request, "admin/figures.html", context, status=422 if chosen.wrong else 200)


@never_cache
@require_safe
def file(request: HttpRequest, name: str, kind: str) -> HttpResponseBase:
    """Return one of the figures for a spreadsheet."""
    chosen = _chosen(request, timezone.localdate())
    of = rooms.figures().get(name)
    if of is None or chosen.wrong or kind not in files.KINDS:
        raise Http404
    figure = of(request.user, chosen.first, chosen.last)
    by = audit.name_of(request.user)
    audit.record("list_exported", by=by, list=f"figures {name}", format=kind, rows=len(figure.rows))
    return files.file(_rows(figure), title=str(figure.title), kind=kind)


@require_safe
def of_month(request: HttpRequest) -> HttpResponse:
    """Lead a bookmark of the former page of months to the figures of that month; of none, to the page."""
    page = reverse("admin:figures")
    try:
        first = date.fromisoformat(f"{request.GET.get('maand', '')}-01")
    except ValueError:
        return HttpResponseRedirect(page)
    after = (first + timedelta(days=31)).replace(day=1)
    last = min(after - timedelta(days=1), timezone.localdate())
    return HttpResponseRedirect(f"{page}?{urlencode({FROM: first.isoformat(), TO: last.isoformat()})}")


def _rows(figure: Figure) -> Iterator[list[Any]]:
    yield [str(head) for head in figure.heads]
    for row in figure.rows:
        yield [typed(cell) for cell in row]


def _chosen(request: HttpRequest, today: date) -> Chosen:
    """Return the days that were asked for; with a sentence, those of the running month, when there are none such."""
    running = Chosen(today.replace(day=1), today)
    field = TypedDay(required=False)
    try:
        first = field.clean(request.GET.get(FROM, "")) or running.first
        last = field.clean(request.GET.get(TO, "")) or today
    except ValidationError:
        return Chosen(running.first, running.last, _("Type a day as 31-12-2026."))
    if first > last:
        return Chosen(running.first, running.last, _("“From” is after “to”."))
    if first < _EARLIEST or last > today or last - first > LONGEST:
        return Chosen(running.first, running.last, _("Choose at most five years, until today."))
    return Chosen(first, last)


def _periods(today: date) -> Iterator[tuple[str, date, date]]:
    """Yield the words, and first and last day, of times that are looked at often."""
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    quarter = today.replace(month=today.month - (today.month - 1) % 3, day=1)
    yield _("today"), today, today
    yield _("this month"), month, today
    yield _("last month"), before, month - timedelta(days=1)
    yield _("this quarter"), quarter, today
    yield _("this year"), today.replace(month=1, day=1), today
    yield _("last year"), date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)
