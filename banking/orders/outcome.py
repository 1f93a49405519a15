"""What became of orders at the bank: news (pain.002), proof (a statement), and absence proven by statements.

Silence proves nothing, and neither does "accepted". Only a debit on a statement books.
"""

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from banking.details import Details
from banking.models import BankLine, OutgoingBatch, OutgoingOrder
from banking.models.orders import OURS
from banking.orders import agreeing, followers, funding, payees
from banking.orders.target_days import target_days_after
from banking.statements import chain
from billing import audit, ledger
from billing.errors import Refused, Stale
from billing.law.calendar import begin_of
from billing.ledger.events import Side
from billing.models import LedgerTransaction, Staff
from billing.models.ledger import Account
from billing.money import ZERO
from billing.rights import by_two
from billing.transitions import advance

Kind, Status = LedgerTransaction.Kind, OutgoingOrder.Status
ORDER_ALARM = "bank_order_alarm"  # staff task
BY = "bank"


def is_ours(reference: str) -> bool:
    """Tell whether an id in a line of a statement has the form of ours, also one that a restored backup forgot."""
    return OURS.fullmatch(reference.strip()) is not None


def rejected(order: OutgoingOrder, *, reason: str) -> bool:
    """Follow that the bank refused an order: its money is released. Return False when that is no news."""
    with transaction.atomic():
        invoice, row = agreeing.locked(order)
        if row.status not in OutgoingOrder.AT_BANK:
            if row.status != Status.REJECTED:
                _alarm(row, f"{row.reference}: the bank rejects what is {row.status}")
            return False
        funding.release(row, invoice, by=BY, reason=reason)
        advance(row, Status.REJECTED, ended_at=timezone.now(), bank_status="RJCT", reason_code=reason[:4])
        audit.record("order_rejected", by=BY, invoice=invoice, order=row.reference, reason=reason)
        _alarm(row, f"{row.reference}: {reason}")
        followers.failed(row, by=BY)
    return True


def lock_meant(said: Details) -> None:
    """Lock the orders that a line names, and what they are paid from: before the line itself, in the order of keys.

    Whoever locks the line first can deadlock with staff who decide about it.
    """
    ids = list(_ids(said))
    meant = OutgoingOrder.objects.filter(reference__in=ids) | OutgoingOrder.objects.filter(batch__reference__in=ids)
    lock_all(meant.order_by("invoice_id", "pk"))


def lock_all(orders: Iterable[OutgoingOrder]) -> None:
    """Lock orders in this order, each after what it is paid from."""
    for order in orders:
        agreeing.locked(order)


def debit_all(orders: Iterable[OutgoingOrder], line: BankLine) -> None:
    """Book that a locked debit, of just their sum, paid these orders. Raises Stale when one is not at the bank."""
    with transaction.atomic():
        for order in orders:
            _debited(order, line)


def carried_out(line: BankLine, said: Details) -> bool:
    """Book a debit that names our orders, in the transaction and with the line locked; return whether it fits them.

    The line itself was booked already (BANK against UNMATCHED). One order by its EndToEndId, or a whole batch by its
    id and its sum. A debit that fits nothing of ours becomes a task for staff.
    """
    orders = _meant(line, said)
    total = sum((order.amount for order in orders), ZERO)
    if not orders or total != -line.amount:
        audit.open_task(ORDER_ALARM, dedupe_key=f"debit:{line.fingerprint}", note=f"{line.booked_on} {line.amount}: "
                        f"{len(orders)} orders of together {total}")  # fmt: skip
        return False
    debit_all(orders, line)
    return True


def awaits_debit(line: BankLine, said: Details) -> bool:
    """Tell whether a line is a payment of ours that came back and whose debit was not read yet."""
    at_bank = OutgoingOrder.objects.filter(reference__in=_ids(said), status__in=OutgoingOrder.AT_BANK)
    return line.amount > ZERO and at_bank.filter(account=line.account).exists()


def came_back(line: BankLine, said: Details) -> bool:
    """Book a payment of ours that came back, with the line locked: mirrors, the account blocked, a task for staff.

    Return False when the line names no order of ours that was paid with this amount.
    """
    paid = OutgoingOrder.objects.filter(reference__in=_ids(said), status=Status.DEBITED)
    order = paid.filter(amount=line.amount).first()
    if order is None:
        for other in paid:  # less the costs of a bank, for example
            _alarm(other, f"{other.reference}: {line.amount} of {other.amount} came back, {said.return_code}")
        return False
    with transaction.atomic():
        invoice, row = agreeing.locked(order)
        if not advance(row, Status.RETURNED, reason_code=said.return_code[:4], ended_at=timezone.now()):
            return False
        debit = LedgerTransaction.objects.get(kind=Kind.DEBITED, external_id=row.event, reverses=None)
        moment = begin_of(line.booked_on)
        ledger.reverse_transfer(debit, external_id=f"{row.event}:{line.fingerprint}", occurred_at=moment, by=BY)
        funding.release(row, invoice, by=BY, reason=said.return_code or "returned")
        payees.block(row, because=said.return_code or "returned")
        audit.record("order_returned", by=BY, invoice=invoice, order=row.reference, reason=said.return_code)
        _alarm(row, f"{row.reference}: {said.return_code or 'returned'}")
        followers.failed(row, by=BY)
    return True


