"""Paying: off to the bank, back from the bank, and what the gateway tells us."""

from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing import ledger
from billing.errors import GatewayRefused, GatewayUnknown, Refused
from billing.failures import isolated
from billing.ledger.entries import went_to
from billing.models import Invoice, Payment
from billing.models.ledger import Account
from billing.money import ZERO
from billing.payments import attempts, shares
from billing.payments.rest import rest_of
from billing.plans import agreements
from billing.rooms import Text
from guests import access
from guests.pages import is_about, session_ended, visible_invoice
from portal.pages.arrangement_forms import ChosenPartForm, PartForm
from portal.pages.invoice import render_invoice

WEBHOOK_MAX_BYTES = 1024
SYNC_MIN_INTERVAL_SECONDS = 2
ARRIVAL_MIN_INTERVAL_SECONDS = 0.5  # nobody pays faster, so who comes back from the bank always sees fresh news
REFRESH_DURING = timedelta(minutes=30)  # later the page waits for its reader, not for the bank

_PAID: dict[Account, Text] = {
    Account.COSTS: _("Collection costs"),
    Account.INTEREST: _("Statutory interest"),
    Account.PRINCIPAL: _("The invoice itself"),
    Account.CREDIT: _("Paid too much: you get it back"),
}


def state_of(payment: Payment) -> str:
    """What the patient is told: `paid`, `waiting` (for the bank), `preparing` (no link yet) or `unpaid`."""
    if payment.status == Payment.Status.PAID:
        return "paid"
    if payment.status in Payment.AT_BANK:
        return "waiting"
    return "preparing" if payment.status in Payment.LIVE else "unpaid"


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, token: str) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)
    view = visible_invoice(request, token)
    if view is None:
        return session_ended(request)
    chosen = ChosenPartForm(request.POST) if "part" in request.POST else None
    if chosen and not chosen.is_valid():
        return render_invoice(request, view, part=chosen)
    part = PartForm(request.POST)
    amount = part.cleaned_data["amount"] if part.is_valid() else ZERO  # nonsense is an amount that nobody offers
    if chosen:
        amount = chosen.cleaned_data["part"]
    try:
        payment = attempts.start_payment(
            view.invoice_id, language=translation.get_language(), amount=amount, chosen=bool(chosen), by="patient"
        )
    except Refused as refusal:
        # The rule may have said no because something just changed: show the invoice as it is now.
        return render_invoice(request, visible_invoice(request, token) or view, refusal=str(refusal), part=chosen)
    return HttpResponseRedirect(reverse("payment_bank", args=[payment.token]), status=303)


@require_safe
def bank(request: HttpRequest, token: str) -> HttpResponse:
    """Forward to the bank at once, by a page of our own: the CSP's form-action stops a redirect out of a form."""
    payment = _payment_or_404(token)
    if not _link_is_alive(payment):
        return HttpResponseRedirect(reverse("payment_return", args=[token]), status=303)
    attempts.note_way_to_bank(payment)
    return render(request, "pages/bank.html", _context(request, payment))


@require_safe
def returned(request: HttpRequest, token: str) -> HttpResponse:
    """Back from the bank. Needs no session, as a phone may return in another browser; shows nothing of the care."""
    again = "opnieuw" in request.GET
    interval = SYNC_MIN_INTERVAL_SECONDS if again else ARRIVAL_MIN_INTERVAL_SECONDS
    payment = _asked_again(_payment_or_404(token), min_interval_seconds=interval)
    context = _context(request, payment) | {"again": again}
    if state_of(payment) == "paid":
        context |= _paid_together(payment) if context["shares"] else _paid(payment)
    elif state_of(payment) == "unpaid":
        context["again_as"] = _again_as(payment)
    return render(request, f"pages/payment_{state_of(payment)}.html", context)


