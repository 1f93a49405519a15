"""Credit: money of the payer that we hold. How much of it is free, where it came from, and that it never lies unseen.

Credit moves only by an explicit act: it is refunded (`refunds`), or it pays another invoice (`moves`). What such an act
has taken is reserved until it is booked, so that no second act spends it again.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import QuerySet, Sum
from django.utils import timezone

from billing import audit, ledger
from billing.ledger.entries import standing_entries
from billing.models import Chargeback, Invoice, LedgerTransaction, Payment, Posting, Refund, RefundRequest, StaffTask
from billing.models.ledger import Account
from billing.money import ZERO
from billing.payments import shares
from billing.transitions import advance

Status, Why, Task = RefundRequest.Status, RefundRequest.Why, StaffTask.Kind
_NOT_REFUNDED = (Refund.Status.FAILED, Refund.Status.CANCELED)


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of a refund, in euros: to the account of one payment, or, without one, by bank transfer and why."""

    amount: Decimal
    payment: Payment | None = None
    why: str = ""


def of(invoice: Invoice) -> Decimal:
    """Return the credit of the invoice in euros, or zero; what is reserved is part of it."""
    return max(-ledger.balance(invoice.pk), ZERO)


def free(invoice: Invoice, *, without: RefundRequest | None = None) -> Decimal:
    """Return the credit that no refund has reserved, in euros; `without`: as if this request were not there."""
    reserving = _reserving(invoice)
    if without:
        reserving = reserving.exclude(pk=without.pk)
    reserved = reserving.aggregate(sum=Sum("amount"))["sum"] or ZERO
    return max(of(invoice) - reserved, ZERO)


def _reserving(invoice: Invoice) -> QuerySet[RefundRequest]:
    """Select what reserves credit: no more once the report of the gateway, or an order to the bank, is booked."""
    not_booked = {"refund": None, "order_event": ""}
    return RefundRequest.objects.filter(invoice=invoice, status__in=RefundRequest.RESERVING, **not_booked)


def stays_covered(invoice: Invoice, taken: Decimal) -> bool:
    """Tell whether what went back to the payer of a locked invoice, or is on its way, is covered without `taken` euros.

    Else the payer, from whose invoice money that came is taken away, would owe more than the invoice.
    """
    entries = standing_entries(invoice)
    came = sum((-entry.amount for entry in entries if entry.is_received), ZERO)
    back = sum((entry.amount for entry in entries if entry.is_paid_back), ZERO) + of(invoice) - free(invoice)
    return not taken or came - taken >= back


def since(invoice: Invoice) -> datetime | None:
    """Return the moment from which on there has been credit without a break; None when there is none."""
    owed, begin = ZERO, None
    for entry in sorted(standing_entries(invoice), key=lambda entry: (entry.occurred_at, entry.pk)):
        owed += entry.amount
        begin = None if owed >= ZERO else begin or entry.occurred_at
    return begin


def legs(invoice: Invoice, amount: Decimal, *, now: datetime) -> list[Leg]:
    """Divide a refund of `amount` euros over the payments it can go back to, the newest first; the rest is by bank.

    What came last was what was not owed (6:203 BW): money that came after a payment, by transfer or over the counter,
    goes back by bank before that payment does.
    """
    found: list[Leg] = []
    reasons: list[str] = []
    left = amount
    by_bank = ZERO
    later = _received_otherwise(invoice)
    for payment in shares.paid_for(invoice):
        while later and left and later[0][0] > (payment.paid_at or payment.created_at):
            part = min(later.pop(0)[1], left)
            by_bank, left = by_bank + part, left - part
        can, why_not = refundable(payment, now=now)
        reasons += [why_not] if why_not else []
        of_invoice = shares.standing(payment).get(invoice.pk, ZERO)  # others may be paid by the same payment
        if (part := min(can, left, of_invoice)) > ZERO:
            found.append(Leg(part, payment))
            left -= part
    if left + by_bank:
        why = reasons[0] if reasons and not by_bank else Why.NOT_BY_GATEWAY
        found.append(Leg(left + by_bank, None, why))
    return found


def _received_otherwise(invoice: Invoice) -> list[tuple[datetime, Decimal]]:
    """Return (moment, euros) of what came for this invoice outside the gateway and stands, the newest first.

    What of it went back already, by an order to the bank or by hand, or is about to, can't go back again.
    """
    entries = standing_entries(invoice)
    by_gateway = set(
        Posting.objects.filter(
            transaction__in=[entry.transaction.pk for entry in entries], account=Account.GATEWAY
        ).values_list("transaction_id", flat=True)
    )
    others = [entry for entry in entries if entry.transaction.pk not in by_gateway]
    waiting = _reserving(invoice).filter(status=Status.BY_BANK).aggregate(sum=Sum("amount"))["sum"] or ZERO
    gone = sum((entry.amount for entry in others if entry.is_paid_back), waiting)
    came = [entry for entry in others if entry.kind in LedgerTransaction.RECEIVED]
    found = []
    for entry in sorted(came, key=lambda entry: (entry.occurred_at, entry.pk), reverse=True):
        taken = min(gone, -entry.amount)
        gone -= taken
        found.append((entry.occurred_at, -entry.amount - taken))
    return found


