"""The only writer of LedgerEntry and of Invoice.settled_at.

Entries are facts and never change; a mistake is corrected by a reversal entry. What is owed on an invoice is the sum of
its entries: above zero it is outstanding, below zero it is credit that belongs to the patient.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.utils import timezone

from billing.models import Invoice, LedgerEntry
from billing.money import ZERO, EuroField

Kind = LedgerEntry.Kind


def lock_invoice(invoice_id: int) -> Invoice:
    """Lock the invoice row until the transaction ends and return it: the first lock of every command on an invoice.

    PostgreSQL locks the row; SQLite already queued the writers when the transaction began (IMMEDIATE). NO KEY, here and
    wherever a command locks, so that rows which only refer to the locked one are not blocked. Otherwise two commands
    can deadlock, because PostgreSQL checks foreign keys as late as the commit.
    """
    return Invoice.objects.select_for_update(no_key=True).get(pk=invoice_id)


def balance(invoice_id: int) -> Decimal:
    """Return the sum of the entries in euros: positive is owed by the patient, negative is owed to the patient."""
    return LedgerEntry.objects.filter(invoice_id=invoice_id).aggregate(sum=Sum("amount"))["sum"] or ZERO


def outstanding(invoice_id: int) -> Decimal:
    """Return what the patient still has to pay in euros, never below zero."""
    return max(balance(invoice_id), ZERO)


def with_balance(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Annotate the invoices with `.balance`, computed in the same query."""
    sums = LedgerEntry.objects.filter(invoice=OuterRef("pk")).order_by().values("invoice").annotate(sum=Sum("amount"))
    return invoices.annotate(balance=Subquery(sums.values("sum"), output_field=EuroField()))


def post(
    invoice: Invoice, kind: LedgerEntry.Kind, amount: Decimal, *, external_id: str, occurred_at: datetime, by: str
) -> LedgerEntry | None:
    """Book one external event on a locked invoice and return the entry; None when it was booked before.

    `amount` is signed: positive adds to the debt. Raises IntegrityError when the sign does not fit the kind.
    """
    return _insert(
        LedgerEntry(invoice=invoice, kind=kind, amount=amount, external_id=external_id, occurred_at=occurred_at, by=by)
    )


def reverse(entry: LedgerEntry, *, external_id: str, occurred_at: datetime, by: str) -> LedgerEntry | None:
    """Reverse `entry` by a mirror entry and return that; None when it was reversed before."""
    if LedgerEntry.objects.filter(reverses=entry).exists():
        return None
    return _insert(
        LedgerEntry(
            invoice=entry.invoice,
            kind=entry.kind,
            amount=-entry.amount,
            external_id=external_id,
            occurred_at=occurred_at,
            by=by,
            reverses=entry,
        )
    )


def open_accounts(invoices: Sequence[Invoice], entries: Iterable[LedgerEntry]) -> None:
    """Book the first entries of new invoices in bulk, and settle those on which nothing is left to pay."""
    entries = list(entries)
    LedgerEntry.objects.bulk_create(entries)
    sums: dict[int, Decimal] = {}
    for entry in entries:
        sums[entry.invoice_id] = sums.get(entry.invoice_id, ZERO) + entry.amount
    settled = [invoice.pk for invoice in invoices if sums.get(invoice.pk, ZERO) <= 0]
    for start in range(0, len(settled), 500):
        Invoice.objects.filter(pk__in=settled[start : start + 500]).update(settled_at=timezone.now())


def _insert(entry: LedgerEntry) -> LedgerEntry | None:
    with transaction.atomic():
        if LedgerEntry.objects.filter(kind=entry.kind, external_id=entry.external_id).exists():
            return None
        entry.save(force_insert=True)
        _mark_settled(entry.invoice)
    return entry


def _mark_settled(invoice: Invoice) -> None:
    """Make settled_at agree with the balance; the moment of first settlement stays until something is owed again."""
    owed = balance(invoice.pk) > 0
    if owed == (invoice.settled_at is None):
        return
    invoice.settled_at = None if owed else timezone.now()
    Invoice.objects.filter(pk=invoice.pk).update(settled_at=invoice.settled_at)
