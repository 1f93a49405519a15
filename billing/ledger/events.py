"""What the ledger is told to book, and what it answers: plain values. Each event has the id by which it counts once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.ledger.entries import SideRow
from billing.models import AllocationNote, Invoice, LedgerTransaction, Provider
from billing.models.ledger import Account

Rule = AllocationNote.Rule


@dataclass(frozen=True, slots=True)
class Opening:
    """The first amount of a new invoice: what it comes to, or what the insurer paid of it (negative)."""

    invoice: Invoice
    kind: LedgerTransaction.Kind
    amount: Decimal
    occurred_at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a transfer: signed euros on an account that is no invoice's own.

    `invoice` is the one that caused it, if any. Only the account of a practice has a `provider`.
    """

    account: Account
    amount: Decimal
    provider: Provider | None = None
    invoice: Invoice | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """A transaction just booked, and by the key of each of its invoices what stands on its accounts since."""

    transaction: LedgerTransaction
    sides: Mapping[int, Sequence[SideRow]]


@dataclass(frozen=True, slots=True)
class Share:
    """What one event does to one locked invoice: `amount` in euros, positive adds to the debt.

    Of money that came, `rule` says why it is for this invoice (6:43 BW), and `words` what the payer had written.
    """

    invoice: Invoice
    amount: Decimal
    rule: AllocationNote.Rule = Rule.DESIGNATED
    words: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """An external event on locked invoices: its id, which counts once for its kind, and when it happened."""

    shares: Sequence[Share]
    external_id: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that moves between accounts that are no invoice's own: its sides add up to nothing; the rest as `Event`."""

    sides: Sequence[Side]
    external_id: str
    occurred_at: datetime
