"""Attempts to pay an invoice: starting one, learning its outcome, and never losing one.

An attempt is committed with its idempotency key and exact request body before the gateway is called, and no lock is
held during the call. If a process dies in between, the sweep repeats the same call, which creates the same payment.
"""

import logging
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Case, When
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger, links
from billing.channels import mollie
from billing.errors import GatewayRefused, GatewayUnknown, GatewayUnreadable, Refused
from billing.failures import due, isolated
from billing.ledger import lock_invoices
from billing.models import Invoice, LedgerTransaction, Payment, PaymentShare, StaffTask
from billing.money import ZERO
from billing.payments.amounts import IDEAL_MAX_AMOUNT, refuse_unless_payable
from billing.payments.creation import (
    CALL_DIED_AFTER,
    LOCALES,
    claim_call,
    claim_check,
    create,
    key_is_old,
    rejection_sentence,
    repeat_if_due,
    request_body,
    search_or_abandon,
)
from billing.payments.settlement import next_check, settle
from billing.payments.shares import designated, live
from billing.payments.webhooks import RULE, receive_webhook, sweep_webhooks, take_webhooks
from billing.templatetags.money import euro

__all__ = [
    "RULE",
    "ask_after_downtime",
    "booking_of",
    "by_return_token",
    "note_way_to_bank",
    "receive_webhook",
    "start_payment",
    "start_shared",
    "supersede_each",
    "supersede_live",
    "sweep",
    "sync_payment",
    "take_webhooks",
]
log = logging.getLogger(__name__)
Status = Payment.Status

# By the key of each invoice what is to be paid of it, in euros; None: all that is outstanding.
Wanted = Mapping[int, Decimal | None]

PENDING_BLOCKS = timedelta(hours=1)  # money is under way: nobody is asked to pay again so soon
MAY_BE_AT_BANK = timedelta(minutes=20)  # a session of iDEAL lasts 15
WAIT_FOR_WINNER_SECONDS = 2.0
SWEEP_BATCH, SWEEP_SECONDS, FAILURES_BEFORE_STOP = 200, 20, 3


def by_return_token(token: str) -> Payment | None:
    """Return the attempt that this return page belongs to, or None."""
    return Payment.objects.select_related("invoice__provider").filter(token=token).first()


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
    return _start_anew_if_replaced({invoice_id: amount}, chosen=chosen, language=language, by=by, now=now)


def start_shared(amounts: Mapping[int, Decimal], *, language: str, by: str, now: datetime | None = None) -> Payment:
    """Start one attempt to pay several invoices together and return it; reuse a live one for the same amounts.

    `amounts`: by the key of each invoice what is paid of it, in euros: all that is outstanding, or what its plan offers
    now. Raises Refused as `start_payment` does, in a sentence that names the invoice that it is about.
    """
    return _start_anew_if_replaced(amounts, chosen=False, language=language, by=by, now=now or timezone.now())


def _start_anew_if_replaced(wanted: Wanted, *, chosen: bool, language: str, by: str, now: datetime) -> Payment:
    payment = _start(wanted, chosen=chosen, language=language, by=by, now=now)
    if payment.superseded_at:  # the amount changed during the call to the gateway: its link must not be offered
        payment = _start(wanted, chosen=chosen, language=language, by=by, now=now)
    return payment


def _start(wanted: Wanted, *, chosen: bool, language: str, by: str, now: datetime) -> Payment:
    payment = _reuse_or_commit(wanted, chosen=chosen, language=language, by=by, now=now, heard=False)
    if payment is None:
        _refresh_stale_attempts(wanted, now)
        payment = _reuse_or_commit(wanted, chosen=chosen, language=language, by=by, now=now, heard=True)
        assert payment is not None
    if payment.status == Status.NEW and claim_call(payment, now):
        return create(payment, now=now)
    if payment.mollie_id is None:
        payment = repeat_if_due(payment, now=now)
    return _wait_for_winner(payment)


def supersede_live(invoice: Invoice, *, now: datetime | None = None) -> list[Payment]:
    """Do as `supersede_each`, for one invoice."""
    return supersede_each([invoice.pk], now=now)


def supersede_each(invoice_ids: Collection[int], *, now: datetime | None = None) -> list[Payment]:
    """Stop offering the links of live attempts because the amount changes; return those attempts.

    Call it with the invoices locked. The bank may accept them until `expires_at`; money that still comes is booked. One
    for several invoices is no longer offered for any of them.
    """
    return _supersede(live(invoice_ids), now or timezone.now())


def _supersede(payments: list[Payment], now: datetime) -> list[Payment]:
    for payment in payments:
        payment.superseded_at = now
        payment.save(update_fields=["superseded_at"])
    return payments


