"""The proof of payment of an invoice: a page, and the same as PDF. No name and no care: the reference opens it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from billing.documents import moment, pdf
from billing.invoices.state import InvoiceView
from billing.models import Invoice, LedgerTransaction
from billing.rooms import Text
from guests import access, gate, throttle
from guests.pages import session_ended, visible_invoice
from portal import context
from portal.pages import errors
from portal.pages.invoice import what_was

_DRAWN = throttle.Limit("proof", 30, 3600)  # PDF files for one network: drawing one costs a worker a tenth of a second


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of money, in euros; negative: it went back."""

    at: datetime
    what: Text
    amount: Decimal


def _facts(view: InvoiceView) -> dict[str, Any]:
    moved = [booked for booked in view.history.booked if booked.kind in LedgerTransaction.PAID]
    lines = [Line(booked.at, what_was(booked) or "", -booked.amount) for booked in moved]
    return {"invoice": view, "sums": view.history.sums, "payments": lines, "today": timezone.localdate()}


def _paid(request: HttpRequest, token: str) -> InvoiceView | HttpResponse:
    """Return the invoice when this browser may see it and something was paid; else where to go."""
    view = visible_invoice(request, token, withdrawn=True)
    if view is None:
        return session_ended(request)
    if view.history.sums.paid <= 0:
        return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)
    return view


@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    view = _paid(request, token)
    return render(request, "pages/proof.html", _facts(view)) if isinstance(view, InvoiceView) else view


@require_safe
def download(request: HttpRequest, token: str) -> HttpResponse:
    view = _paid(request, token)
    if not isinstance(view, InvoiceView):
        return view
    if wait := throttle.take(_DRAWN, access.client_network(request), now=timezone.now()):
        return errors.too_many(request, wait_seconds=wait)
    language = translation.get_language()
    source = pdf.html(_facts(view) | context.site(request), language=language, template="pdf/proof.html")
    about = Invoice.objects.get(pk=view.invoice_id)
    until = gate.closes_at(request, token, now=timezone.now())
    return moment.order(request, source, name="betaalbewijs.pdf", invoice=about, until=until)