def refundable(payment: Payment, *, now: datetime, without: RefundRequest | None = None) -> tuple[Decimal, str]:
    """Return how much of a paid payment the gateway can pay back, in euros; or zero and why not."""
    if now - (payment.paid_at or payment.created_at) > timedelta(days=settings.REFUND_WITHIN_DAYS):
        return ZERO, Why.TOO_OLD
    if Chargeback.objects.filter(payment=payment, reversed_at=None).exists():
        return ZERO, Why.CHARGED_BACK
    if Refund.objects.filter(payment=payment, status=Refund.Status.FAILED).exists():
        return ZERO, Why.FAILED_BEFORE  # the account is closed: the next one would fail too
    refunded = Refund.objects.filter(payment=payment).exclude(status__in=_NOT_REFUNDED)
    at_gateway = (*RefundRequest.UNSENT, Status.SENT)
    waiting = RefundRequest.objects.filter(payment=payment, status__in=at_gateway, refund=None)
    if without:
        waiting = waiting.exclude(pk=without.pk)
    gone = sum((rows.aggregate(sum=Sum("amount"))["sum"] or ZERO for rows in (refunded, waiting)), ZERO)
    left = max(payment.amount - gone, ZERO)
    return left, "" if left else Why.SPENT


# --- keeping the proposal and the tasks true --------------------------------------------------------------------------


def review(invoice: Invoice, *, by: str, reason: str, now: datetime | None = None) -> RefundRequest | None:
    """Make what is proposed about a locked invoice fit its credit; return the refund that waits for staff, if any.

    With free credit there is a proposal over all of it, as staff and patient see it. Without, the proposal is withdrawn
    and the tasks about the surplus are closed with `reason`.
    """
    now = now or timezone.now()
    waiting = RefundRequest.objects.filter(invoice=invoice, status=Status.ASKED).first()
    _withdraw_by_bank(invoice, by=by, reason=reason, now=now)
    amount = free(invoice)
    if not amount:
        if waiting:
            advance(waiting, Status.WITHDRAWN, ended_at=now)
        close_tasks(invoice, by=by, reason=reason)
        return None
    if waiting is None:
        return RefundRequest.objects.create(invoice=invoice, amount=amount, asked_by=by, created_at=now)
    if waiting.amount != amount:
        # Who agreed to another amount has not agreed to this one.
        RefundRequest.objects.filter(pk=waiting.pk, status=Status.ASKED).update(amount=amount, first_by="")
        waiting.refresh_from_db()
    return waiting


def _withdraw_by_bank(invoice: Invoice, *, by: str, reason: str, now: datetime) -> None:
    """Withdraw what staff would pay by bank when the credit is no longer there: it went back in another way."""
    held = of(invoice)
    for row in RefundRequest.objects.filter(invoice=invoice, status=Status.BY_BANK, amount__gt=held):
        by_hand = by_hand_task(row)
        if by_hand.exists():  # a room reads the amount again itself before it pays
            advance(row, Status.WITHDRAWN, ended_at=now)
            audit.close_superseded(by_hand, by=by, reason=reason)


def by_hand_task(request: RefundRequest) -> QuerySet[StaffTask]:
    """Return the open task of staff to pay this refund by bank; there is none when a room pays it."""
    tasks = StaffTask.objects.filter(kind=Task.REFUND_BY_BANK, invoice=request.invoice_id, closed_at=None)
    return tasks.filter(dedupe_key=f"{Task.REFUND_BY_BANK}:{request.token}")


def watch(today: date) -> None:
    """Open a task for each credit that is older than the term within which it should have moved."""
    oldest = today - timedelta(days=settings.CREDIT_TERM_DAYS)
    for invoice in standing():
        begin = since(invoice)
        if begin and timezone.localdate(begin) <= oldest:
            key = f"{invoice.pk}:{timezone.localdate(begin)}"
            audit.open_task(Task.CREDIT_OVERDUE, dedupe_key=key, invoice=invoice, note=str(of(invoice)))


def close_tasks(invoice: Invoice, *, by: str, reason: str) -> None:
    """Close the tasks about money that was paid too much on this invoice."""
    kinds = (Task.SURPLUS, Task.REFUND_TO_APPROVE, Task.CREDIT_OVERDUE)
    audit.close_superseded(
        StaffTask.objects.filter(kind__in=kinds, invoice=invoice, closed_at=None), by=by, reason=reason
    )


def standing() -> QuerySet[Invoice]:
    """Return the invoices on which there is credit, the oldest first, each with its `balance`."""
    credited = Posting.objects.filter(account=Account.CREDIT).values("invoice")
    with_credit = ledger.with_balance(Invoice.objects.filter(pk__in=credited, settled_at__isnull=False))
    return with_credit.filter(balance__lt=ZERO).order_by("settled_at", "pk")  # type: ignore[misc]
