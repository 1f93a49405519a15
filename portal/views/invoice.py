"""The page of one invoice, for whoever holds its payment reference."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing import invoices, plans
from coulance import cases
from portal import access

# Not "cookies": flush() ends the session itself, and the next person keeps a page in the chosen language.
CLEAR_SITE_DATA = '"cache", "storage"'
_PAGE = invoices.page(has_case=cases.EXISTS, rests_for_case=cases.RESTS)


def visible_invoice(request: HttpRequest, token: str) -> invoices.InvoiceView | None:
    """The invoice behind `token` when this browser may see it."""
    if not access.may_see(request, token, now=timezone.now()):
        return None
    return invoices.look_at(token, today=timezone.localdate(), by=_PAGE)


def session_ended(request: HttpRequest) -> HttpResponse:
    """Back to the front door, with a word of explanation. The same for unknown, withdrawn and never opened."""
    messages.info(
        request, _("For your privacy we closed the page of your invoice. Enter the payment reference to open it again.")
    )
    return HttpResponseRedirect(reverse("lookup"), status=303)


def render_invoice(request: HttpRequest, view: invoices.InvoiceView, *, refusal: str = "") -> HttpResponse:
    """The page, with the sentence of a rule that just said no."""
    today = timezone.localdate()
    progress = plans.progress_of(view.plan, view.outstanding, today=today) if view.plan else None
    context = {"view": view, "invoice": view.invoice, "progress": progress, "refusal": refusal, "today": today}
    return render(request, "portal/invoice.html", context, status=409 if refusal else 200)


@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    view = visible_invoice(request, token)
    return render_invoice(request, view) if view else session_ended(request)


@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest) -> HttpResponse:
    """Done: end the session and let the browser forget its pages."""
    if request.method != "POST":
        return render(request, "portal/finished.html")
    request.session.flush()
    response = HttpResponseRedirect(reverse("finish"), status=303)
    response.headers["Clear-Site-Data"] = CLEAR_SITE_DATA
    return response
