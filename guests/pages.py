"""What the patient pages of every room call first: which invoice may this browser see."""

from functools import cache
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import rooms
from billing.invoices.state import InvoiceView, look_at
from guests import access


@cache
def _facts() -> dict[str, Any]:
    """Return the facts that the panels of the rooms need, as annotations of the invoice query."""
    return {name: fact for panel in rooms.invoice_panels() for name, fact in panel.facts.items()}


def visible_invoice(request: HttpRequest, token: str) -> InvoiceView | None:
    """Return the invoice of `token` when this browser may see it, else None."""
    if not access.may_see(request, token, now=timezone.now()):
        return None
    return look_at(token, today=timezone.localdate(), **_facts())


def session_ended(request: HttpRequest) -> HttpResponse:
    """Redirect to the lookup page with an explanation; the same for unknown, withdrawn and never opened invoices."""
    messages.info(
        request, _("For your privacy we closed the page of your invoice. Enter the payment reference to open it again.")
    )
    return HttpResponseRedirect(reverse("lookup"), status=303)
