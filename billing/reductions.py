"""Lowering what an invoice costs, and taking that back: the one way for rooms above to change a price."""

from datetime import datetime
from decimal import Decimal

from billing import audit, ledger
from billing.models import Invoice, LedgerEntry, StaffItem
from billing.money import ZERO
from billing.payments import supersede_live

Kind = LedgerEntry.Kind


def patient_share(invoice: Invoice) -> Decimal:
    """What the patient would pay without any reduction: invoiced less paid by the insurer, in euros.

    Uses the prefetched entries when there are any.
    """
    return sum((e.amount for e in invoice.entries.all() if e.kind in (Kind.INVOICED, Kind.INSURER_PAID)), ZERO)


def reduced(invoice: Invoice) -> Decimal:
    """By how much the invoice is lowered now, in euros."""
    return -sum((e.amount for e in invoice.entries.all() if e.kind == Kind.REDUCTION), ZERO)


def reduce_to(invoice: Invoice, total: Decimal, *, external_id: str, by: str, now: datetime) -> Decimal:
    """Make the reductions of a locked invoice add up to `total` euros; returns the credit of the patient, if any.

    More than before is one entry more; less than before mirrors what stood and books anew. A running payment of the
    old amount is replaced. Money that came in and is now too much is a staff item, which closes the one that an earlier
    reduction made: the credit in it is no longer true. Raises ValueError for a total
    below zero or above the patient's share.
    """
    if not ZERO <= total <= patient_share(invoice):
        raise ValueError("a reduction lies between nothing and all")
    before = reduced(invoice)
    if total == before:
        return max(-ledger.balance(invoice.pk), ZERO)
    if total < before:
        _take_back(invoice, external_id, by, now)
        before = ZERO
    if total > before:
        ledger.post(invoice, Kind.REDUCTION, before - total, external_id=external_id, occurred_at=now, by=by)
    supersede_live(invoice, now=now)
    credit = max(-ledger.balance(invoice.pk), ZERO)
    overtaken = StaffItem.objects.filter(kind=StaffItem.Kind.SURPLUS, invoice=invoice, payment=None, closed_at=None)
    audit.close_overtaken(overtaken, by=by, reason="the reduction changed")
    if credit:
        audit.ask_staff(StaffItem.Kind.SURPLUS, dedupe_key=external_id, invoice=invoice, note=str(credit))
    return credit


def _take_back(invoice: Invoice, external_id: str, by: str, now: datetime) -> None:
    standing = LedgerEntry.objects.filter(invoice=invoice, kind=Kind.REDUCTION, reverses=None, reversed_by=None)
    for entry in standing.order_by("pk"):
        entry.invoice = invoice  # the one locked row, so that its settled_at stays the same for every entry
        ledger.reverse(entry, external_id=f"{external_id}:{entry.pk}:reversed", occurred_at=now, by=by)
