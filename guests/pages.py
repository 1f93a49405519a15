"""What the patient pages of every room call first: which invoice may this browser see."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.invoices.state import InvoiceView, look_at
from billing.models import Invoice
from guests import access, kept

View = Callable[..., HttpResponse]
_IN_VIEW = "zorgrekening.in_view"  # in request.META: whose invoice the page is about, and its token


def is_about(request: HttpRequest, practice: Any, token: str) -> None:
    """Say that the page is about an invoice of `practice`: it tells how to reach it, and leads to what `token` opens.

    Without a token to a browser that may not see the invoice.
    """
    request.META[_IN_VIEW] = (practice, token)


def in_view(request: HttpRequest) -> tuple[Any, str]:
    """Return the practice whose invoice the page is about, and its token; None where it is about none, or several."""
    found: tuple[Any, str] = request.META.get(_IN_VIEW, (None, ""))
    return found


def visible_invoice(request: HttpRequest, token: str, *, withdrawn: bool = False) -> InvoiceView | None:
    """Return the invoice of `token` when this browser may see it, else None.

    One that was withdrawn only for pages that say so (`withdrawn`): there is nothing to do about it any more.
    """
    if not access.may_see(request, token, now=timezone.now()):
        return None
    view = look_at(token, today=timezone.localdate())
    if view is None or (view.status == "withdrawn" and not withdrawn):
        return None
    is_about(request, view.practice, token)
    return view


def visible_row(request: HttpRequest, token: str, *, withdrawn: bool = False) -> Invoice | None:
    """Return the row behind `token`, with its provider, for pages that act on it; None as for `visible_invoice`."""
    if not access.may_see(request, token, now=timezone.now()):
        return None
    rows = Invoice.objects.filter(token=token, erased_at=None).select_related("provider")
    row = (rows if withdrawn else rows.filter(withdrawn_at=None)).first()
    if row:
        is_about(request, row.provider, token)
    return row


def session_ended(request: HttpRequest) -> HttpResponse:
    """Redirect to the lookup page with an explanation; the same for unknown, erased and never opened invoices.

    What was filled in on a form that came too late is kept, and said on that page. When the invoice in the address was
    withdrawn a moment ago, redirect to its page, which says so.
    """
    token = request.resolver_match.kwargs.get("token", "") if request.resolver_match else ""
    if token and visible_row(request, token, withdrawn=True):
        return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)
    messages.info(
        request, _("For your privacy we closed the page of your invoice. Enter the payment reference to open it again.")
    )
    response = HttpResponseRedirect(reverse("lookup"), status=303)
    if request.method == "POST":
        kept.keep(request, response, kept.page_of(request), kept.filled_in(request.POST))
    return response


def posted_to(page: str) -> Callable[[View], View]:
    """Decorate the view of an address that only takes forms: whoever opens it goes to `page` of the same invoice."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponse:
            address = reverse(page, args=[token])
            if request.method == "POST":
                kept.belongs_to(request, address)
                return view(request, token, *args, **kwargs)
            return HttpResponseRedirect(address, status=303)

        return require_http_methods(["GET", "HEAD", "POST"])(wrapped)

    return decorate
