"""The statement of account as staff see it: the same as the patient's, and a copy to send."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from billing import rights
from billing.documents import desk, moment
from billing.documents.attachment import attachment
from billing.models import AccessEvent, Invoice, Staff
from billing.privacy import access_log
from billing.rooms import DeskPage
from billing.statements import account, copies
from billing.statements.account import Statement
from billing.tenancy import visible_to

_DATA = "statement"
_ADDRESS = "rekening/<int:object_id>/overzicht"


def pages() -> tuple[DeskPage, ...]:
    """Return the addresses under /beheer/, for staff of every role."""
    everybody = frozenset(Staff.Role)
    return (
        DeskPage(f"{_ADDRESS}/", show, "billing_invoice_statement", everybody),
        DeskPage(f"{_ADDRESS}.pdf", pdf, "billing_invoice_statement_pdf", everybody),
        DeskPage(f"{_ADDRESS}.csv", csv, "billing_invoice_statement_csv", everybody),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, object_id: int) -> HttpResponse:
    """Show all invoices of the patient at the practice, line by line, or send the patient a copy."""
    invoice = _invoice(request, object_id)
    if request.method == "POST":
        return _send(request, invoice)
    context = {
        **admin.site.each_context(request),
        "title": _("Statement for the patient"),
        "invoice": invoice,
        "statement": _statement(request, invoice, AccessEvent.Act.READ),
    }
    return render(request, "admin/statement.html", context)


@never_cache
@require_safe
def pdf(request: HttpRequest, object_id: int) -> HttpResponse:
    """Return the same as a PDF."""
    statement = _to_take_away(request, object_id)
    source = account.to_print(statement, language=translation.get_language() or "nl")
    return moment.order(request, source, name="overzicht.pdf", invoice=statement.invoice, page=desk.PAGE)


@never_cache
@require_safe
def csv(request: HttpRequest, object_id: int) -> HttpResponse:
    """Return the same for a spreadsheet."""
    statement = _to_take_away(request, object_id)
    return attachment(account.as_csv(statement), name="overzicht.csv", content_type="text/csv; charset=utf-8")


def _invoice(request: HttpRequest, object_id: int) -> Invoice:
    """Return the invoice if this person may see it; raise 404 for another practice's as for an unknown one."""
    rows = Invoice.objects.filter(erased_at=None).select_related("provider", "patient")
    found = visible_to(request.user, rows, provider_path="provider").filter(pk=object_id).first()
    if found is None:
        raise Http404
    return found


def _statement(request: HttpRequest, invoice: Invoice, act: AccessEvent.Act) -> Statement:
    """Return all of it; the look is written down before it is read."""
    access_log.record_staff(request, act, invoice=invoice, data=_DATA)
    return account.statement_of(invoice, whole=True)


def _to_take_away(request: HttpRequest, object_id: int) -> Statement:
    """Return it for a file. Raises PermissionDenied for whom the practice lets download nothing of patients."""
    invoice = _invoice(request, object_id)
    if not rights.may(request.user, "download"):
        raise PermissionDenied
    return _statement(request, invoice, AccessEvent.Act.DOWNLOAD)


def _send(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    member: Any = request.user
    if not rights.may(member, "resend"):
        raise PermissionDenied
    outcome = copies.send(invoice, by=member)
    level = messages.SUCCESS if outcome == copies.Sent.QUEUED else messages.WARNING
    messages.add_message(request, level, str(outcome.label))
    return HttpResponseRedirect(reverse("admin:billing_invoice_statement", args=[invoice.pk]), status=303)
