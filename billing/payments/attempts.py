"""Attempts to pay an invoice: starting one, learning its outcome, and never losing one.

An attempt is committed with its idempotency key and exact request body before the gateway is called, and no lock is
held during the call. If a process dies in between, the sweep repeats the same call, which creates the same payment.
"""

import json
import logging
import time
import uuid
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger, links
from billing.channels import mollie
from billing.errors import GatewayRefused, GatewayUnknown, Refused
from billing.invoices.holds import active_hold
from billing.ledger import lock_invoice
from billing.models import Invoice, Payment, StaffTask
from billing.payments.settlement import settle
from billing.payments.webhooks import receive_webhook, sweep_webhooks, take_webhooks
from billing.plans import agreements
from billing.transitions import advance

__all__ = [
    "by_return_token",
    "receive_webhook",
    "start_payment",
    "supersede_live",
    "sweep",
    "sync_payment",
    "take_webhooks",
]
log = logging.getLogger(__name__)
Status = Payment.Status

IDEAL_MAX_AMOUNT = Decimal("50000.00")
_LOCALES = {"nl": "nl_NL", "en": "en_US"}
# A call that has not returned after this long belongs to a dead process; another one may take over.
CALL_DIED_AFTER = timedelta(seconds=60)
# The gateway remembers a key for an hour. After this the same call might create a second payment, so we only search.
KEY_VALID = timedelta(minutes=50)
REPEAT_WAIT, MAX_REPEAT_WAIT = timedelta(seconds=5), timedelta(minutes=5)
RETRY_CHECK_AFTER = timedelta(minutes=5)
PENDING_BLOCKS = timedelta(hours=1)  # money is under way: nobody is asked to pay again so soon
WAIT_FOR_WINNER_SECONDS = 2.0
SWEEP_BATCH, SWEEP_SECONDS, FAILURES_BEFORE_STOP = 200, 20, 3


def by_return_token(token: str) -> Payment | None:
    """Return the attempt that this return page belongs to, or None."""
    return Payment.objects.select_related("invoice").filter(token=token).first()


# --- starting -------------------------------------------------------------------------------------


def start_payment(
    invoice_id: int, *, language: str, by: str, amount: Decimal | None = None, now: datetime | None = None
) -> Payment:
    """Start an attempt to pay what is outstanding and return it; reuse a live one for the same amount.

    `amount` (euros) may be a part that the payment plan offers now: the next installment, or all that is due by now.
    `checkout_url` is empty while it is unknown whether the gateway created the payment; the sweep fills it in.
    Raises Refused, with a sentence for the patient, when nothing can be paid, not now, or not this way.
    """
    now = now or timezone.now()
    payment = _start(invoice_id, amount, language=language, by=by, now=now)
    if payment.superseded_at:  # the amount changed during the call to the gateway: its link must not be offered
        payment = _start(invoice_id, amount, language=language, by=by, now=now)
    return payment


def _start(invoice_id: int, part: Decimal | None, *, language: str, by: str, now: datetime) -> Payment:
    _refresh_stale_attempt(invoice_id, part, now)
    payment = _reuse_or_commit(invoice_id, part, language=language, by=by, now=now)
    if payment.status == Status.NEW and _claim_call(payment, now):
        return _create(payment, now=now)
    if payment.mollie_id is None:
        payment = _repeat_if_due(payment, now=now)
    return _wait_for_winner(payment)


def supersede_live(invoice: Invoice, *, now: datetime | None = None) -> list[Payment]:
    """Stop offering the links of live attempts because the amount changes; return those attempts.

    Call it with the invoice locked. The bank may accept them until `expires_at`; money that still comes is booked.
    """
    live = list(Payment.objects.filter(invoice=invoice, superseded_at=None, status__in=Payment.LIVE))
    for payment in live:
        payment.superseded_at = now or timezone.now()
        payment.save(update_fields=["superseded_at"])
    return live


