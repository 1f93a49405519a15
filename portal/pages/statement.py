"""The statement of account: of one invoice, and behind the code of all invoices of the patient at the practice."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_GET

from billing.documents.attachment import attachment
from billing.models import AccessEvent, Invoice
from billing.statements import account as statements
from billing.statements.account import Statement
from guests import gate, medical
from guests.pages import session_ended, visible_row

_DATA = "statement"


@require_GET
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Show the statement: the whole one to a patient who gave the code, else that of this invoice alone."""
    invoice = visible_row(request, token)
    if invoice is None:
        return session_ended(request)
    context = {"invoice": invoice, "statement": _statement(request, invoice, AccessEvent.Act.READ)}
    return render(request, "pages/statement.html", context)


@require_GET
def all_invoices(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the whole statement by way of the code."""
    invoice = visible_row(request, token)
    if invoice is None:
        return session_ended(request)
    return medical.ask_for_code(token, then=reverse("statement", args=[token]))


@require_GET
def pdf(request: HttpRequest, token: str) -> HttpResponse:
    """Return the same as a PDF."""
    invoice = visible_row(request, token)
    if invoice is None:
        return session_ended(request)
    content = statements.as_pdf(
        _statement(request, invoice, AccessEvent.Act.DOWNLOAD), language=translation.get_language()
    )
    return attachment(content, name="overzicht.pdf", content_type="application/pdf")


@require_GET
def csv(request: HttpRequest, token: str) -> HttpResponse:
    """Return the same for a spreadsheet."""
    invoice = visible_row(request, token)
    if invoice is None:
        return session_ended(request)
    content = statements.as_csv(_statement(request, invoice, AccessEvent.Act.DOWNLOAD))
    return attachment(content, name="overzicht.csv", content_type="text/csv; charset=utf-8")


def _statement(request: HttpRequest, invoice: Invoice, act: AccessEvent.Act) -> Statement:
    """Return what this browser may see; a look at all invoices of a person is written down before it is read."""
    granted = gate.passed(request, invoice.token, now=timezone.now())
    if granted:
        medical.record_look(request, act, invoice=invoice, data=_DATA, grounds=granted.grounds)
    return statements.statement_of(invoice, whole=granted is not None)
