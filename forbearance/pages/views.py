"""“I can't pay this now”: later or in parts, a breathing space, or help with debts. Nobody is asked why."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from billing.errors import Refused
from billing.models import Invoice
from billing.plans.options import options_for
from forbearance import breathing_space, doors, rests
from forbearance.doors import BODIES
from forbearance.models import Forbearance
from guests.pages import session_ended, visible_invoice, visible_row


@require_safe
def general(request: HttpRequest) -> HttpResponse:
    """Say what is possible, for whoever has not looked an invoice up."""
    return render(request, "forbearance/general.html", {"days": settings.BREATHING_SPACE_DAYS})


@require_safe
def help_with_debts(request: HttpRequest) -> HttpResponse:
    """Say who helps with debts, what it costs, and what to ask before a treatment."""
    return render(request, "forbearance/help.html", {"bodies": BODIES})


@require_http_methods(["GET", "HEAD", "POST"])
def of_invoice(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is possible for this invoice; POST takes a breathing space, and the same page confirms it."""
    invoice = visible_row(request, token)
    if invoice is None:
        return session_ended(request)
    refusal = ""
    if request.method == "POST":
        try:
            breathing_space.take(invoice.pk)
        except Refused as refused:
            refusal = str(refused)
        else:
            return HttpResponseRedirect(reverse("cannot_pay_invoice", args=[token]), status=303)
    return _page(request, token, invoice, refusal)


def _page(request: HttpRequest, token: str, invoice: Invoice, refusal: str) -> HttpResponse:
    view, today = visible_invoice(request, token), timezone.localdate()
    if view is None:
        return session_ended(request)
    context = {
        "view": view,
        "invoice": invoice,
        "offer": breathing_space.offer(invoice, today=today),
        "options": options_for(invoice, today),
        "is_deceased": rests.HOLDS[Forbearance.Kind.DECEASED] in view.holds,
        "help_first": doors.help_first(invoice),
        "days": settings.BREATHING_SPACE_DAYS,
        "refusal": refusal,
        "today": today,
    }
    return render(request, "forbearance/cannot_pay.html", context, status=409 if refusal else 200)
