"""A payment that was booked wrong: which bookings of whoever pays an invoice can be divided anew, and how.

The dividing itself is billing's (`reallocation`): costs and interest that followed from the mistake go with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from billing.adjustments import reallocation
from billing.adjustments.allocation import creditor_of
from billing.errors import Refused
from billing.invoices.debtors import patients_of_debtor
from billing.ledger.entries import standing_entries
from billing.models import Invoice, LedgerTransaction
from billing.money import ZERO

MOST = 20  # invoices of one payer that the form offers


@dataclass(frozen=True, slots=True)
class Booking:
    """Money that came, and how it is divided now: euros by the key of each invoice."""

    transaction: LedgerTransaction
    now: Mapping[int, Decimal]

    @property
    def sum(self) -> Decimal:
        """Return what came, in euros."""
        return sum(self.now.values(), ZERO)


def invoices_of_payer(invoice: Invoice) -> list[Invoice]:
    """Return the invoices of whoever pays this one, of the same creditor, itself first and then the newest."""
    rows = Invoice.objects.filter(patient__in=patients_of_debtor(invoice.patient), erased_at=None)
    rows = rows.select_related("provider", "patient").order_by("-issued_on", "-pk")
    others = [row for row in rows.exclude(pk=invoice.pk)[:MOST] if creditor_of(row) == creditor_of(invoice)]
    return [invoice, *others]


def bookings(invoice: Invoice) -> list[Booking]:
    """Return what was received from whoever pays this invoice and can be divided anew: on their invoices alone."""
    theirs = invoices_of_payer(invoice)
    keys = {row.pk for row in theirs}
    found: dict[int, Booking] = {}
    for row in theirs:
        for entry in standing_entries(row):
            if entry.kind in LedgerTransaction.RECEIVED and entry.transaction.pk not in found:
                now = reallocation.of_booking(entry.transaction)
                if set(now) <= keys:
                    found[entry.transaction.pk] = Booking(entry.transaction, now)
    return sorted(found.values(), key=lambda booking: booking.transaction.occurred_at, reverse=True)


def division(invoice: Invoice, booking_id: int, shares: Mapping[int, Decimal]) -> tuple[LedgerTransaction, Any]:
    """Return a booking and its new division, in euros by key; with no `shares` all of it pays this invoice.

    Raises Refused when this is no booking of whoever pays the invoice, or when it can't be divided so.
    """
    booking = next((row for row in bookings(invoice) if row.transaction.pk == booking_id), None)
    if booking is None:
        raise Refused(_("This booking no longer stands."))
    if not set(shares) <= {row.pk for row in invoices_of_payer(invoice)}:
        raise Refused(_("Money can only be moved between invoices of whoever pays this one."))
    amounts = dict(shares) or {invoice.pk: booking.sum}
    reallocation.refuse_if_wrong(booking.transaction, amounts)
    return booking.transaction, amounts
