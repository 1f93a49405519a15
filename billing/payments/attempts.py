"""Attempts to pay an invoice: starting one, learning its outcome, and never losing one.

An attempt is committed with its idempotency key and exact request body before the gateway is called, and no lock is
held during the call. If a process dies in between, the sweep repeats the same call, which creates the same payment.
"""

import json
import logging
import re
import time
import unicodedata
import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Case, When
from django.urls import reverse
from django.utils import timezone

from billing import audit, ledger, links
from billing.channels import mollie
from billing.errors import GatewayRefused, GatewayUnknown, GatewayUnreadable, Refused
from billing.failures import due, isolated
from billing.ledger import lock_invoice
from billing.models import Invoice, LedgerTransaction, Payment, StaffTask
from billing.payments.amounts import refuse_unless_payable
from billing.payments.creation import (
    CALL_DIED_AFTER,
    claim_call,
    claim_check,
    create,
    key_is_old,
    rejection_sentence,
    repeat_if_due,
    search_or_abandon,
)
from billing.payments.settlement import next_check, settle
from billing.payments.webhooks import RULE, receive_webhook, sweep_webhooks, take_webhooks

__all__ = [
    "RULE",
    "ask_after_downtime",
    "booking_of",
    "by_return_token",
    "note_way_to_bank",
    "receive_webhook",
    "start_payment",
    "supersede_live",
    "sweep",
    "sync_payment",
    "take_webhooks",
]
log = logging.getLogger(__name__)
Status = Payment.Status

_LOCALES = {"nl": "nl_NL", "en": "en_US"}
PENDING_BLOCKS = timedelta(hours=1)  # money is under way: nobody is asked to pay again so soon
MAY_BE_AT_BANK = timedelta(minutes=20)  # a session of iDEAL lasts 15
WAIT_FOR_WINNER_SECONDS = 2.0
STATEMENT_LENGTH = 35  # of the description on a bank statement: what every bank shows
SWEEP_BATCH, SWEEP_SECONDS, FAILURES_BEFORE_STOP = 200, 20, 3


def by_return_token(token: str) -> Payment | None:
    """Return the attempt that this return page belongs to, or None."""
    return Payment.objects.select_related("invoice").filter(token=token).first()


def booking_of(payment: Payment) -> LedgerTransaction | None:
    """Return the transaction by which a paid attempt was booked; None when nothing was."""
    kind = LedgerTransaction.Kind.PAYMENT
    return LedgerTransaction.objects.filter(kind=kind, external_id=payment.mollie_id or "").first()


# --- starting -------------------------------------------------------------------------------------


def start_payment(
    invoice_id: int,
    *,
    language: str,
    by: str,
    amount: Decimal | None = None,
    chosen: bool = False,
    now: datetime | None = None,
) -> Payment:
    """Start an attempt to pay what is outstanding and return it; reuse a live one for the same amount.

    `amount` (euros) may be a part that the payment plan offers now: the next installment, or all that is due by now.
    `chosen`: the patient typed it, and it may be any part from PART_FROM_AMOUNT up. `checkout_url` is empty while it is
    unknown whether the gateway created the payment; the sweep fills it in.
    Raises Refused, with a sentence for the patient, when nothing can be paid, not now, or not this way.
    """
    now = now or timezone.now()
    start = partial(_start, invoice_id, amount, chosen=chosen, language=language, by=by, now=now)
    payment = start()
    if payment.superseded_at:  # the amount changed during the call to the gateway: its link must not be offered
        payment = start()
    return payment


def _start(invoice_id: int, part: Decimal | None, *, chosen: bool, language: str, by: str, now: datetime) -> Payment:
    _refresh_stale_attempt(invoice_id, part, now)
    payment = _reuse_or_commit(invoice_id, part, chosen=chosen, language=language, by=by, now=now)
    if payment.status == Status.NEW and claim_call(payment, now):
        return create(payment, now=now)
    if payment.mollie_id is None:
        payment = repeat_if_due(payment, now=now)
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
    if not payment.mollie_id and key_is_old(payment, now):
        return False  # never confirmed and too old to repeat
    if payment.status == Status.PENDING:
        return now < (ends or payment.created_at) + PENDING_BLOCKS
    margin = timedelta(seconds=settings.PAYMENT_REUSE_MARGIN_SECONDS)
    return payment.amount == amount and (ends is None or ends > now + margin)


def _refresh_stale_attempt(invoice_id: int, part: Decimal | None, now: datetime) -> None:
    """Fetch the state of an attempt before it is replaced: it may have been paid a moment ago.

    One whose creation was never confirmed is searched for once its key is too old to repeat the call: the gateway may
    have created it, and then it is used instead of a second one.
    """
    live = _live(invoice_id)
    if live is None or _reusable(live, part or ledger.outstanding(invoice_id), now):
        return
    try:
        if live.mollie_id:
            sync_payment(live.pk, now=now)
        elif key_is_old(live, now):
            search_or_abandon(live, now=now)
    except (GatewayUnknown, GatewayRefused) as failure:
        log.warning("payment %s is replaced unheard: %s", live.pk, failure)


def _reuse_or_commit(
    invoice_id: int, part: Decimal | None, *, chosen: bool, language: str, by: str, now: datetime
) -> Payment:
    """Return the live attempt, or commit a new one before anybody calls the gateway."""
    with transaction.atomic(durable=True):
        invoice = lock_invoice(invoice_id)
        live = _live(invoice_id)
        owed = ledger.outstanding(invoice_id)
        amount = owed if part is None else part
        refuse_unless_payable(invoice, amount, owed, chosen=chosen, now=now)
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


