"""The page of one invoice, for whoever holds its payment reference."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from billing import rooms
from billing.invoices.state import InvoiceView
from billing.models import Invoice
from billing.payments.attempts import IDEAL_MAX_AMOUNT
from billing.plans.options import options_for
from billing.plans.progress import installments_of, progress_of
from guests.pages import session_ended, visible_invoice

# Not "cookies": flush() ends the session itself, and the next person keeps a page in the chosen language.
CLEAR_SITE_DATA = '"cache", "storage"'


def render_invoice(request: HttpRequest, view: InvoiceView, *, refusal: str = "") -> HttpResponse:
    """The page, with the sentence of a rule that just said no."""
    today = timezone.localdate()
    progress = progress_of(installments_of(view.plan_id), view.outstanding, today=today) if view.plan_id else None
    panels = rooms.invoice_panels()
    asks = view.can_pay and (progress is None or progress.is_deferral)
    row = Invoice.objects.select_related("provider").filter(pk=view.invoice_id).first() if asks else None
    context = {
        "row": row,
        "options": options_for(row, today) if row else None,
        "invoice": view,
        "progress": progress,
        "refusal": refusal,
        "most": IDEAL_MAX_AMOUNT,
        "today": today,
        "panels": [panel.below for panel in panels if panel.below],
        "hold_panel": next((p.on_hold for p in panels if p.hold_reason in view.holds), ""),
    }
    return render(request, "pages/invoice.html", context, status=409 if refusal else 200)


@require_safe
def show(request: HttpRequest, token: str) -> HttpResponse:
    view = visible_invoice(request, token, withdrawn=True)
    return render_invoice(request, view) if view else session_ended(request)


@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest) -> HttpResponse:
    """Done: end the session and let the browser forget its pages."""
    if request.method != "POST":
        return render(request, "pages/finished.html")
    request.session.flush()
    response = HttpResponseRedirect(reverse("finish"), status=303)
    response.headers["Clear-Site-Data"] = CLEAR_SITE_DATA
    return response