def cancel_absent(order: OutgoingOrder, *, by: Staff) -> bool:
    """Cancel an order that the bank proves not to have executed, once two persons agree; return whether it is done.

    Raises Refused while its absence is not proven by statements without a gap, and for the same person twice.
    """
    with transaction.atomic():
        invoice, row = agreeing.locked(order)
        if row.status not in OutgoingOrder.AT_BANK:
            raise Refused(_("This order is not at the bank."))
        if not absence_is_proven(row):
            raise Refused(
                _("It is not proven that the bank did not pay this: a statement of these days is missing, a debit of "
                  "these days waits at the bank's page, or the bank still has time.")
            )  # fmt: skip
        who = audit.name_of(by)
        if row.cancel_asked_by_id is None:
            OutgoingOrder.objects.filter(pk=row.pk).update(cancel_asked_by=by)
            audit.record("order_cancel_asked", by=who, invoice=invoice, order=row.reference)
            return False
        if row.cancel_asked_by_id == by.pk:
            raise Refused(_("You agreed already. Somebody else has to agree, too."))
        by_two.refuse_new(row.cancel_asked_by, by, practice=None)
        funding.release(row, invoice, by=who, reason="not executed")
        advance(row, Status.CANCELLED, cancelled_by=by, ended_at=timezone.now())
        audit.record("order_cancelled", by=who, invoice=invoice, order=row.reference)
        followers.failed(row, by=who)
    return True


def absence_is_proven(order: OutgoingOrder) -> bool:
    """Tell whether statements without a gap cover the days in which the bank would have executed the order.

    A debit of those days that nobody explained yet may be the order: some banks book a batch as one sum, without ids.
    """
    batch = order.batch
    if batch is None or batch.exported_at is None:
        return False
    first = timezone.localdate(batch.exported_at)
    last = target_days_after(max(first, batch.execute_on), settings.BANK_ABSENT_AFTER_TARGET_DAYS)
    unexplained = BankLine.objects.filter(
        account=order.account, amount__lte=-order.amount, booked_on__gte=first, booked_on__lte=last,
        status__in=(BankLine.Status.NEW, BankLine.Status.PROPOSED, BankLine.Status.UNMATCHED),
    )  # fmt: skip
    return chain.is_unbroken(order.account, first, last) and not unexplained.exists()


def _meant(line: BankLine, said: Details) -> list[OutgoingOrder]:
    """Return the orders that a debit names, at the bank still: one by its own id, or all of the batch."""
    at_bank = OutgoingOrder.objects.filter(account=line.account_id, status__in=OutgoingOrder.AT_BANK)
    if one := at_bank.filter(reference__in=_ids(said)).first():
        return [one]
    batch = OutgoingBatch.objects.filter(reference__in=_ids(said)).first()
    return list(at_bank.filter(batch=batch).order_by("pk")) if batch else []


def _ids(said: Details) -> Iterable[str]:
    found = (said.end_to_end, said.batch, said.instruction, said.entry_reference)
    return [reference.strip() for reference in found if is_ours(reference)]


def _debited(order: OutgoingOrder, line: BankLine) -> None:
    _invoice, row = agreeing.locked(order)
    if row.status not in OutgoingOrder.AT_BANK:  # somebody was faster; the caller's transaction begins anew
        raise Stale(row.reference)
    advance(row, Status.DEBITED, ended_at=timezone.now())
    sides = [Side(Account.UNDER_WAY, row.amount), Side(Account.UNMATCHED, -row.amount)]
    ledger.transfer(Kind.DEBITED, sides, external_id=row.event, occurred_at=begin_of(line.booked_on), by=BY)
    audit.record("order_paid", by=BY, invoice=row.invoice, order=row.reference, on=str(line.booked_on))
    followers.paid(row)


def _alarm(order: OutgoingOrder, note: str) -> None:
    audit.open_task(ORDER_ALARM, dedupe_key=note[:80], invoice=order.invoice, note=note)