def _request(payment: Payment) -> dict[str, object]:
    """Return the body of the create call: nothing about person or care."""
    methods = settings.MOLLIE_METHODS
    return {
        "amount": {"currency": "EUR", "value": f"{payment.amount:.2f}"},
        "description": statement_line(payment.invoice),
        "redirectUrl": links.absolute(reverse("payment_return", args=[payment.token])),
        "webhookUrl": links.absolute(reverse("mollie_webhook", args=[payment.webhook_token])),
        "method": methods[0] if len(methods) == 1 else methods,
        "locale": _LOCALES[payment.language],
        "metadata": {"token": payment.token},
    }


def statement_line(invoice: Invoice) -> str:
    """Return what the bank statement says: practice and invoice number, in the letters that every bank knows."""
    plain = (
        unicodedata.normalize("NFKD", f"{invoice.provider.name}\n{invoice.number}").encode("ascii", "ignore").decode()
    )
    name, number = (re.sub(r"[^A-Za-z0-9/?:().,'+-]+", " ", part).strip() for part in plain.split("\n", 1))
    return f"{name[: max(STATEMENT_LENGTH - len(number) - 1, 0)].rstrip()} {number}".strip()[:STATEMENT_LENGTH]


def _wait_for_winner(payment: Payment) -> Payment:
    """Wait for the call that another request is making, so that a second click gets the same link.

    Return the attempt without a link when that takes too long. Raises Refused when the gateway rejected it.
    """
    stop_at = time.monotonic() + WAIT_FOR_WINNER_SECONDS
    while payment.status in (Status.NEW, Status.CREATING) and time.monotonic() < stop_at:
        time.sleep(0.1)
        payment = Payment.objects.select_related("invoice").get(pk=payment.pk)
    if payment.status == Status.REJECTED:
        raise Refused(rejection_sentence())
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
            return repeat_if_due(payment, now=now)
        except Refused as refusal:
            raise GatewayRefused(str(refusal)) from refusal
    if not _claim_fetch(payment, now, min_interval_seconds):
        return payment
    try:
        snapshot = mollie.get_payment(payment.mollie_id)
    except GatewayRefused as refusal:
        audit.open_alarm(
            StaffTask.Kind.GATEWAY_ALARM,
            cause=f"get:{payment.pk}:{refusal}",
            invoice=payment.invoice,
            payment=payment,
            note=str(refusal),
            now=now,
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


# --- asking without being called ------------------------------------------------------------------


def note_way_to_bank(payment: Payment, *, now: datetime | None = None) -> None:
    """Note that the patient goes to the bank now, so that we soon ask for the outcome, also when no webhook comes."""
    now = now or timezone.now()
    payment.went_to_bank_at = now
    soon = next_check(payment, now=now)
    rows = Payment.objects.filter(pk=payment.pk, status__in=Payment.AT_BANK, quarantined_at=None)
    rows.update(went_to_bank_at=now, next_check_at=soon)


def ask_after_downtime(*, now: datetime | None = None) -> int:
    """Have the next sweep ask about everybody who may be at the bank: their webhooks may have found no web server.

    Return how many payments that are.
    """
    now = now or timezone.now()
    at_bank = Payment.objects.filter(status__in=Payment.AT_BANK, quarantined_at=None, mollie_id__isnull=False)
    return at_bank.filter(went_to_bank_at__gt=now - MAY_BE_AT_BANK).update(next_check_at=now)


def sweep(now: datetime | None = None) -> None:
    """Retry missed webhook calls, unconfirmed creations and due checks, those first in which money is under way.

    Bounded in time; two sweeps at once share the work. What fails on one payment keeps no other waiting. Stop early
    when the gateway does not answer.
    """
    now = now or timezone.now()
    stop_at = time.monotonic() + SWEEP_SECONDS
    sweep_webhooks(now=now, stop_at=stop_at)
    failures = 0
    rows = due(Payment.objects.filter(next_check_at__lte=now), rule=RULE, now=now).select_related("invoice")
    urgent_first = Case(When(status__in=Payment.LIVE, then=0), default=1)
    for payment in rows.order_by(urgent_first, "next_check_at")[:SWEEP_BATCH]:
        if time.monotonic() > stop_at or failures >= FAILURES_BEFORE_STOP:
            return
        about = Invoice.objects.filter(pk=payment.invoice_id)
        act = partial(_check, payment, now=now)
        failures += isolated(act, rule=RULE, row=payment.pk, about=about, now=now) is False


def _check(payment: Payment, *, now: datetime) -> bool:
    """Ask about one payment; return False when the gateway gives no answer: its claim expires, and we ask again.

    Raises GatewayUnreadable when it answers something about this payment that we don't understand.
    """
    try:
        if payment.mollie_id:
            if claim_check(payment, now):
                sync_payment(payment.pk, now=now)
        elif not key_is_old(payment, now):
            repeat_if_due(payment, now=now)
        elif claim_check(payment, now):
            search_or_abandon(payment, now=now)
    except GatewayUnreadable:
        raise
    except GatewayUnknown:
        return False
    except (GatewayRefused, Refused) as refusal:
        log.warning("payment %s: %s", payment.pk, refusal)
    return True
