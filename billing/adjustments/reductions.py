"""Reductions of an invoice and their reversal: the only way for other rooms to change a price."""

from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from billing import ledger
from billing.adjustments import charges, credit
from billing.invoices import schedule
from billing.ledger.entries import entries_of, standing_entries
from billing.models import Invoice, LedgerTransaction
from billing.money import ZERO
from billing.payments.attempts import supersede_live

Kind = LedgerTransaction.Kind
_OF_THE_INVOICE = (Kind.INVOICED, Kind.INSURER_PAID, Kind.CREDITED)


def patient_share(invoice: Invoice) -> Decimal:
    """Return what the patient would pay without any reduction, in euros.

    That is what was invoiced, less what was credited and what the insurer paid. Prefetched entries are used if any.
    """
    return sum((e.amount for e in entries_of(invoice) if e.kind in _OF_THE_INVOICE), ZERO)


def reduced(invoice: Invoice) -> Decimal:
    """Return by how much the invoice is reduced now, in euros."""
    return -sum((e.amount for e in entries_of(invoice) if e.kind == Kind.REDUCTION), ZERO)


def charged(invoice: Invoice) -> Decimal:
    """Return the collection costs and interest that stand on the invoice, in euros, paid or not."""
    charges_ = (Kind.COSTS, Kind.INTEREST)
    return sum((entry.amount for entry in standing_entries(invoice) if entry.kind in charges_), ZERO)


def reduce_to(invoice: Invoice, total: Decimal, *, external_id: str, by: str, now: datetime) -> Decimal:
    """Make the reductions of a locked invoice add up to `total` euros; return the credit of the patient, or zero.

    A higher total adds an entry; a lower one reverses the standing entries and books the new total. A higher total also
    waives the costs and interest that were charged: they were computed over an amount that was never owed, so the
    letters that named them are void. A live payment of the old amount is superseded. An overpayment opens a staff task.
    Raises ValueError for a total below zero or above the patient's share.
    """
    if not ZERO <= total <= patient_share(invoice):
        raise ValueError("a reduction lies between nothing and all")
    before = reduced(invoice)
    if total == before:
        return max(-ledger.balance(invoice.pk), ZERO)
    if total > before:
        _reverse_charges(invoice, by, now)
    else:
        _reverse_reductions(invoice, external_id, by, now)
        before = ZERO
    if total > before:
        ledger.post(invoice, Kind.REDUCTION, before - total, external_id=external_id, occurred_at=now, by=by)
    supersede_live(invoice, now=now)
    return credit.leave_to_staff(invoice, cause=external_id, by=by, reason="the reduction changed")


def _reverse_charges(invoice: Invoice, by: str, now: datetime) -> None:
    """Waive the charges: what is still owed may cost something only after its own 14-day letter (6:96 lid 6 BW)."""
    if charges.reverse_charges(invoice, by=by, note="lowered"):
        schedule.void_final_notice(invoice, "lowered")
        schedule.reschedule(invoice, today=timezone.localtime(now).date())


def _reverse_reductions(invoice: Invoice, external_id: str, by: str, now: datetime) -> None:
    for entry in standing_entries(invoice):
        if entry.kind == Kind.REDUCTION:
            event = f"{external_id}:{entry.pk}:reversed"
            ledger.reverse(invoice, entry.transaction, external_id=event, occurred_at=now, by=by)
