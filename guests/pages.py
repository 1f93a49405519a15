"""What the patient pages of every room call first: which invoice may this browser see."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.invoices.state import InvoiceView, look_at
from billing.models import Invoice
from guests import access


def visible_invoice(request: HttpRequest, token: str) -> InvoiceView | None:
    """Return the invoice of `token` when this browser may see it, else None."""
    if not access.may_see(request, token, now=timezone.now()):
        return None
    return look_at(token, today=timezone.localdate())


def visible_row(request: HttpRequest, token: str) -> Invoice | None:
    """Return the row behind `token`, with its provider, for pages that act on it; None as for `visible_invoice`."""
    if not access.may_see(request, token, now=timezone.now()):
        return None
    return Invoice.objects.filter(token=token, withdrawn_at=None, erased_at=None).select_related("provider").first()


def session_ended(request: HttpRequest) -> HttpResponse:
    """Redirect to the lookup page with an explanation; the same for unknown, withdrawn and never opened invoices."""
    messages.info(
        request, _("For your privacy we closed the page of your invoice. Enter the payment reference to open it again.")
    )
    return HttpResponseRedirect(reverse("lookup"), status=303)