def _again_as(payment: Payment) -> str:
    """Name the field in which the same amount is asked for again; empty for all that is left."""
    if payment.amount == ledger.outstanding(payment.invoice_id):
        return ""
    plan = agreements.progress(payment.invoice_id, today=timezone.localdate())
    return "amount" if plan and payment.amount in plan.payable else "part"


def _paid_together(payment: Payment) -> dict[str, Any]:
    """What is left of all invoices of the payment; each has its own page and its own receipt that say until when."""
    return {"went_to": [], "left": sum((ledger.outstanding(pk) for pk in shares.designated(payment)), ZERO)}


def _paid(payment: Payment) -> dict[str, Any]:
    """What the payment paid, when that was more than the invoice itself, what is left, and until when."""
    booked = attempts.booking_of(payment)
    paid = went_to(booked, payment.invoice) if booked else {}
    if paid.keys() <= {Account.PRINCIPAL}:
        paid = {}
    shares = [(_PAID[part], share) for part, share in paid.items()]
    return {"went_to": shares, "rest": rest_of(payment.invoice)}


@require_safe
def status(request: HttpRequest, token: str) -> HttpResponse:
    """The state of the payment, for the page that waits."""
    return JsonResponse({"state": state_of(_asked_again(_payment_or_404(token)))})


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, token: str) -> HttpResponse:
    """The gateway says that something changed.

    200 for every form with an id, so that a stranger learns nothing from trying. What can't be read as one is refused,
    whatever the address: the gateway calls again, and nothing is lost by a 200 for something unread.
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > WEBHOOK_MAX_BYTES:
        return HttpResponse(status=413)
    mollie_id = _posted_id(request)
    if mollie_id is None:
        return HttpResponse(status=400)
    if "\0" not in token:  # PostgreSQL refuses to look for it
        attempts.receive_webhook(token, mollie_id)
    return HttpResponse(status=200)


def _posted_id(request: HttpRequest) -> str | None:
    """The `id` of the form that was sent; None when it is no form that can be read."""
    try:
        return request.POST.get("id")
    except (BadRequest, MultiPartParserError, RequestDataTooBig, SuspiciousOperation, UnicodeError):
        return None


def _payment_or_404(token: str) -> Payment:
    payment = attempts.by_return_token(token)
    if payment is None:
        raise Http404
    return payment


def _asked_again(payment: Payment, *, min_interval_seconds: float = SYNC_MIN_INTERVAL_SECONDS) -> Payment:
    """The payment after asking the gateway (not more often than it bears); as we know it when that fails."""
    if state_of(payment) not in ("waiting", "preparing"):
        return payment
    # What fails here is tried again by the sweep, and the page says that we wait, which is true.
    about = Invoice.objects.filter(pk=payment.invoice_id)
    act = partial(_sync, payment.pk, min_interval_seconds)
    isolated(act, rule=attempts.RULE, row=payment.pk, about=about)
    return _payment_or_404(payment.token)


def _sync(payment_id: int, min_interval_seconds: float) -> None:
    with suppress(GatewayUnknown, GatewayRefused):
        attempts.sync_payment(payment_id, min_interval_seconds=min_interval_seconds)


def _link_is_alive(payment: Payment) -> bool:
    """Whether the bank would still take the patient in."""
    expired = payment.expires_at is not None and payment.expires_at <= timezone.now()
    return (
        payment.status == Payment.Status.OPEN and bool(payment.checkout_url) and not (expired or payment.superseded_at)
    )


def _context(request: HttpRequest, payment: Payment) -> dict[str, Any]:
    now = timezone.now()
    invoice_token = payment.invoice.token if access.may_see(request, payment.invoice.token, now=now) else ""
    if invoice_token and not payment.several:  # who may not see the invoice does not learn whose it is
        is_about(request, payment.invoice.provider, invoice_token)
    return {
        "payment": payment,
        "link_is_alive": _link_is_alive(payment),
        "shares": list(payment.shares.select_related("invoice__provider")) if payment.several else [],
        "invoice_token": invoice_token,
        "refresh": now - payment.created_at < REFRESH_DURING,
    }