def _reusable(payment: Payment, amounts: Mapping[int, Decimal], now: datetime) -> bool:
    ends = payment.expires_at
    if not payment.mollie_id and key_is_old(payment, now):
        return False  # never confirmed and too old to repeat
    if payment.status == Status.PENDING:
        return now < (ends or payment.created_at) + PENDING_BLOCKS
    margin = timedelta(seconds=settings.PAYMENT_REUSE_MARGIN_SECONDS)
    return (ends is None or ends > now + margin) and designated(payment) == amounts


def _refresh_stale_attempts(wanted: Wanted, now: datetime) -> None:
    """Fetch the state of every attempt before it is replaced: it may have been paid a moment ago.

    One whose creation was never confirmed is searched for once its key is too old to repeat the call: the gateway may
    have created it, and then it is used instead of a second one.
    """
    for payment in _stale(live(wanted), wanted, now):
        try:
            if payment.mollie_id:
                sync_payment(payment.pk, now=now)
            elif key_is_old(payment, now):
                search_or_abandon(payment, now=now)
        except (GatewayUnknown, GatewayRefused) as failure:
            log.warning("payment %s is replaced unheard: %s", payment.pk, failure)


def _stale(offered: Sequence[Payment], wanted: Wanted, now: datetime) -> list[Payment]:
    """Return the attempts of these that a new one would replace."""
    amounts = {pk: part or ledger.outstanding(pk) for pk, part in wanted.items()} if offered else {}
    return [payment for payment in offered if not _reusable(payment, amounts, now)]


def _reuse_or_commit(
    wanted: Wanted, *, chosen: bool, language: str, by: str, now: datetime, heard: bool
) -> Payment | None:
    """Return the live attempt, or commit a new one before anybody calls the gateway.

    Return None, with nothing done, when it would replace an attempt whose state was not `heard` yet.
    """
    with transaction.atomic(durable=True):
        invoices = {invoice.pk: invoice for invoice in lock_invoices(wanted)}
        offered = live(wanted)
        if not heard and _stale(offered, wanted, now):
            return None
        amounts = _payable(invoices, wanted, chosen=chosen, now=now)
        for payment in offered:
            if _reusable(payment, amounts, now):
                return _unless_of_others(payment, amounts)
        _supersede(offered, now)
        payment = Payment(
            invoice=invoices[next(iter(wanted))],
            amount=sum(amounts.values(), ZERO),
            several=len(amounts) > 1,
            language=language if language in LOCALES else "nl",
            token=links.new_token(),
            webhook_token=links.new_token(),
            idempotency_key=str(uuid.uuid4()),
            created_at=now,
            next_check_at=now + CALL_DIED_AFTER,
        )
        payment.request_body = request_body(payment, [invoices[pk] for pk in wanted])
        payment.save(force_insert=True)
        if payment.several:
            PaymentShare.objects.bulk_create(
                PaymentShare(payment=payment, invoice_id=pk, amount=amount) for pk, amount in amounts.items()
            )
        for pk, amount in amounts.items():
            audit.record("payment_started", by=by, invoice=invoices[pk], amount=str(amount))
    return payment


def _payable(invoices: Mapping[int, Invoice], wanted: Wanted, *, chosen: bool, now: datetime) -> dict[int, Decimal]:
    """Return what is paid of each locked invoice. Raises Refused for one of which that can't be paid now."""
    amounts = {}
    for pk, part in wanted.items():
        owed = ledger.outstanding(pk)
        amounts[pk] = owed if part is None else part
        try:
            refuse_unless_payable(invoices[pk], amounts[pk], owed, chosen=chosen, now=now)
        except Refused as refusal:
            if len(wanted) == 1:
                raise
            about = {"number": invoices[pk].number, "why": refusal}
            raise Refused(_("Invoice %(number)s: %(why)s") % about) from refusal
    if sum(amounts.values(), ZERO) > IDEAL_MAX_AMOUNT:
        most = {"max": euro(IDEAL_MAX_AMOUNT)}
        raise Refused(_("One payment by iDEAL can't be higher than %(max)s. Choose fewer invoices.") % most)
    return amounts


def _unless_of_others(payment: Payment, amounts: Mapping[int, Decimal]) -> Payment:
    """Return a payment that goes on. Raises Refused when it pays only some of the invoices that are asked for now."""
    paid = designated(payment)
    if set(amounts) <= set(paid):
        return payment
    number = Invoice.objects.filter(pk__in=set(paid) & set(amounts)).values_list("number", flat=True).first()
    raise Refused(
        _("The bank is still dealing with a payment of invoice %(number)s. Leave that invoice out, or wait for it.")
        % {"number": number}
    )


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
