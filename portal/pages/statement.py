"""The statement of account: of what this browser may see, and behind the code of all invoices of the patient."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_GET

from billing.documents import moment
from billing.documents.attachment import attachment
from billing.models import AccessEvent, Invoice
from billing.statements import account as statements
from billing.statements.account import Statement
from guests import access, gate, medical, throttle
from guests.pages import session_ended, visible_row
from portal.pages import errors

_DATA = "statement"
# PDF files for one network: the drawing of two hundred lines costs a worker seconds.
_DRAWN = throttle.Limit("statement", 30, 3600)


@require_GET
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Show the statement: the whole one to a patient who gave the code, else that of this invoice alone."""
    invoice = visible_row(request, token, withdrawn=True)
    if invoice is None:
        return session_ended(request)
    statement = _statement(request, invoice, AccessEvent.Act.READ)
    opened = [] if statement.whole else _opened(request, invoice)
    context = {
        "invoice": invoice,
        "statement": statement,
        "opened": bool(opened),
        "together": len(statement.numbers) > 1,
    }
    return render(request, "pages/statement.html", context)


@require_GET
def all_invoices(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the whole statement by way of the code."""
    invoice = visible_row(request, token, withdrawn=True)
    if invoice is None:
        return session_ended(request)
    return medical.ask_for_code(token, then=reverse("statement", args=[token]))


@require_GET
def pdf(request: HttpRequest, token: str) -> HttpResponse:
    """Return the same as a PDF."""
    invoice = visible_row(request, token, withdrawn=True)
    if invoice is None:
        return session_ended(request)
    if wait := throttle.take(_DRAWN, access.client_network(request), now=timezone.now()):
        return errors.too_many(request, wait_seconds=wait)
    source = statements.to_print(
        _statement(request, invoice, AccessEvent.Act.DOWNLOAD), language=translation.get_language()
    )
    until = gate.closes_at(request, token, now=timezone.now())
    return moment.order(request, source, name="overzicht.pdf", invoice=invoice, until=until)


@require_GET
def csv(request: HttpRequest, token: str) -> HttpResponse:
    """Return the same for a spreadsheet."""
    invoice = visible_row(request, token, withdrawn=True)
    if invoice is None:
        return session_ended(request)
    content = statements.as_csv(_statement(request, invoice, AccessEvent.Act.DOWNLOAD))
    return attachment(content, name="overzicht.csv", content_type="text/csv; charset=utf-8")


def _statement(request: HttpRequest, invoice: Invoice, act: AccessEvent.Act) -> Statement:
    """Return what this browser may see; a look at all invoices of a person is written down before it is read."""
    granted = gate.passed(request, invoice.token, now=timezone.now())
    if granted:
        medical.record_look(request, act, invoice=invoice, data=_DATA, grounds=granted.grounds)
        return statements.statement_of(invoice, whole=True)
    others = _opened(request, invoice) if "samen" in request.GET else []
    return statements.statement_of(invoice, whole=False, others=others)


def _opened(request: HttpRequest, invoice: Invoice) -> list[Invoice]:
    """Return the other invoices of the same practice whose references this browser has proven, in their order."""
    tokens = access.opened(request, now=timezone.now())
    rows = Invoice.objects.filter(token__in=tokens, provider=invoice.provider_id, erased_at=None, withdrawn_at=None)
    return list(rows.exclude(pk=invoice.pk).order_by("issued_on", "pk"))
