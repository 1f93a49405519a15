"""Settlement of payments: the only place that books what the gateway reports.

A report may be late, outdated, duplicated or out of order. So a status only moves up in rank, every external event is
booked once under the gateway's own id, and a booking is corrected by a reversal, never deleted. A report that does not
match the payment books nothing and opens a staff task.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import DatabaseError, transaction
from django.utils import timezone

from billing import audit, ledger, rooms
from billing.channels import mollie
from billing.channels.mollie import ChargebackSnapshot, PaymentSnapshot, RefundSnapshot
from billing.invoices import schedule
from billing.invoices.holds import is_on_hold, place_hold, release_hold
from billing.ledger.entries import SideRow, balance_of, sides_of
from billing.ledger.events import Share
from billing.models import Chargeback, Hold, Invoice, LedgerTransaction, Payment, PaymentShare, Refund, StaffTask
from billing.money import ZERO
from billing.outbox.queue import queue_message
from billing.payments import chargebacks, refunds, shares
from billing.payments.refunds import reports as refund_reports
from billing.payments.rest import receipt_facts
from billing.payments.shares import Part
from billing.transitions import advance

log = logging.getLogger(__name__)
Status, Kind, Task = Payment.Status, LedgerTransaction.Kind, StaffTask.Kind

BY = "mollie"
# A status only moves up: paid outranks everything, and an unconfirmed creation ranks below every report.
_RANK = {
    Status.NEW: -1,
    Status.CREATING: -1,
    Status.CREATE_UNKNOWN: -1,
    Status.ABANDONED: -1,
    Status.OPEN: 0,
    Status.PENDING: 1,
    Status.AUTHORIZED: 2,
    Status.FAILED: 3,
    Status.CANCELED: 3,
    Status.EXPIRED: 3,
    Status.REJECTED: 3,
    Status.PAID: 4,
}
_ENDED = (*Payment.FINAL_UNPAID, Status.REJECTED, Status.ABANDONED)
_NOT_REFUNDED = (Refund.Status.FAILED, Refund.Status.CANCELED)
_LINK_MINUTES = 15  # plans a check when the gateway gave no expiry; no status is ever derived from it
_CHECKS_AT_BANK = tuple(timedelta(minutes=m) for m in (1, 3, 8))
_CHECKS_AFTER_EXPIRY = (*(timedelta(minutes=m) for m in (1, 5, 15)), *(timedelta(hours=h) for h in range(1, 49)))


def settle(payment: Payment, snapshot: PaymentSnapshot, *, now: datetime) -> Payment:
    """Merge a report into the payment and book what is new in it; return the updated payment.

    What is in quarantine stays there until a person releases it, also when a later report matches.
    """
    if _is_noop(payment, snapshot, now=now):
        return payment
    with transaction.atomic(durable=True):
        invoices = shares.lock(payment)
        invoice = payment.invoice
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
        payment.invoice = invoice
        mismatch = mismatches(payment, snapshot)
        if mismatch:
            _quarantine(payment, mismatch, now=now)
            return payment
        if payment.quarantined_at:
            if snapshot.status == Status.PAID:
                cause = f"{payment.pk}:paid in quarantine:{payment.quarantined_at.isoformat()}"
                _open_alarm(payment, cause, "paid, and quarantined: release it, or refund it at the gateway")
            return payment
        _merge(payment, snapshot, now=now)
        if payment.status == Status.PAID:
            _book(payment, invoices, snapshot, now=now)
        elif snapshot.refunds or snapshot.chargebacks:
            log.error("payment %s: refunds or chargebacks without being paid", payment.pk)
    return payment


def _is_noop(payment: Payment, snapshot: PaymentSnapshot, *, now: datetime) -> bool:
    """Tell whether an unpaid payment is unchanged, as most reports say: then nothing has to be locked or written.

    The final query confirms that the row still has the status the report was compared with, because another report
    may have arrived since it was read.
    """
    as_written = (
        payment.status in Payment.AT_BANK
        and payment.quarantined_at is None
        and snapshot.status == payment.status
        and snapshot.mollie_id == payment.mollie_id
        and snapshot.checkout_url in ("", payment.checkout_url)
        and (snapshot.expires_at is None or payment.expires_at is not None)
        and not (snapshot.refunds or snapshot.chargebacks)
        and next_check(payment, now=now) == payment.next_check_at
        and not mismatches(payment, snapshot)
    )
    return as_written and Payment.objects.filter(pk=payment.pk, status=payment.status).exists()


def is_newer(payment: Payment, snapshot: PaymentSnapshot) -> bool:
    """Tell whether the report outranks what we know; the same or an older one does not."""
    return _RANK[Status(snapshot.status)] > _RANK[Status(payment.status)]


def mismatches(payment: Payment, snapshot: PaymentSnapshot) -> str:
    """Return the names of the fields in which the report differs from our request; empty when it matches."""
    pairs = {
        "id": (snapshot.mollie_id, payment.mollie_id or snapshot.mollie_id),
        "token": (snapshot.token, payment.token),
        "mode": (snapshot.mode, mollie.expected_mode()),
        "currency": (snapshot.currency, "EUR"),
        "amount": (snapshot.amount, payment.amount),
        "profile": (snapshot.profile_id, payment.profile_id or snapshot.profile_id),
    }
    return ", ".join(name for name, (reported, expected) in pairs.items() if reported != expected)


def _quarantine(payment: Payment, mismatch: str, *, now: datetime) -> None:
    """Quarantine the payment: book nothing, stop offering its link, and open a staff task."""
    if payment.status in (Status.NEW, Status.CREATING, Status.CREATE_UNKNOWN):
        advance(payment, Status.REJECTED)
    payment.quarantined_at, payment.next_check_at = payment.quarantined_at or now, None
    payment.superseded_at = payment.superseded_at or now
    payment.save(update_fields=["quarantined_at", "next_check_at", "superseded_at"])
    audit.open_task(
        Task.PAYMENT_MISMATCH,
        # Quarantined again after a release, it needs a new task, because the first one may be closed.
        dedupe_key=f"{payment.pk}:{mismatch}:{payment.quarantined_at.isoformat()}",
        invoice=payment.invoice,
        payment=payment,
        note=mismatch,
    )


def _merge(payment: Payment, snapshot: PaymentSnapshot, *, now: datetime) -> None:
    """Merge what is newer, so that the order in which reports arrive makes no difference."""
    before, newer = Status(payment.status), is_newer(payment, snapshot)
    status = Status(snapshot.status) if newer else before
    payment.mollie_id, payment.profile_id = snapshot.mollie_id, payment.profile_id or snapshot.profile_id
    payment.checkout_url = snapshot.checkout_url or payment.checkout_url
    payment.expires_at = payment.expires_at or snapshot.expires_at
    if status == Status.PAID:
        payment.paid_at = payment.paid_at or snapshot.paid_at or now
    payment.fetched_at = max(payment.fetched_at or now, now)
    payment.next_check_at = next_check(payment, now=now, status=status)
    written = ["mollie_id", "profile_id", "checkout_url", "expires_at", "paid_at", "fetched_at", "next_check_at"]
    if not newer:
        payment.save(update_fields=written)
        return
    advance(payment, status, checks=0, **{name: getattr(payment, name) for name in written})
    if status == Status.PAID and before in _ENDED:
        audit.record("payment_late", by=BY, invoice=payment.invoice, amount=str(payment.amount), was=before)


def next_check(payment: Payment, *, now: datetime, status: str = "") -> datetime | None:
    """Return when to poll the payment next: soon after the patient went to the bank, and around the expiry of its link.

    None: never. What happens to a paid one comes by webhook and by the nightly comparison. `status`: the one that it is
    about to have.
    """
    if (status or payment.status) not in Payment.AT_BANK or payment.quarantined_at:
        return None
    ends = payment.expires_at or payment.created_at + timedelta(minutes=_LINK_MINUTES)
    moments = [ends + wait for wait in _CHECKS_AFTER_EXPIRY]
    if payment.went_to_bank_at:
        moments += [payment.went_to_bank_at + wait for wait in _CHECKS_AT_BANK]
    return min((moment for moment in moments if moment > now), default=None)


def _book(payment: Payment, invoices: list[Invoice], snapshot: PaymentSnapshot, *, now: datetime) -> None:
    parts = shares.parts_of(payment, invoices)
    booked = ledger.book_shares(
        [Share(part.invoice, -part.amount) for part in parts],
        Kind.PAYMENT,
        external_id=snapshot.mollie_id,
        occurred_at=payment.paid_at or now,
        by=BY,
    )
    for part in parts if booked else ():
        assert booked
        changed = rooms.booked([(part.invoice, booked.transaction)])
        known = part.alone and not changed  # what is done about one invoice may move money of another
        sides = booked.sides[part.invoice.pk] if known else sides_of(part.invoice)
        _after_receipt(payment, part, booked.transaction, sides)
    problems = [*snapshot.unreadable, *_book_back(payment, invoices, snapshot, now=now)]
    for invoice in invoices if snapshot.refunds or snapshot.chargebacks else ():
        refunds.propose(invoice, by=refunds.BY_SYSTEM, reason="the gateway reported a refund", now=now)
    for problem in problems:  # set apart: the rest of the report is booked
        _open_alarm(payment, f"{payment.pk}:{problem}", problem)
    if not problems:
        _check_sums(payment, snapshot)


def _book_back(payment: Payment, invoices: list[Invoice], snapshot: PaymentSnapshot, *, now: datetime) -> list[str]:
    """Book what went back to the payer; return what is wrong with it, and not booked.

    What was undone comes first. The same money may have gone back again since, and of a payment for several invoices
    each can only lose what it got.
    """
    problems = [f"{c.chargeback_id}: more than was paid" for c in snapshot.chargebacks if c.amount > payment.amount]
    chargebacks = [chargeback for chargeback in snapshot.chargebacks if chargeback.amount <= payment.amount]
    for chargeback in (row for row in chargebacks if row.reversed_at):
        _book_chargeback(payment, invoices, chargeback)
    for refund in sorted(snapshot.refunds, key=lambda row: (row.status not in _NOT_REFUNDED, row.created_at)):
        if _is_too_much(payment, refund):
            problems.append(f"{refund.refund_id}: more than was paid")
        else:
            _book_refund(payment, invoices, refund, now=now)
    for chargeback in (row for row in chargebacks if not row.reversed_at):
        _book_chargeback(payment, invoices, chargeback)
    return problems


def _is_too_much(payment: Payment, reported: RefundSnapshot) -> bool:
    """Tell whether a refund that is not booked yet would pay back more than was paid."""
    if Refund.objects.filter(refund_id=reported.refund_id).exists():
        return False
    standing = Refund.objects.filter(payment=payment).exclude(status__in=_NOT_REFUNDED)
    before = _sum(standing.values_list("amount", flat=True)) if reported.status not in _NOT_REFUNDED else ZERO
    return before + reported.amount > payment.amount


def _after_receipt(payment: Payment, part: Part, received: LedgerTransaction, sides: Sequence[SideRow]) -> None:
    """Queue the receipt for money that was just booked, and open a staff task when there is too much of it."""
    invoice, key = part.invoice, part.key(payment.mollie_id)
    balance = balance_of(sides)
    audit.record("payment_received", by=BY, invoice=invoice, amount=str(part.amount))
    if balance < ZERO or invoice.withdrawn_at:
        twice = "paid twice: pay this one back" if -balance >= part.amount and _paid_before(payment, part) else ""
        _open_task(Task.SURPLUS, payment, key, invoice=invoice, note=twice)
        refunds.propose(invoice, by=refunds.BY_SYSTEM, reason="another payment came")
    if is_on_hold(invoice.pk):
        _open_task(Task.PAID_ON_HOLD, payment, key, invoice=invoice)
    _queue_receipt(payment, part, received, sides)


def _paid_before(payment: Payment, part: Part) -> bool:
    """Tell whether another payment was for the same amount of the same invoice."""
    others = Payment.objects.filter(invoice=part.invoice, amount=part.amount, status=Status.PAID)
    shared = PaymentShare.objects.filter(invoice=part.invoice, amount=part.amount, payment__status=Status.PAID)
    return others.exclude(pk=payment.pk).exists() or shared.exclude(payment=payment).exists()


def _queue_receipt(payment: Payment, part: Part, received: LedgerTransaction, sides: Sequence[SideRow]) -> None:
    """Queue the receipt in the transaction of the booking, without ever rolling it back: a mail can wait.

    When it can't be rendered (an error in a template, a language without one) a staff task is opened. Nothing of the
    message was written by then, so this needs no savepoint. The error message may quote the receipt, so only its type
    is logged.
    """
    key = f"receipt:{part.key(payment.mollie_id)}"
    try:
        facts = receipt_facts(received, part.invoice, sides, amount=part.amount)
        queue_message("receipt", invoice=part.invoice, context=facts, dedupe_key=key)
    except DatabaseError:
        raise  # nothing is booked either, and the next report books all of it
    except Exception as error:  # a template can fail in any way
        reason = type(error).__name__
        log.error("the receipt of payment %s could not be made: %s", payment.pk, reason)
        _open_task(Task.MESSAGE_FAILED, payment, key, invoice=part.invoice, note=f"receipt: {reason}")


def _book_refund(payment: Payment, invoices: list[Invoice], reported: RefundSnapshot, *, now: datetime) -> None:
    """Add a refund to the balance at once; when it fails or is canceled, mirror that."""
    event = reported.refund_id
    refund, _new = Refund.objects.get_or_create(
        refund_id=reported.refund_id,
        defaults={"payment": payment, "amount": reported.amount, "status": reported.status, "reported_at": now},
    )
    if Refund.RANK[reported.status] > Refund.RANK[refund.status]:
        refund.status = reported.status
        refund.save(update_fields=["status"])
    asked = refund_reports.adopt(refund, reported, now=now)
    booked = shares.post_back(
        payment,
        invoices,
        Kind.REFUND,
        refund.amount,
        external_id=event,
        occurred_at=reported.created_at,
        by=BY,
        named=asked.invoice_id if asked else None,
    )
    for part in booked:
        audit.record("refund_booked", by=BY, invoice=part.invoice, amount=str(part.amount))
        if refund.status not in _NOT_REFUNDED and ledger.balance(part.invoice.pk) > ZERO:
            _hold_for_review(Task.REFUNDED, payment, part, event)
    if refund.status not in _NOT_REFUNDED:
        return
    for part in shares.mirror(invoices, Kind.REFUND, event, occurred_at=now, by=BY):
        audit.record("refund_failed", by=BY, invoice=part.invoice, amount=str(part.amount))
        _open_task(Task.SURPLUS, payment, part.key(event), invoice=part.invoice, note=refund.status)
        _release_own_hold(part.invoice)


def _book_chargeback(payment: Payment, invoices: list[Invoice], reported: ChargebackSnapshot) -> None:
    """Book that the bank reversed the payment: it is owed again, and the invoice is on hold until staff reviewed it."""
    event = reported.chargeback_id
    chargeback, _new = Chargeback.objects.get_or_create(
        chargeback_id=reported.chargeback_id,
        defaults={"payment": payment, "amount": reported.amount, "reported_at": reported.created_at},
    )
    booked = shares.post_back(
        payment,
        invoices,
        Kind.CHARGEBACK,
        chargeback.amount,
        external_id=event,
        occurred_at=reported.created_at,
        by=BY,
    )
    for part in booked:
        audit.record("chargeback_booked", by=BY, invoice=part.invoice, amount=str(part.amount))
        if reported.reversed_at is None:
            _hold_for_review(Task.CHARGEBACK, payment, part, event, tell=False)
            chargebacks.tell(chargeback, part.invoice)
        else:
            _open_task(Task.CHARGEBACK, payment, part.key(event), invoice=part.invoice)
    if reported.reversed_at is None:
        return
    mirrored = shares.mirror(invoices, Kind.CHARGEBACK, event, occurred_at=reported.reversed_at, by=BY)
    if mirrored:
        chargeback.reversed_at = reported.reversed_at
        chargeback.save(update_fields=["reversed_at"])
    for part in mirrored:
        audit.record("chargeback_reversed", by=BY, invoice=part.invoice, amount=str(part.amount))
        _release_own_hold(part.invoice)


def _hold_for_review(kind: str, payment: Payment, part: Part, event: str, *, tell: bool = True) -> None:
    """Put the invoice on hold and open a staff task: money went out again, and no letter or cost may follow unreviewed.

    The hold also interrupts a 14-day letter whose term is running: whoever paid it in time never owes costs for it.
    """
    _open_task(kind, payment, part.key(event), invoice=part.invoice)
    place_hold(part.invoice, Hold.STAFF, by=BY, tell=tell)


def _release_own_hold(invoice: Invoice) -> None:
    """End the hold that we placed once no chargeback or refund stands; a hold that staff placed stays."""
    back = LedgerTransaction.objects.filter(
        kind__in=(Kind.CHARGEBACK, Kind.REFUND), postings__invoice=invoice, reverses=None, reversed_by=None
    )
    standing = back.exists() and ledger.balance(invoice.pk) > ZERO
    ours = Hold.objects.filter(invoice=invoice, reason=Hold.STAFF, released_at=None, placed_by=BY).exists()
    if ours and not standing:
        # The page of an invoice on hold promises a new last day to pay; only an open amount needs one.
        owed = ledger.balance(invoice.pk) > ZERO
        due_on = schedule.time_to_pay(invoice, today=timezone.localdate()) if owed else None
        release_hold(invoice, Hold.STAFF, by=BY, due_on=due_on)


def _check_sums(payment: Payment, snapshot: PaymentSnapshot) -> None:
    """Compare the gateway's totals with its own lists. This only raises an alarm: the rows are what is booked."""
    live = [r for r in snapshot.refunds if r.status not in _NOT_REFUNDED]
    refunded = {_sum(r.amount for r in live), _sum(r.amount for r in live if r.status == Refund.Status.REFUNDED)}
    standing = [c for c in snapshot.chargebacks if c.reversed_at is None]
    taken = {_sum(c.amount for c in standing), _sum(c.amount for c in snapshot.chargebacks)}
    for name, total, sums in (
        ("amountRefunded", snapshot.amount_refunded, refunded),
        ("amountChargedBack", snapshot.amount_charged_back, taken),
    ):
        if total is not None and total not in sums:
            _open_alarm(payment, f"{payment.pk}:{name}:{total}", f"{name}: {total}")


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


def _open_alarm(payment: Payment, cause: str, note: str) -> None:
    audit.open_alarm(Task.PAYMENT_MISMATCH, cause=cause, invoice=payment.invoice, payment=payment, note=note)


def _open_task(kind: str, payment: Payment, dedupe_key: str, *, invoice: Invoice, note: str = "") -> None:
    audit.open_task(kind, dedupe_key=dedupe_key, invoice=invoice, payment=payment, note=note)
