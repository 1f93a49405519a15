"""The page with the figures of a month, and the same for a spreadsheet."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from billing.documents.attachment import attachment
from billing.statements import months, spreadsheet
from billing.statements.months import Month


@never_cache
def show(request: HttpRequest) -> HttpResponse:
    """Show one month, the running one unless another was chosen."""
    chosen = _chosen(request)
    context = {
        **admin.site.each_context(request),
        "title": _("Figures of the month"),
        "month": chosen,
        "choices": months.months_until(timezone.localdate()),
        "ages": months.open_by_age(request.user, timezone.localdate()),
    }
    return render(request, "admin/months.html", context)


@never_cache
def csv(request: HttpRequest) -> HttpResponse:
    """Return the same month as CSV."""
    chosen = _chosen(request)
    rows: list[list[Any]] = [[_("What"), _("Amount")], [_("open at the start of the month"), chosen.opening]]
    rows += [[what, amount] for what, amount in chosen.lines]
    rows.append([_("open at the end of the month"), chosen.closing])
    for age, amount in months.open_by_age(request.user, timezone.localdate()):
        rows.append([_("open today: %(age)s") % {"age": age}, amount])
    name = f"maandcijfers-{chosen.first:%Y-%m}.csv"
    return attachment(spreadsheet.as_csv(rows), name=name, content_type="text/csv; charset=utf-8")


def _chosen(request: HttpRequest) -> Month:
    choices = months.months_until(timezone.localdate())
    wanted = request.GET.get("maand", f"{choices[0]:%Y-%m}")
    found = next((first for first in choices if f"{first:%Y-%m}" == wanted), None)
    if found is None:
        raise Http404
    return months.of_month(request.user, found)
