"""What the gateway reports about refunds that we asked for: recognised, followed to its end, and told to the payer."""

from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from billing import audit
from billing.channels.mollie import RefundSnapshot
from billing.law import calendar
from billing.models import Invoice, Refund, RefundRequest, StaffTask
from billing.outbox.queue import queue_message
from billing.payments import credit
from billing.transitions import advance

Status, Why, Task = RefundRequest.Status, RefundRequest.Why, StaffTask.Kind
BY = "mollie"
_ENDS = {
    Refund.Status.REFUNDED: Status.PAID_OUT,
    Refund.Status.FAILED: Status.FAILED,
    Refund.Status.CANCELED: Status.FAILED,
}
ARRIVES_WITHIN_WORKING_DAYS = 5  # Mollie pays out on the next working day; the payer's bank may take some more
# When to ask again about a refund under way: its webhook may have been missed.
_ASK_AGAIN = (timedelta(minutes=10), timedelta(hours=2), timedelta(hours=12))
ASK_DAILY = 14  # times; later the nightly comparison still finds it


def adopt(refund: Refund, reported: RefundSnapshot, *, now: datetime) -> RefundRequest | None:
    """Follow our request with what the gateway reports of its refund; return the request, None for a refund made there.

    Call it with the invoice locked. An outdated report changes nothing, because `refund` has the highest status.
    """
    ours = Q(refund=refund)
    if reported.token:
        ours |= Q(token=reported.token, refund=None, payment=refund.payment_id)
    request = RefundRequest.objects.select_for_update(no_key=True, of=("self",)).filter(ours).first()
    if request is None:
        return None
    if request.refund_id is None:
        _link(request, refund, now=now)
    end = _ENDS.get(Refund.Status(refund.status))
    if end is None or end == request.status:
        return request
    if end == Status.FAILED:
        _fail(request, refund, now=now)
    elif request.status == Status.SENT:
        advance(request, Status.PAID_OUT, ended_at=now, next_check_at=None)
        tell("refund_done", request, request.invoice)
    return request


def next_question(request: RefundRequest, *, now: datetime) -> datetime | None:
    """Return when to ask again about a refund under way; None when the nightly comparison is enough."""
    asked = request.checks
    if asked < len(_ASK_AGAIN):
        return now + _ASK_AGAIN[asked]
    return now + timedelta(days=1) if asked < len(_ASK_AGAIN) + ASK_DAILY else None


def _link(request: RefundRequest, refund: Refund, *, now: datetime) -> None:
    if request.amount != refund.amount:
        note = f"{refund.refund_id}: {refund.amount} instead of {request.amount}"
        audit.open_alarm(Task.PAYMENT_MISMATCH, cause=note, invoice=request.invoice, payment=refund.payment, note=note)
    if request.status not in RefundRequest.UNSENT:
        # Taken for never made, and it was: somebody may have paid it in another way meanwhile.
        note = f"{refund.refund_id}: was {request.status}"
        audit.open_alarm(Task.PAYMENT_MISMATCH, cause=note, invoice=request.invoice, payment=refund.payment, note=note)
        audit.close_superseded(credit.by_hand_task(request), by=BY, reason="Mollie paid it")
    if Status.SENT in request.TRANSITIONS[Status(request.status)]:
        changes = {"sent_at": now, "checks": 0, "next_check_at": now + _ASK_AGAIN[0], "ended_at": None}
        advance(request, Status.SENT, refund=refund, **changes)
    else:
        RefundRequest.objects.filter(pk=request.pk).update(refund=refund)
    audit.record("refund_sent", by=BY, invoice=request.invoice, amount=str(request.amount))
    if refund.status not in (Refund.Status.FAILED, Refund.Status.CANCELED):
        tell("refund_under_way", request, request.invoice)


def _fail(request: RefundRequest, refund: Refund, *, now: datetime) -> None:
    failed = refund.status == Refund.Status.FAILED
    why = Why.REPORTED_FAILED if failed else Why.CANCELED
    if not advance(request, Status.FAILED, why=why, ended_at=now, next_check_at=None):
        return
    audit.open_task(
        Task.REFUND_FAILED, dedupe_key=refund.refund_id, invoice=request.invoice, payment=refund.payment,
        note=f"{request.amount}: {why.label}",
    )  # fmt: skip
    tell("refund_failed", request, request.invoice)


def arrives_by(today: date) -> date:
    """Return the day by which a refund that was sent today has arrived."""
    return calendar.working_days_after(today, ARRIVES_WITHIN_WORKING_DAYS)


def tell(kind: str, request: RefundRequest, invoice: Invoice) -> None:
    """Queue the mail `kind` about a refund to whoever pays the invoice."""
    payment, today = request.payment, timezone.localdate()
    queue_message(
        kind,
        invoice=invoice,
        context={
            "amount": request.amount,
            "paid_on": payment.paid_at if payment else None,
            "by": arrives_by(today),
        },
        dedupe_key=f"{kind}:{request.token}",
    )
