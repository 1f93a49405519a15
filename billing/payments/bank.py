"""Money at our bank, on invoices: transfers that came in. Refunds of credit are in `refunds.by_bank`.

A transfer is booked from what was not matched, by the day on which our account had it. Reminders, costs and interest
that this day makes untrue are undone by what rooms announce for money received, and the patient gets a receipt as for
any payment (6:114 lid 2 BW).
"""

import logging
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger, rooms
from billing.errors import Refused
from billing.invoices.holds import is_on_hold
from billing.law.calendar import begin_of
from billing.ledger import Share
from billing.ledger.entries import SideRow, balance_of, sides_of, standing_entries
from billing.models import Invoice, LedgerTransaction, StaffTask
from billing.models.ledger import Account
from billing.money import ZERO
from billing.outbox.queue import queue_message
from billing.payments import credit, refunds
from billing.payments.attempts import supersede_live
from billing.payments.rest import after_undoing, receipt_facts
from billing.payments.shares import MOVED

log = logging.getLogger(__name__)
Kind, Task = LedgerTransaction.Kind, StaffTask.Kind


def book_transfer(shares: Sequence[Share], *, event: str, paid_on: date, by: str) -> LedgerTransaction | None:
    """Book a bank line on the locked invoices of `shares`, each negative; None when it was booked before.

    The money comes from what was not matched, where the line put it. `event` is the id of this decision about the line;
    `paid_on` is the day that counts for the payer. What is too much for an invoice becomes credit.
    """
    received = ledger.post_shares(
        shares, Kind.PAYMENT, external_id=event, occurred_at=begin_of(paid_on), by=by, through=Account.UNMATCHED
    )
    if received is None:
        return None
    for share in shares:
        invoice, amount = share.invoice, -share.amount
        supersede_live(invoice)
        audit.record("transfer_booked", by=by, invoice=invoice, amount=str(amount), on=str(paid_on))
        rooms.booked(invoice, received)
        _after(invoice, received, amount, event=f"{event}:{invoice.pk}")
    return received


def undo_transfer(invoices: Sequence[Invoice], *, event: str, by: str, written: str) -> LedgerTransaction:
    """Undo a booked line on its locked invoices by the mirror of its transaction: what it paid is owed again.

    Who owes it gets a new last day to pay, and is told. `written` is why, in the words of who does it. Raises Refused
    when the money was moved to other invoices since, and when a part of it is not there any more.
    """
    original = _standing(event, invoices)
    for invoice in invoices:
        _refuse_if_spent(invoice, original)
    now, was = timezone.now(), {invoice.pk: _paid_on(invoice, original) for invoice in invoices}
    mirror = ledger.reverse_shares(
        invoices, original, external_id=f"{original.external_id}:undone", occurred_at=now, by=by
    )
    assert mirror is not None  # it stands, and the invoices are locked
    for invoice in invoices:
        supersede_live(invoice)
        audit.record("transfer_undone", by=by, invoice=invoice, written=written)
        after_undoing(invoice, was=was[invoice.pk], paid_on=original.occurred_at, key=f"{mirror.pk}:{invoice.pk}")
    return mirror


def _standing(event: str, invoices: Sequence[Invoice]) -> LedgerTransaction:
    """Return the booking of a line that stands: the first one, or that which moved its money back to these invoices."""
    booked = LedgerTransaction.objects.filter(kind=Kind.PAYMENT, reverses=None, reversed_by=None)
    found = booked.filter(Q(external_id=event) | Q(external_id__startswith=f"{event}{MOVED}")).first()
    ours = {invoice.pk for invoice in invoices}
    if found is None or not set(found.postings.values_list("invoice_id", flat=True)) <= {*ours, None}:
        raise Refused(_("This money was moved to another invoice since. Move it back first, or further from there."))
    return found


def _paid_on(invoice: Invoice, booked: LedgerTransaction) -> Decimal:
    return -sum((entry.amount for entry in standing_entries(invoice) if entry.pk == booked.pk), ZERO)


def _refuse_if_spent(invoice: Invoice, booked: LedgerTransaction) -> None:
    """Raise Refused when, without this booking, more went back to the payer or away than was paid on the invoice.

    Then the payer has a part of the money already, or it pays another invoice.
    """
    others = [entry for entry in standing_entries(invoice) if entry.pk != booked.pk]
    paid = -sum((entry.amount for entry in others if entry.kind in LedgerTransaction.PAID), ZERO)
    reserved = credit.of(invoice) - credit.free(invoice)
    left = -sum((entry.amount for entry in others), ZERO)  # credit without this booking, when above zero
    if paid < ZERO or (reserved and left < reserved):
        raise Refused(_("A part of this money went back to the payer, or it pays another invoice. Undo that first."))


def _after(invoice: Invoice, received: LedgerTransaction, amount: Decimal, *, event: str) -> None:
    """Tell the patient, and staff where a person has to look: too much, withdrawn, or on hold."""
    sides = sides_of(invoice)
    balance = balance_of(sides)
    if balance < ZERO:
        audit.open_task(Task.SURPLUS, dedupe_key=event, invoice=invoice, note=str(-balance))
        refunds.propose(invoice, by=refunds.BY_SYSTEM, reason="too much came by transfer")
    if is_on_hold(invoice.pk):
        audit.open_task(Task.PAID_ON_HOLD, dedupe_key=event, invoice=invoice)
    _queue_receipt(invoice, received, sides, amount, event=event)


def _queue_receipt(
    invoice: Invoice, received: LedgerTransaction, sides: Sequence[SideRow], amount: Decimal, *, event: str
) -> None:
    """Queue the receipt in the transaction of the booking, without ever rolling it back: a mail can wait.

    Nothing was written yet when it can't be rendered, so this needs no savepoint. The error message may quote the
    receipt, so only its type is told.
    """
    try:
        facts = receipt_facts(received, invoice, sides, amount=amount)
        queue_message("receipt", invoice=invoice, context=facts, dedupe_key=event)
    except DatabaseError:
        raise  # nothing is booked either, and the next try books all of it
    except Exception as error:  # a template can fail in any way
        reason = type(error).__name__
        log.error("the receipt of a transfer could not be made: %s", reason)
        audit.open_task(Task.MESSAGE_FAILED, dedupe_key=event, invoice=invoice, note=f"receipt: {reason}")
