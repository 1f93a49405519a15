"""Money at our bank, on invoices: transfers that came in. Refunds of credit are in `refunds.by_bank`.

A transfer is booked from what was not matched, by the day on which our account had it. Reminders, costs and interest
that this day makes untrue are undone by what rooms announce for money received, and the patient gets a receipt as for
any payment (6:114 lid 2 BW).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db import DatabaseError
from django.db.models import Q, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger, rooms
from billing.errors import Refused
from billing.invoices.addressee import addressees
from billing.invoices.holds import on_hold
from billing.law.calendar import begin_of
from billing.ledger.entries import SideRow, balance_of, sides_of_each, standing_entries
from billing.ledger.events import Event, Share
from billing.models import Invoice, LedgerTransaction, StaffTask
from billing.models.ledger import Account
from billing.money import ZERO
from billing.outbox.queue import Draft, queue_each
from billing.payments import credit, refunds
from billing.payments.attempts import supersede_each, supersede_live
from billing.payments.rest import after_undoing, receipt_facts
from billing.payments.shares import MOVED

log = logging.getLogger(__name__)
Kind, Task = LedgerTransaction.Kind, StaffTask.Kind


@dataclass(frozen=True, slots=True)
class BankTransfer:
    """A bank line that is booked: `shares`, each negative, are its locked invoices, `event` the id of the decision.

    `paid_on` is the day that counts for the payer.
    """

    shares: Sequence[Share]
    event: str
    paid_on: date


@dataclass(frozen=True, slots=True)
class _Part:
    """What of a transfer came to one invoice."""

    invoice: Invoice
    amount: Decimal
    transfer: BankTransfer
    received: LedgerTransaction

    @property
    def event(self) -> str:
        return f"{self.transfer.event}:{self.invoice.pk}"


def book_transfers(transfers: Sequence[BankTransfer], *, by: str) -> None:
    """Book bank lines, each once, on different invoices.

    The money comes from what was not matched, where the line put it. What is too much for an invoice becomes credit.
    """
    events = [Event(one.shares, one.event, begin_of(one.paid_on)) for one in transfers]
    booked = ledger.book_events(events, Kind.PAYMENT, by=by, through=Account.UNMATCHED)
    parts = [
        _Part(share.invoice, -share.amount, one, entry.transaction)
        for one, entry in zip(transfers, booked, strict=True) if entry
        for share in one.shares
    ]  # fmt: skip
    keys = [part.invoice.pk for part in parts]
    supersede_each(keys)
    audit.record_all(
        audit.event(
            "transfer_booked", by=by, invoice=part.invoice, amount=str(part.amount), on=str(part.transfer.paid_on)
        )
        for part in parts
    )
    sides: Mapping[int, Sequence[SideRow]] = {
        key: rows for entry in booked if entry for key, rows in entry.sides.items()
    }
    if rooms.booked([(part.invoice, part.received) for part in parts]):
        sides = sides_of_each(keys)  # what is done about one invoice may move money of another
    _after(parts, sides)


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


def _after(parts: Sequence[_Part], sides: Mapping[int, Sequence[SideRow]]) -> None:
    """Tell the patients, and staff where a person has to look: too much, withdrawn, or on hold."""
    resting = on_hold([part.invoice.pk for part in parts])
    for part in parts:
        balance = balance_of(sides[part.invoice.pk])
        if balance < ZERO:
            audit.open_task(Task.SURPLUS, dedupe_key=part.event, invoice=part.invoice, note=str(-balance))
            refunds.propose(part.invoice, by=refunds.BY_SYSTEM, reason="too much came by transfer")
        if part.invoice.pk in resting:
            audit.open_task(Task.PAID_ON_HOLD, dedupe_key=part.event, invoice=part.invoice)
    _queue_receipts(parts, sides)


def _queue_receipts(parts: Sequence[_Part], sides: Mapping[int, Sequence[SideRow]]) -> None:
    """Queue the receipts in the transaction of the booking, without ever rolling it back: a mail can wait.

    Nothing was written yet when one can't be rendered, so this needs no savepoint.
    """
    invoices = [part.invoice for part in parts]
    to = addressees([invoice.pk for invoice in invoices])
    prefetch_related_objects(invoices, "provider")
    prefetch_related_objects([one for one in invoices if to[one.pk].relation], "patient")  # told whose invoice it is
    drafts = []
    for part in parts:
        draft = Draft(part.invoice, to[part.invoice.pk], {}, part.event)
        try:
            facts = receipt_facts(part.received, part.invoice, sides[part.invoice.pk], amount=part.amount)
            drafts.append(replace(draft, context=facts))
        except DatabaseError:
            raise  # nothing is booked either, and the next try books all of it
        except Exception as error:  # an inconsistent row can fail in any way
            _no_receipt(draft, error)
    queue_each("receipt", drafts, now=timezone.now(), failed=_no_receipt)


def _no_receipt(draft: Draft, error: Exception) -> None:
    """Have a person look at a receipt that could not be made. The error may quote it, so only its type is told."""
    reason = type(error).__name__
    log.error("the receipt of a transfer could not be made: %s", reason)
    audit.open_task(Task.MESSAGE_FAILED, dedupe_key=draft.dedupe_key, invoice=draft.invoice, note=f"receipt: {reason}")