def _live(invoice_id: int) -> Payment | None:
    rows = Payment.objects.filter(invoice_id=invoice_id, superseded_at=None, status__in=Payment.LIVE)
    return rows.select_related("invoice").first()


def _reusable(payment: Payment, amount: Decimal, now: datetime) -> bool:
    ends = payment.expires_at
    if not payment.mollie_id and _key_is_old(payment, now):
        return False  # never confirmed and too old to repeat: the sweep searches for it, the patient need not wait
    if payment.status == Status.PENDING:
        return now < (ends or payment.created_at) + PENDING_BLOCKS
    margin = timedelta(seconds=settings.PAYMENT_REUSE_MARGIN_SECONDS)
    return payment.amount == amount and (ends is None or ends > now + margin)


def _refresh_stale_attempt(invoice_id: int, part: Decimal | None, now: datetime) -> None:
    """Fetch the state of an attempt before it is replaced: it may have been paid a moment ago."""
    live = _live(invoice_id)
    if live is None or live.mollie_id is None or _reusable(live, part or ledger.outstanding(invoice_id), now):
        return
    try:
        sync_payment(live.pk, now=now)
    except (GatewayUnknown, GatewayRefused) as failure:
        log.warning("payment %s is replaced unheard: %s", live.pk, failure)


def _reuse_or_commit(invoice_id: int, part: Decimal | None, *, language: str, by: str, now: datetime) -> Payment:
    """Return the live attempt, or commit a new one before anybody calls the gateway."""
    with transaction.atomic(durable=True):
        invoice = lock_invoice(invoice_id)
        live = _live(invoice_id)
        owed = ledger.outstanding(invoice_id)
        amount = owed if part is None else part
        _refuse_unless_payable(invoice, amount, owed, now)
        if live and _reusable(live, amount, now):
            return live
        supersede_live(invoice, now=now)
        payment = Payment(
            invoice=invoice,
            amount=amount,
            language=language if language in _LOCALES else "nl",
            token=links.new_token(),
            webhook_token=links.new_token(),
            idempotency_key=str(uuid.uuid4()),
            created_at=now,
            next_check_at=now + CALL_DIED_AFTER,
        )
        payment.request_body = json.dumps(_request(payment))
        payment.save(force_insert=True)
        audit.record("payment_started", by=by, invoice=invoice, amount=str(amount))
    return payment


def _refuse_unless_payable(invoice: Invoice, amount: Decimal, owed: Decimal, now: datetime) -> None:
    if invoice.withdrawn_at:
        raise Refused(_("This invoice was withdrawn. You do not have to pay it."))
    if owed <= 0:
        raise Refused(_("Nothing is left to pay on this invoice."))
    if active_hold(invoice.pk):
        raise Refused(_("This invoice is on hold. You do not have to pay now. You will hear from us."))
    if amount != owed:
        plan = agreements.progress(invoice.pk, today=timezone.localtime(now).date())
        if plan is None or amount not in plan.payable:
            raise Refused(_("The amount to pay has changed. Look at the new amount, and try again."))
    if amount > IDEAL_MAX_AMOUNT:
        raise Refused(_("This amount is too high for iDEAL. Please pay by bank transfer."))


def _request(payment: Payment) -> dict[str, object]:
    """Return the body of the create call: the invoice number for the bank statement, nothing about person or care."""
    methods = settings.MOLLIE_METHODS
    return {
        "amount": {"currency": "EUR", "value": f"{payment.amount:.2f}"},
        "description": payment.invoice.number,
        "redirectUrl": links.absolute(reverse("payment_return", args=[payment.token])),
        "webhookUrl": links.absolute(reverse("mollie_webhook", args=[payment.webhook_token])),
        "method": methods[0] if len(methods) == 1 else methods,
        "locale": _LOCALES[payment.language],
        "metadata": {"token": payment.token},
    }


