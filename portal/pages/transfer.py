"""Paying an invoice by bank transfer: what to fill in, and the same as a QR code for the app of a bank."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.documents import qr
from billing.invoices.state import InvoiceView
from billing.invoices.transfers import Transfer, account_for
from billing.plans.progress import Progress, installments_of, progress_of
from guests.pages import visible_invoice


def transfer_of(view: InvoiceView, progress: Progress | None) -> Transfer | None:
    """Return what to transfer now; None when the invoice asks for no money now, or nobody has an account."""
    account = account_for(view.practice) if view.can_pay else None
    if account is None:
        return None
    amount = view.outstanding
    if view.status == "plan" and progress:
        amount = progress.due_now or (progress.next.open if progress.next else amount)
    return Transfer(account, amount, view.payment_reference)


@require_safe
def code(request: HttpRequest, token: str) -> HttpResponse:
    """Give the QR code. It is apart from the page, so that only those who open it wait for it."""
    view = visible_invoice(request, token)
    progress = None
    if view and view.status == "plan":
        progress = progress_of(installments_of(view.plan_id), view.outstanding, today=timezone.localdate())
    transfer = transfer_of(view, progress) if view else None
    if transfer is None:
        raise Http404
    return HttpResponse(qr.transfer_image(transfer, label=_("QR code for your bank")), content_type="image/svg+xml")
