"""An agency collects this invoice: whom to pay, what is owed, and what to ask of it through us."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.errors import Refused
from billing.invoices.references import grouped
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
    if not view.facts["agency_name"]:
        return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)
    context = {
        "invoice": view,
        "asked": requests.asked(invoice),
        "iban": grouped(view.facts["agency_iban"]),
        "refusal": refusal,
    }
    return render(request, "debt_collection/at_agency.html", context, status=409 if refusal else 200)