def _wait_for_winner(payment: Payment) -> Payment:
    """Wait for the call that another request is making, so that a second click gets the same link.

    Return the attempt without a link when that takes too long. Raises Refused when the gateway rejected it.
    """
    stop_at = time.monotonic() + WAIT_FOR_WINNER_SECONDS
    while payment.status in (Status.NEW, Status.CREATING) and time.monotonic() < stop_at:
        time.sleep(0.1)
        payment = Payment.objects.select_related("invoice").get(pk=payment.pk)
    if payment.status == Status.REJECTED:
        raise Refused(_rejection_sentence())
    return payment


# --- creating at the gateway ----------------------------------------------------------------------


def _claim_call(payment: Payment, now: datetime) -> bool:
    """Tell whether this caller makes the first call of the attempt."""
    return advance(payment, Status.CREATING, called_at=now, next_check_at=now + CALL_DIED_AFTER)


def _create(payment: Payment, *, now: datetime) -> Payment:
    """Make the create call of a claimed attempt and store the answer, without lock or transaction.

    Raises Refused when the gateway refuses.
    """
    try:
        snapshot = mollie.create_payment(payment.request_body, idempotency_key=payment.idempotency_key)
    except GatewayUnknown:
        return _mark_creation_unknown(payment, now=now)
    except GatewayRefused as refusal:
        _reject(payment, refusal)
        raise Refused(_rejection_sentence()) from refusal
    payment = settle(payment, snapshot, now=now)
    if payment.quarantined_at:
        raise Refused(_rejection_sentence())
    return payment


def _mark_creation_unknown(payment: Payment, *, now: datetime) -> Payment:
    """Record that the payment may exist, keep the key, and plan to repeat the same call."""
    if payment.status == Status.CREATING:
        advance(payment, Status.CREATE_UNKNOWN)
    wait = min(REPEAT_WAIT * 2 ** min(payment.checks, 10), MAX_REPEAT_WAIT)
    # The status filter skips an attempt whose answer a webhook has brought in the meantime.
    Payment.objects.filter(pk=payment.pk, status=Status.CREATE_UNKNOWN).update(
        next_check_at=now + wait, checks=payment.checks + 1
    )
    return Payment.objects.select_related("invoice").get(pk=payment.pk)


def _reject(payment: Payment, refusal: GatewayRefused) -> None:
    with transaction.atomic():
        if not advance(payment, Status.REJECTED, next_check_at=None):
            return  # a webhook has confirmed the payment
        audit.record("payment_rejected", by="mollie", invoice=payment.invoice, reason=str(refusal))
        if refusal.alarm:
            audit.open_task(
                StaffTask.Kind.GATEWAY_ALARM,
                dedupe_key=f"create:{payment.pk}",
                invoice=payment.invoice,
                payment=payment,
                note=str(refusal),
            )


def _rejection_sentence() -> str:
    return _("Paying by iDEAL does not work right now. Nothing was paid. Please try again later.")


def _repeat_create(payment: Payment, *, now: datetime) -> Payment:
    """Repeat the create call of an attempt whose creation was never confirmed."""
    if payment.status == Status.NEW:
        if payment.superseded_at:  # nobody ever saw a link, so nobody can pay it
            return _abandon(payment, now=now)
        if not _claim_call(payment, now):
            return payment
    elif payment.status == Status.CREATING and not advance(payment, Status.CREATE_UNKNOWN):
        return payment
    return _create(payment, now=now)


def _search_or_abandon(payment: Payment, *, now: datetime) -> Payment:
    """Search the gateway for our token, or abandon the attempt: its key is too old to repeat the call."""
    for snapshot in mollie.list_payments(since=payment.created_at - timedelta(minutes=5)):
        if snapshot.token == payment.token:
            return settle(payment, snapshot, now=now)
    return _abandon(payment, now=now)


def _abandon(payment: Payment, *, now: datetime) -> Payment:
    """Stop asking, and supersede the attempt so that a late webhook can't put it beside a live one."""
    if payment.status == Status.CREATING:
        advance(payment, Status.CREATE_UNKNOWN)
    advance(payment, Status.ABANDONED, next_check_at=None, superseded_at=payment.superseded_at or now)
    return payment


