"""The stand-in bank: a payer chooses how a payment ends, and changes a paid one afterwards."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from sandbox import payments, validation
from sandbox.errors import ApiError
from sandbox.models import Chargeback, Payment, Refund

MERCHANT = "Zorgrekening"  # the name in the profile of the gateway's customer
ENDINGS = {
    "pay": Payment.Status.PAID,
    "pay_and_close": Payment.Status.PAID,
    "cancel": Payment.Status.CANCELED,
    "fail": Payment.Status.FAILED,
    "expire": Payment.Status.EXPIRED,
}


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show the last payments."""
    recent = Payment.objects.order_by("-pk")[:20]
    return render(request, "sandbox/overview.html", {"payments": [_facts(row) for row in recent]})


@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the bank's page for an open payment; POST ends it as chosen."""
    payment = get_object_or_404(Payment, reference=reference)
    with translation.override(_language(payment)):
        if request.method != "POST" or payment.status != Payment.Status.OPEN:
            return _page(request, "sandbox/checkout.html", payment)
        return _end(request, payment, request.POST.get("choice", ""))


def _end(request: HttpRequest, payment: Payment, choice: str) -> HttpResponse:
    if choice == "stay_open":
        return _see_other(payment.redirect_url)
    if choice not in ENDINGS:
        return _page(request, "sandbox/checkout.html", payment, status=400)
    if not payments.close(payment, status=ENDINGS[choice], now=timezone.now()):
        return _page(request, "sandbox/checkout.html", payment)  # the clock or another tab was first
    if choice == "pay_and_close":
        return _page(request, "sandbox/closed.html", payment)
    return _see_other(payment.cancel_url if choice == "cancel" and payment.cancel_url else payment.redirect_url)


@require_http_methods(["GET", "HEAD", "POST"])
def state(request: HttpRequest, reference: str) -> HttpResponse:
    """Show and change the state of a payment, as "change payment state" in the gateway's test mode."""
    payment = get_object_or_404(Payment, reference=reference)
    with translation.override(_language(payment)):
        if request.method != "POST":
            return _page(request, "sandbox/state.html", payment)
        try:
            _change(payment, request.POST)
        except ApiError as error:
            return _page(request, "sandbox/state.html", payment, problem=_sentence(error), status=422)
    return redirect("sandbox:state", reference=reference, permanent=False)


def _change(payment: Payment, form: dict[str, str]) -> None:
    now, action, row = timezone.now(), form.get("action", ""), form.get("row", "")
    if action in ("refund", "charge_back"):
        cents = validation.amount_cents({"currency": "EUR", "value": form.get("amount", "").replace(",", ".").strip()})
        act = payments.refund if action == "refund" else payments.charge_back
        act(payment, cents=cents, now=now)
    elif action == "late":
        payments.close(payment, status=Payment.Status.PAID, now=now, late=True)
    elif action in ("settle", "fail"):
        refund = get_object_or_404(Refund.objects.select_related("payment"), payment=payment, reference=row)
        status = Refund.Status.REFUNDED if action == "settle" else Refund.Status.FAILED
        payments.settle_refund(refund, status=status, now=now)
    elif action == "reverse":
        chargeback = get_object_or_404(Chargeback.objects.select_related("payment"), payment=payment, reference=row)
        payments.reverse_chargeback(chargeback, now=now)
    else:
        raise ApiError(400, "Unknown action")


def _sentence(error: ApiError) -> str:
    if error.status == 409:
        return _("A refund of the same amount was made within the last hour. Choose another amount.")
    if error.field == "amount":
        return _("This amount is not possible. Fill in an amount like 12,50 that is not more than what remains.")
    return _("This is not possible for this payment.")


def _facts(payment: Payment) -> dict[str, object]:
    return {
        "row": payment,
        "amount": amount_of(payment.amount_cents),
        "status": {
            Payment.Status.OPEN: _("open"),
            Payment.Status.PENDING: _("pending"),
            Payment.Status.PAID: _("paid"),
            Payment.Status.CANCELED: _("cancelled"),
            Payment.Status.EXPIRED: _("expired"),
            Payment.Status.FAILED: _("failed"),
        }[Payment.Status(payment.status)],
    }


def amount_of(cents: int) -> str:
    whole, part = f"{abs(cents) // 100:,}", f"{abs(cents) % 100:02d}"
    whole = f"-{whole}" if cents < 0 else whole
    if (translation.get_language() or "nl").startswith("nl"):
        return f"€ {whole.replace(',', '.')},{part}"
    return f"€ {whole}.{part}"


def _refund_status(row: Refund) -> str:
    return {
        Refund.Status.QUEUED: _("waiting"),
        Refund.Status.PENDING: _("on its way"),
        Refund.Status.PROCESSING: _("on its way"),
        Refund.Status.REFUNDED: _("refunded"),
        Refund.Status.FAILED: _("failed"),
        Refund.Status.CANCELED: _("cancelled"),
    }[Refund.Status(row.status)]


def _page(
    request: HttpRequest, template: str, payment: Payment, *, status: int = 200, problem: str = ""
) -> HttpResponse:
    remaining = payments.remaining_cents(payment)
    refunds = payment.refunds.order_by("-pk")
    shown = _facts(payment) | {
        "problem": problem,
        "remaining": amount_of(remaining),
        "remaining_value": f"{remaining // 100},{remaining % 100:02d}" if remaining else "",
        "late": payment.status in payments.UNPAID,
        "shop": MERCHANT,
        "refunds": [(row, amount_of(row.amount_cents), _refund_status(row)) for row in refunds],
        "chargebacks": [(row, amount_of(row.amount_cents)) for row in payment.chargebacks.order_by("-pk")],
    }
    response = render(request, template, shown, status=status)
    # Browsers also apply form-action to the redirect after a form, and the shop may be on another host.
    parts = urlsplit(payment.redirect_url)
    response["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' {parts.scheme}://{parts.netloc};"
        " object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    response["Content-Language"] = translation.get_language() or "nl"
    return response


def _see_other(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return response


def _language(payment: Payment) -> str:
    """Return the payer's language as the shop gave it, else that of the browser."""
    return payment.locale[:2] if payment.locale[:2] in ("nl", "en") else (translation.get_language() or "nl")
