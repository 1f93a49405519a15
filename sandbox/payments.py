"""The life of a payment. Every change and the webhook that announces it are one transaction."""

import secrets
import string
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from sandbox import webhooks
from sandbox.errors import ApiError
from sandbox.models import Chargeback, Payment, Refund

SESSION_MINUTES = 15
REFUND_SETTLES_SECONDS = 5
REFUND_DAYS = 365
UNPAID = (Payment.Status.CANCELED, Payment.Status.EXPIRED, Payment.Status.FAILED)
_ALPHABET = string.ascii_letters + string.digits


def new_reference(prefix: str) -> str:
    """Return a random id like those of Mollie."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(22))


def create(*, fields: dict[str, Any], now: datetime) -> Payment:
    """Create an open payment; `fields` come from `validation.payment_fields`."""
    expires_at = now + timedelta(minutes=SESSION_MINUTES)
    return Payment.objects.create(reference=new_reference("tr"), created_at=now, expires_at=expires_at, **fields)


def close(payment: Payment, *, status: str, now: datetime, late: bool = False) -> bool:
    """Close an open payment with `status`; return False when it was closed already.

    With `late` a payment that was closed unpaid can still become paid: banks do that.
    """
    before = [Payment.Status.OPEN, Payment.Status.PENDING, *(UNPAID if late else ())]
    with transaction.atomic():
        # Compare-and-set: a click at the bank and the clock may come at the same moment.
        won = Payment.objects.filter(pk=payment.pk, status__in=before).update(status=status, closed_at=now)
        payment.refresh_from_db()
        if won:
            webhooks.queue(payment=payment, now=now)
    return bool(won)


def expire_due(now: datetime) -> int:
    """Expire the payments that nobody completed in time; return how many."""
    due = Payment.objects.filter(status=Payment.Status.OPEN, expires_at__lte=now)[:100]
    return sum(close(payment, status=Payment.Status.EXPIRED, now=now) for payment in due)


def refunded_cents(payment: Payment) -> int:
    """Return what was or will be refunded."""
    void = (Refund.Status.FAILED, Refund.Status.CANCELED)
    return sum(refund.amount_cents for refund in payment.refunds.all() if refund.status not in void)


def charged_back_cents(payment: Payment) -> int:
    """Return what was charged back and not reversed."""
    return sum(row.amount_cents for row in payment.chargebacks.all() if row.reversed_at is None)


def remaining_cents(payment: Payment) -> int:
    """Return what can still be refunded or charged back."""
    return max(0, payment.amount_cents - refunded_cents(payment) - charged_back_cents(payment))


def _locked_paid(payment: Payment) -> Payment:
    locked = Payment.objects.select_for_update().get(pk=payment.pk)
    if locked.status != Payment.Status.PAID:
        raise ApiError(422, "The payment is not paid")
    return locked


@transaction.atomic
def refund(payment: Payment, *, cents: int, now: datetime, description: str = "", metadata: object = None) -> Refund:
    """Start a refund. Raises ApiError 422 above what remains, and 409 for the same amount within an hour."""
    locked = _locked_paid(payment)
    if locked.closed_at and now > locked.closed_at + timedelta(days=REFUND_DAYS):
        raise ApiError(422, "The payment is too old to be refunded")
    if cents > remaining_cents(locked):
        raise ApiError(422, "The amount is higher than what remains of the payment", "amount")
    alive = locked.refunds.exclude(status__in=[Refund.Status.FAILED, Refund.Status.CANCELED])
    if alive.filter(amount_cents=cents, created_at__gt=now - timedelta(hours=1)).exists():
        raise ApiError(409, "A refund of the same amount was made within the last hour")
    return Refund.objects.create(
        reference=new_reference("re"),
        payment=locked,
        amount_cents=cents,
        description=description,
        metadata=metadata,
        created_at=now,
        settles_at=now + timedelta(seconds=REFUND_SETTLES_SECONDS),
    )


def settle_refund(row: Refund, *, status: str, now: datetime) -> bool:
    """Set `refunded`, `failed` (also after `refunded`) or `canceled`; return False when that is no longer possible."""
    before = {
        Refund.Status.REFUNDED: [Refund.Status.QUEUED, Refund.Status.PENDING, Refund.Status.PROCESSING],
        Refund.Status.FAILED: [Refund.Status.PENDING, Refund.Status.PROCESSING, Refund.Status.REFUNDED],
        Refund.Status.CANCELED: [Refund.Status.QUEUED, Refund.Status.PENDING],
    }[Refund.Status(status)]
    with transaction.atomic():
        won = Refund.objects.filter(pk=row.pk, status__in=before).update(status=status)
        if won:
            webhooks.queue(payment=row.payment, now=now)
    return bool(won)


def settle_refunds_due(now: datetime) -> int:
    """Pay out the refunds that are due; return how many."""
    due = Refund.objects.filter(status=Refund.Status.PENDING, settles_at__lte=now).select_related("payment")[:100]
    return sum(settle_refund(row, status=Refund.Status.REFUNDED, now=now) for row in due)


@transaction.atomic
def charge_back(payment: Payment, *, cents: int, now: datetime) -> Chargeback:
    """Charge back on behalf of the payer's bank. Raises ApiError 422 above what remains."""
    locked = _locked_paid(payment)
    if not 0 < cents <= remaining_cents(locked):
        raise ApiError(422, "The amount is higher than what remains of the payment", "amount")
    reference = new_reference("chb")
    row = Chargeback.objects.create(reference=reference, payment=locked, amount_cents=cents, created_at=now)
    webhooks.queue(payment=locked, now=now)
    return row


def reverse_chargeback(row: Chargeback, *, now: datetime) -> bool:
    """Reverse a chargeback; return False when it was reversed already."""
    with transaction.atomic():
        won = Chargeback.objects.filter(pk=row.pk, reversed_at__isnull=True).update(reversed_at=now)
        if won:
            webhooks.queue(payment=row.payment, now=now)
    return bool(won)
