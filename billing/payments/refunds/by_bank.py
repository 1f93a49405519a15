"""Refunds of credit by an order to our bank: booked when it is approved, undone when the money stays or comes back.

The order takes over the request to pay this credit by bank, if there is one, so that nobody pays it by hand as well.
Credit that a refund through the gateway has reserved can't be ordered.
"""

from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger
from billing.errors import Refused
from billing.models import Invoice, LedgerTransaction, RefundRequest, StaffTask
from billing.models.ledger import Account
from billing.payments import credit, refunds
from billing.payments.refunds import reports
from billing.transitions import advance

Kind, Status, Task = LedgerTransaction.Kind, RefundRequest.Status, StaffTask.Kind


def order(invoice: Invoice, amount: Decimal, *, event: str, by: str) -> None:
    """Book that credit of a locked invoice was ordered at the bank. Raises Refused when there is less of it free."""
    waiting = RefundRequest.objects.filter(invoice=invoice, status=Status.BY_BANK, amount=amount).first()
    if credit.free(invoice, without=waiting) < amount:
        raise Refused(_("There is less credit on the invoice than this order pays back. Refuse the order."))
    now = timezone.now()
    ledger.post(invoice, Kind.REFUND, amount, external_id=event, occurred_at=now, by=by, through=Account.UNDER_WAY)
    audit.record("refund_ordered", by=by, invoice=invoice, amount=str(amount))
    if waiting:
        audit.close_superseded(credit.by_hand_task(waiting), by=by, reason="ordered at the bank")
        advance(waiting, Status.SENT, order_event=event, sent_at=now)
    refunds.propose(invoice, by=refunds.BY_SYSTEM, reason="ordered at the bank", now=now)


def paid(invoice: Invoice, *, event: str) -> None:
    """Note that a statement of the bank proves that the order was paid, and tell the payer. Call it with the lock."""
    request = _ordered(invoice, event)
    if request and advance(request, Status.PAID_OUT, ended_at=timezone.now()):
        reports.tell("refund_done", request, invoice)


def undo(invoice: Invoice, *, event: str, by: str, reason: str) -> None:
    """Give a locked invoice its credit back by the mirror of what `order` booked."""
    booked = LedgerTransaction.objects.get(kind=Kind.REFUND, external_id=event, reverses=None)
    mirror = ledger.reverse(invoice, booked, external_id=f"{event}:undone", occurred_at=timezone.now(), by=by)
    if mirror is None:
        return
    audit.record("refund_not_paid", by=by, invoice=invoice, reason=reason)
    if request := _ordered(invoice, event):
        advance(request, Status.FAILED, why=RefundRequest.Why.NOT_PAID_BY_BANK, ended_at=timezone.now())
        note = f"{request.amount}: {reason}"
        audit.open_task(Task.REFUND_FAILED, dedupe_key=event, invoice=invoice, note=note)
        reports.tell("refund_failed", request, invoice)
    refunds.propose(invoice, by=refunds.BY_SYSTEM, reason="not paid by the bank")


def not_ordered(request: RefundRequest, *, by: str) -> None:
    """Withdraw a refund whose order was refused before it was booked, with the invoice locked: staff decide again."""
    if advance(request, Status.WITHDRAWN, ended_at=timezone.now()):
        credit.review(request.invoice, by=by, reason="not ordered at the bank")


def _ordered(invoice: Invoice, event: str) -> RefundRequest | None:
    return RefundRequest.objects.filter(invoice=invoice, order_event=event).first()
