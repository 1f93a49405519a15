"""An agency collects this invoice: whom to pay, what is owed, and what to ask of it through us."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.errors import Refused
from billing.invoices.references import grouped
from billing.models import Invoice
from debt_collection import agencies
from debt_collection.models import Claim, HandOver
from debt_collection.running import requests
from guests.pages import session_ended, visible_invoice, visible_row


@require_http_methods(["GET", "HEAD", "POST"])
def of_invoice(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is asked of the agency; POST passes a request on. Who has no claim there goes to the invoice."""
    invoice = visible_row(request, token)
    if invoice is None:
        return session_ended(request)
    refusal = ""
    if request.method == "POST":
        try:
            requests.ask(invoice, request.POST.get("what", ""))
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, _("We pass it on to the collection agency today. They answer you."))
            return HttpResponseRedirect(reverse("at_agency", args=[token]), status=303)
    view = visible_invoice(request, token)
    if view is None:
        return session_ended(request)
    claim = _live_claim(invoice)
    if claim is None:
        return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)
    context = {
        "invoice": view,
        "asked": requests.asked(invoice),
        "case": claim.hand_over,
        "is_registered": not agencies.is_lapsed(claim.hand_over.agency, today=timezone.localdate()),
        "iban": grouped(claim.hand_over.agency.iban),
        "rests": view.reasons_to_rest,
        "refusal": refusal,
    }
    return render(request, "debt_collection/at_agency.html", context, status=409 if refusal else 200)


def _live_claim(invoice: Invoice) -> Claim | None:
    """Return the claim that an agency collects for us now, with the agency."""
    live = Claim.objects.filter(invoice=invoice, closed_at=None, hand_over__status__in=HandOver.LIVE)
    return live.select_related("hand_over__agency", "hand_over__provider").first()
