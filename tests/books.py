"""What the ledger says of an invoice, for assertions."""

from decimal import Decimal

from billing.ledger.entries import Entry, entries_of, postings_of
from billing.models import Invoice, LedgerTransaction
from billing.money import ZERO


def booked(invoice: Invoice, *kinds: LedgerTransaction.Kind) -> list[Entry]:
    """The entries of these kinds, in the order of booking."""
    return [entry for entry in entries_of(invoice) if entry.kind in kinds]


def accounts(invoice: Invoice) -> dict[str, Decimal]:
    """The balance of every account that the invoice moved, without those at zero."""
    sums: dict[str, Decimal] = {}
    for posting in postings_of(invoice):
        sums[posting.account] = sums.get(posting.account, ZERO) + posting.amount
    return {account: amount for account, amount in sums.items() if amount}
