"""What the patient pages of every room call first: which invoice may this browser see."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.invoices.state import InvoiceView, look_at
from billing.models import Invoice
from guests import access


def visible_invoice(request: HttpRequest, token: str, *, withdrawn: bool = False) -> InvoiceView | None:
    """Return the invoice of `token` when this browser may see it, else None.

    One that was withdrawn only for pages that say so (`withdrawn`): there is nothing to do about it any more.
    """
    if not access.may_see(request, token, now=timezone.now()):
        return None
    view = look_at(token, today=timezone.localdate())
    return view if view and (withdrawn or view.status != "withdrawn") else None


def visible_row(request: HttpRequest, token: str, *, withdrawn: bool = False) -> Invoice | None:
    """Return the row behind `token`, with its provider, for pages that act on it; None as for `visible_invoice`."""
    if not access.may_see(request, token, now=timezone.now()):
        return None
    rows = Invoice.objects.filter(token=token, erased_at=None).select_related("provider")
    return (rows if withdrawn else rows.filter(withdrawn_at=None)).first()


def session_ended(request: HttpRequest) -> HttpResponse:
    """Redirect to the lookup page with an explanation; the same for unknown, erased and never opened invoices.

    When the invoice in the address was withdrawn a moment ago, redirect to its page, which says so.
    """
    token = request.resolver_match.kwargs.get("token", "") if request.resolver_match else ""
    if token and visible_row(request, token, withdrawn=True):
        return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)
    messages.info(
        request, _("For your privacy we closed the page of your invoice. Enter the payment reference to open it again.")
    )
    return HttpResponseRedirect(reverse("lookup"), status=303)
