"""What an invoice is for, line by line: medical data, so the look is written down before it is read."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.desk.detail import Section, amount, short_day
from billing.models import AccessEvent, CareDetail, Invoice, Staff
from billing.money import ZERO
from billing.privacy import access_log
from billing.rooms import DeskPage
from billing.submission import birth_dates
from billing.tenancy import visible_to

DATA = "invoice lines"  # its name in the access log


@dataclass(frozen=True, slots=True)
class Care:
    """For whom a practice made an invoice, and what for, in words."""

    name: str
    born: str
    lines: Section


def pages() -> tuple[DeskPage, ...]:
    """Return the address under /beheer/, for staff of every role."""
    return (DeskPage("rekening/<int:object_id>/regels/", show, "billing_invoice_lines", frozenset(Staff.Role)),)


@never_cache
@require_safe
def show(request: HttpRequest, object_id: int) -> HttpResponse:
    """Show the lines, the total, and for whom the practice made the invoice."""
    rows = Invoice.objects.filter(pk=object_id, erased_at=None).select_related("provider", "patient")
    invoice = visible_to(request.user, rows, provider_path="provider").first()
    if invoice is None:
        _record_refusal(request, object_id)
        raise Http404
    access_log.record_staff(request, AccessEvent.Act.READ, invoice=invoice, data=DATA)
    care = care_of(CareDetail.objects.select_related("invoice").get(invoice=invoice))
    context = {
        **admin.site.each_context(request),
        "title": _("What invoice %(number)s is for") % {"number": invoice.number},
        "invoice": invoice,
        "person": _("%(name)s, born %(day)s") % {"name": care.name, "day": care.born},
        "sections": [care.lines],
    }
    return render(request, "admin/lines.html", context)


def care_of(detail: CareDetail) -> Care:
    """Return for whom an invoice was made, and what for. Medical data: the caller has written the access log."""
    person = detail.person
    name = " ".join(filter(None, (person["initials"], person["infix"], person["surname"])))
    born = birth_dates.in_words(person["date_of_birth"]) if person.get("date_of_birth") else "–"
    return Care(name, born, _section(detail.lines))


def _record_refusal(request: HttpRequest, object_id: int) -> None:
    """Write that somebody asked for the lines of an invoice that is there and not theirs."""
    row = Invoice.objects.filter(pk=object_id).select_related("provider").first()
    if row is not None:
        refused = AccessEvent.Outcome.REFUSED
        access_log.record_staff(request, AccessEvent.Act.READ, invoice=row, data=DATA, outcome=refused)


def _section(lines: list[dict[str, Any]]) -> Section:
    shown: list[tuple[Any, ...]] = []
    total = ZERO
    for line in lines:
        price = Decimal(line["unit_price"]) * line["quantity"]
        total += price
        day = short_day(parse_date(line["performed_on"]))
        shown.append((day, line["description"], line["code"], line["tooth"] or "–", line["quantity"], amount(price)))
    shown.append(("", _("Total"), "", "", "", amount(total)))
    columns = (_("day"), _("care"), _("code"), _("tooth"), _("quantity"), _("amount"))
    return Section(_("Lines"), columns, shown)
