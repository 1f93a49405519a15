"""The page on which a person says what the columns of a spreadsheet are."""

from itertools import zip_longest
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from billing.errors import Refused
from billing.models import AccessEvent, SubmittedFile
from billing.privacy import access_log
from portal.intake import handing_in, spreadsheets
from portal.intake.adapters import columns
from portal.intake.desk.rows import file_of


@never_cache
def show(request: HttpRequest, file_id: int) -> HttpResponse:
    """Show each column with examples and what it seems to be; POST says what they are, and the file is checked."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    row = file_of(request, file_id)
    if row.status != SubmittedFile.Status.COLUMNS:
        if request.method == "POST":
            return HttpResponseRedirect(reverse("admin:hand_in_file", args=[row.pk]), status=303)
        raise Http404
    if request.method != "POST":
        return _page(request, row, row.facts["fields"])
    fields = request.POST.getlist("field")
    try:
        spreadsheets.say_columns(row, fields)
    except Refused as refusal:
        return _page(request, row, fields, refusal=str(refusal))
    handing_in.begin(row)
    return HttpResponseRedirect(reverse("admin:hand_in_file", args=[row.pk]), status=303)


def _page(request: HttpRequest, row: SubmittedFile, fields: list[str], *, refusal: str = "") -> HttpResponse:
    """Render the page. Raises when the access log can't be written: the examples are of patients."""
    access_log.record_staff(request, AccessEvent.Act.READ, invoice=None, data=f"columns of file {row.pk}")
    facts: dict[str, Any] = row.facts
    told = zip_longest(facts["header"], fields[: len(facts["header"])], facts["examples"], fillvalue="")
    context = {
        **admin.site.each_context(request),
        "title": _("What are these columns?"),
        "file": row,
        "name": facts["name"],
        "columns": list(told),
        "ours": [(field, column.label) for field, column in columns.columns().items()],
        "missing": columns.missing(fields),
        "dropped": facts["dropped"],
        "refusal": refusal,
    }
    return render(request, "admin/hand_in/columns.html", context, status=422 if refusal else 200)
