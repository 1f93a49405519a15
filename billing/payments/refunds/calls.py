"""The calls that refund: one refund with one key, repeated with the same key when its answer was lost.

Before each call the payment is fetched: a refund made in the gateway's own dashboard, or a chargeback, is booked first,
and what is no longer owed is not sent. No lock is held during a call. Two refunds of the same amount of one payment
within an hour are refused by the gateway itself, which covers the moment between the question and the call.
"""

import logging
import time
import uuid
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from billing import audit
from billing.channels import mollie
from billing.errors import GatewayRefused, GatewayUnknown, GatewayUnreadable
from billing.failures import due, isolated
from billing.ledger import lock_invoice
from billing.models import Invoice, Payment, RefundRequest, StaffTask
from billing.payments import credit, refunds
from billing.payments.attempts import sync_payment
from billing.payments.creation import CALL_DIED_AFTER, KEY_VALID
from billing.payments.refunds.reports import next_question
from billing.transitions import advance

log = logging.getLogger(__name__)
Status, Why, Task = RefundRequest.Status, RefundRequest.Why, StaffTask.Kind

RULE = "refund"
FIRST_WAIT, MAX_WAIT = timedelta(seconds=10), timedelta(minutes=10)
SET_UP_WAIT = timedelta(hours=1)  # our key is wrong: somebody must look
BATCH, SWEEP_SECONDS, FAILURES_BEFORE_STOP = 100, 20, 3


def send(request_id: int, *, now: datetime | None = None) -> None:
    """Send one approved refund, or find out what became of it; do nothing when that is not due.

    What fails on it becomes a staff task, and is tried again by the sweep.
    """
    now = now or timezone.now()
    request = RefundRequest.objects.filter(pk=request_id).first()
    if request:
        _isolated(request, now)


def sweep(now: datetime | None = None) -> None:
    """Send what was approved and ask about what is under way. Stop early when the gateway does not answer."""
    now = now or timezone.now()
    stop_at, failures = time.monotonic() + SWEEP_SECONDS, 0
    rows = due(RefundRequest.objects.filter(next_check_at__lte=now), rule=RULE, now=now)
    for request in rows.order_by("next_check_at")[:BATCH]:
        if time.monotonic() > stop_at or failures >= FAILURES_BEFORE_STOP:
            return
        failures += _isolated(request, now) is False


def _isolated(request: RefundRequest, now: datetime) -> bool | None:
    about = Invoice.objects.filter(pk=request.invoice_id)
    return isolated(partial(_step, request, now=now), rule=RULE, row=request.pk, about=about, now=now)


def _step(request: RefundRequest, *, now: datetime) -> bool:
    """Do what is next for one refund; return False when the gateway gave no answer.

    Raises GatewayUnreadable when it answers something about this payment that we don't understand.
    """
    if not _claim(request, now) or request.payment_id is None:
        return True
    if not _ask(request, now=now):
        return False
    if request.status == Status.SENT:
        _ask_later(request, now)
    elif request.status in RefundRequest.UNSENT and _ready(request, now=now):
        return _call(request, now=now)
    return True


def _ask(request: RefundRequest, *, now: datetime) -> bool:
    """Fetch the payment: it finds ours by its metadata and books what else went back. Return False without answer."""
    if request.status == Status.SENDING:
        advance(request, Status.UNKNOWN)
    try:
        sync_payment(request.payment_id or 0, now=now)
    except GatewayUnreadable:
        raise
    except (GatewayUnknown, GatewayRefused) as failure:  # of a refusal the alarm is open already
        log.warning("refund %s waits: %s", request.pk, failure)
        _wait(request, now)
        return False
    request.refresh_from_db()
    return True


def _claim(request: RefundRequest, now: datetime) -> bool:
    """Tell whether this caller does the next step; the others find it postponed."""
    if request.next_check_at is None or request.next_check_at > now:
        return False
    rows = RefundRequest.objects.filter(pk=request.pk, next_check_at=request.next_check_at)
    if not rows.update(next_check_at=now + CALL_DIED_AFTER):
        return False
    request.refresh_from_db()
    return True


