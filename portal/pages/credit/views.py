"""Credit: what was paid too much, where it is, and what the patient wants with it. The payment reference is enough.

The money only goes back to the account it came from, or pays another invoice of the same payer that is open in this
browser too: nobody who merely knows a reference gains by it.
"""

from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.errors import Refused
from billing.invoices.state import InvoiceView
from billing.links import new_token
from billing.models import Invoice
from billing.money import ZERO
from billing.payments import moves, refunds
from guests import access
from guests.pages import posted_to, session_ended, visible_invoice
from portal.pages.arrangement_forms import ShownAmount


class BackForm(forms.Form):
    amount = ShownAmount()


class UseForm(BackForm):
    invoice = forms.CharField(max_length=40)
    key = forms.CharField(max_length=32)


@dataclass(frozen=True, slots=True)
class Target:
    """Another invoice that is open in this browser, and how much of the credit would pay it, in euros."""

    token: str
    number: str
    amount: Decimal
    left: Decimal


@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    view = visible_invoice(request, token, withdrawn=True)
    return _page(request, view) if view else session_ended(request)


@posted_to("credit")
def ask(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the money, as it was shown."""
    view = visible_invoice(request, token, withdrawn=True)
    if view is None:
        return session_ended(request)
    form = BackForm(request.POST)
    seen = form.cleaned_data["amount"] if form.is_valid() else ZERO  # nonsense is an amount that nobody was shown
    try:
        refunds.ask(view.invoice_id, seen=seen)
    except Refused as refusal:
        return _page(request, visible_invoice(request, token, withdrawn=True) or view, refusal=str(refusal))
    messages.success(request, _("We have your question. Below you read what happens now."))
    return HttpResponseRedirect(reverse("credit", args=[token]), status=303)


@posted_to("credit")
def use(request: HttpRequest, token: str) -> HttpResponse:
    """Pay another invoice of the same payer, open in this browser, with the credit."""
    view = visible_invoice(request, token, withdrawn=True)
    if view is None:
        return session_ended(request)
    form = UseForm(request.POST)
    try:
        target = visible_invoice(request, form.cleaned_data["invoice"]) if form.is_valid() else None
        if target is None:
            raise Refused(_("Open the other invoice in this browser first. Then try again."))
        given = form.cleaned_data
        moves.move(view.invoice_id, target.invoice_id, seen=given["amount"], key=given["key"], by=refunds.BY_PATIENT)
    except Refused as refusal:
        return _page(request, visible_invoice(request, token, withdrawn=True) or view, refusal=str(refusal))
    messages.success(request, _("Your credit paid invoice %(number)s.") % {"number": target.number})
    return HttpResponseRedirect(reverse("credit", args=[token]), status=303)


def _page(request: HttpRequest, view: InvoiceView, *, refusal: str = "") -> HttpResponse:
    state = refunds.shown(view.invoice_id)
    if not refusal and not state.free and not state.under_way:
        return HttpResponseRedirect(reverse("invoice", args=[view.token]), status=303)
    context = {
        "invoice": view,
        "refunds": state,
        "targets": _targets(request, view) if state.free else [],
        "key": new_token(),
        "refusal": refusal,
    }
    return render(request, "pages/credit.html", context, status=409 if refusal else 200)


def _targets(request: HttpRequest, view: InvoiceView) -> list[Target]:
    """Return the other open invoices of the same payer that this browser may see."""
    source = Invoice.objects.select_related("patient").get(pk=view.invoice_id)
    seen = [token for token in access.opened(request, now=timezone.now()) if token != view.token]
    if not seen:
        return []
    found = []
    for other in refunds.others_open(source).filter(token__in=seen):
        amount = moves.movable(source, other)
        left = moves.left_after(other, amount)
        found.append(Target(other.token, other.number, amount, left))
    return found