# --- learning the outcome -------------------------------------------------------------------------


def sync_payment(payment_id: int, *, now: datetime | None = None, min_interval_seconds: float = 0) -> Payment:
    """Fetch what the gateway knows about the payment, book it, and return the payment.

    Used by the return page, the sweep and staff. With `min_interval_seconds`, a payment that was fetched more recently
    is returned unchanged, and only one of several simultaneous callers fetches. A payment whose creation is in doubt
    has its create call repeated when that is due. No lock is held during the call. Raises GatewayUnknown or
    GatewayRefused, with nothing changed.
    """
    now = now or timezone.now()
    payment = Payment.objects.select_related("invoice").get(pk=payment_id)
    if payment.mollie_id is None:
        try:
            return _repeat_if_due(payment, now=now)
        except Refused as refusal:
            raise GatewayRefused(str(refusal)) from refusal
    if not _claim_fetch(payment, now, min_interval_seconds):
        return payment
    try:
        snapshot = mollie.get_payment(payment.mollie_id)
    except GatewayRefused as refusal:
        audit.open_task(
            StaffTask.Kind.GATEWAY_ALARM,
            dedupe_key=f"get:{payment.pk}",
            invoice=payment.invoice,
            payment=payment,
            note=str(refusal),
        )
        raise
    return settle(payment, snapshot, now=now)


def _claim_fetch(payment: Payment, now: datetime, min_interval_seconds: float) -> bool:
    """Record the moment of fetching; return False when it is too soon or another caller is fetching."""
    rows = Payment.objects.filter(pk=payment.pk)
    if min_interval_seconds:
        if payment.fetched_at and now - payment.fetched_at < timedelta(seconds=min_interval_seconds):
            return False
        rows = rows.filter(fetched_at=payment.fetched_at)
    return rows.update(fetched_at=now) == 1


def _repeat_if_due(payment: Payment, *, now: datetime) -> Payment:
    """Repeat the create call when it is due and the key still valid. Raises Refused when the gateway refuses."""
    if payment.status in Payment.LIVE and not _key_is_old(payment, now) and _claim_check(payment, now):
        return _repeat_create(payment, now=now)
    return payment


def _key_is_old(payment: Payment, now: datetime) -> bool:
    return payment.called_at is not None and now - payment.called_at > KEY_VALID


def _claim_check(payment: Payment, now: datetime) -> bool:
    """Tell whether this caller makes the check that is due; the others find it postponed."""
    if payment.next_check_at is None or payment.next_check_at > now:
        return False
    rows = Payment.objects.filter(pk=payment.pk, next_check_at=payment.next_check_at)
    return rows.update(next_check_at=now + RETRY_CHECK_AFTER) == 1


# --- the sweep ------------------------------------------------------------------------------------


def sweep(now: datetime | None = None) -> None:
    """Retry missed webhook calls, unconfirmed creations and due checks.

    Bounded in time; two sweeps at once share the work. Stop early when the gateway does not answer.
    """
    now = now or timezone.now()
    stop_at = time.monotonic() + SWEEP_SECONDS
    sweep_webhooks(now=now, stop_at=stop_at)
    failures = 0
    due = Payment.objects.filter(next_check_at__lte=now).select_related("invoice").order_by("next_check_at")
    for payment in due[:SWEEP_BATCH]:
        if time.monotonic() > stop_at or failures >= FAILURES_BEFORE_STOP:
            return
        try:
            _check(payment, now=now)
        except GatewayUnknown:
            failures += 1  # its claim expires, and a later sweep asks again
        except (GatewayRefused, Refused) as refusal:
            log.warning("payment %s: %s", payment.pk, refusal)


def _check(payment: Payment, *, now: datetime) -> None:
    if payment.mollie_id:
        if _claim_check(payment, now):
            sync_payment(payment.pk, now=now)
    elif not _key_is_old(payment, now):
        _repeat_if_due(payment, now=now)
    elif _claim_check(payment, now):
        _search_or_abandon(payment, now=now)