def _ready(request: RefundRequest, *, now: datetime) -> bool:
    """Read the amount again under the lock of the invoice; tell whether to make the call, which is then recorded.

    What the payment was just asked about shows no refund of ours, so one that is no longer owed is withdrawn.
    """
    with transaction.atomic(durable=True):
        invoice = lock_invoice(request.invoice_id)
        row = RefundRequest.objects.select_for_update(no_key=True).get(pk=request.pk)
        if row.status not in (Status.APPROVED, Status.UNKNOWN):
            return False
        payment = Payment.objects.get(pk=row.payment_id or 0)
        if payment.quarantined_at:
            _wait(row, now, at_least=SET_UP_WAIT)  # its report is not believed, so neither is that ours is not in it
            return False
        if credit.free(invoice, without=row) < row.amount:
            _withdraw(row, invoice, now=now)
            return False
        left, why = credit.refundable(payment, now=now, without=row)
        if left < row.amount:
            _to_bank(row, invoice, why=why or Why.SPENT, now=now)
            return False
        changes: dict[str, object] = {"next_check_at": now + CALL_DIED_AFTER}
        if row.status == Status.UNKNOWN and now - (row.called_at or now) > KEY_VALID:
            # The gateway has forgotten the key, and no refund of ours is in its list: it was never made.
            advance(row, Status.APPROVED, idempotency_key=str(uuid.uuid4()), called_at=None)
        if row.status == Status.APPROVED:
            advance(row, Status.SENDING, called_at=now, **changes)
        else:
            RefundRequest.objects.filter(pk=row.pk).update(**changes)
    request.refresh_from_db()
    return True


def _call(request: RefundRequest, *, now: datetime) -> bool:
    """Make the call, without lock or transaction, and store its outcome; return False when there was no answer."""
    payment = Payment.objects.get(pk=request.payment_id or 0)
    try:
        mollie.create_refund(str(payment.mollie_id), request.request_body, idempotency_key=request.idempotency_key)
    except GatewayUnknown as failure:
        log.warning("refund %s: %s", request.pk, failure)
        if request.status == Status.SENDING:
            advance(request, Status.UNKNOWN)
        _wait(request, now)
        return False
    except GatewayRefused as refusal:
        _refused(request, refusal, now=now)
        return True
    return _ask(request, now=now)  # the gateway has it, but only its report about the payment books


def _refused(request: RefundRequest, refusal: GatewayRefused, *, now: datetime) -> None:
    """Keep a refused refund when our set-up is wrong; else leave it to the bank, or withdraw what is no longer owed."""
    if refusal.alarm:
        with transaction.atomic():
            if request.status == Status.UNKNOWN or advance(request, Status.UNKNOWN):
                advance(request, Status.APPROVED, idempotency_key=str(uuid.uuid4()), called_at=None)
            _wait(request, now, at_least=SET_UP_WAIT)
            cause = f"refund:{refusal}"  # of all refunds together
            audit.open_alarm(Task.GATEWAY_ALARM, cause=cause, invoice=request.invoice, note=str(refusal), now=now)
        return
    if not _ask(request, now=now):  # why: a chargeback, or a refund made in the dashboard
        return
    with transaction.atomic():
        invoice = lock_invoice(request.invoice_id)
        row = RefundRequest.objects.select_for_update(no_key=True).get(pk=request.pk)
        if row.status not in (Status.SENDING, Status.UNKNOWN):
            return
        audit.record("refund_rejected", by="mollie", invoice=invoice, reason=str(refusal)[:200], amount=str(row.amount))
        if credit.free(invoice, without=row) < row.amount:
            _withdraw(row, invoice, now=now)
        else:
            _to_bank(row, invoice, why=Why.GATEWAY_REFUSED, now=now)


def _withdraw(row: RefundRequest, invoice: Invoice, *, now: datetime) -> None:
    """Withdraw a refund of more than the credit is by now; what is left of it is proposed anew."""
    advance(row, Status.WITHDRAWN, ended_at=now, next_check_at=None)
    audit.record("refund_withdrawn", by="system", invoice=invoice, amount=str(row.amount))
    if credit.free(invoice):
        audit.open_task(Task.SURPLUS, dedupe_key=f"withdrawn:{row.token}", invoice=invoice, note=str(row.amount))
    refunds.propose(invoice, by=refunds.BY_SYSTEM, reason="the credit changed", now=now)


def _to_bank(row: RefundRequest, invoice: Invoice, *, why: str, now: datetime) -> None:
    advance(row, Status.BY_BANK, why=why, next_check_at=None)
    audit.record("refund_by_bank", by="system", invoice=invoice, amount=str(row.amount), reason=str(why))
    row.invoice = invoice
    refunds.leave_to_bank(row, invoice)


def _ask_later(request: RefundRequest, now: datetime) -> None:
    later = next_question(request, now=now)
    rows = RefundRequest.objects.filter(pk=request.pk, status=Status.SENT)
    if rows.update(next_check_at=later, checks=request.checks + 1) and later is None:
        note = f"{request.amount}: sent {timezone.localdate(request.sent_at)}, and still not paid out"
        audit.open_task(Task.REFUND_FAILED, dedupe_key=f"stuck:{request.token}", invoice=request.invoice, note=note)


def _wait(request: RefundRequest, now: datetime, *, at_least: timedelta = FIRST_WAIT) -> None:
    wait = max(at_least, min(FIRST_WAIT * 2 ** min(request.checks, 10), MAX_WAIT))
    rows = RefundRequest.objects.filter(pk=request.pk).exclude(next_check_at=None)
    rows.update(next_check_at=now + wait, checks=request.checks + 1)
