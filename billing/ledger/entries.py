"""What each transaction did to one invoice: its postings on the accounts of the invoice, added up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Prefetch

from billing.models import Invoice, LedgerTransaction, Posting
from billing.models.ledger import OF_INVOICE, Account
from billing.money import ZERO

PARTS = (Account.COSTS, Account.INTEREST, Account.PRINCIPAL, Account.CREDIT)  # in the order in which money pays them
_OF_TRANSACTION = ("kind", "occurred_at", "reverses_id")
_WITH_TRANSACTION = Posting.objects.select_related("transaction")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The effect of one transaction, whose key is `pk`, on one invoice in euros. Positive: the patient owes more.

    `stands`: it was not reversed and is no reversal itself.
    """

    pk: int
    kind: LedgerTransaction.Kind
    occurred_at: datetime
    amount: Decimal
    stands: bool = True

    @property
    def is_received(self) -> bool:
        """Tell whether it is money of the payer that came to this invoice."""
        moved_here = self.kind == LedgerTransaction.Kind.CREDIT_MOVED and self.amount < 0
        return moved_here or self.kind in LedgerTransaction.RECEIVED

    @property
    def is_paid_back(self) -> bool:
        """Tell whether it is money that left this invoice again, so that it counts as never received."""
        kind = LedgerTransaction.Kind
        if self.kind == kind.CREDIT_MOVED:
            return self.amount > 0
        return self.kind in (kind.REFUND, kind.CHARGEBACK, kind.REPAID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Effect):
    """An effect with its transaction, for whoever shows or reverses it."""

    transaction: LedgerTransaction


def with_postings(path: str = "postings") -> Prefetch:
    """Return what to prefetch for `entries_of`; `path` leads to the postings of an invoice."""
    return Prefetch(path, _WITH_TRANSACTION)


class SideRow(NamedTuple):
    """A posting as it stands in the database: of which transaction, on which account, signed euros.

    `kind`, `occurred_at` and `reverses_id` are those of the transaction.
    """

    transaction_id: int
    account: str
    amount: Decimal
    kind: str
    occurred_at: datetime
    reverses_id: int | None


def postings_of(invoice: Invoice) -> list[Posting]:
    """Return the postings of the invoice on all accounts, prefetched ones if there are any."""
    if "postings" in getattr(invoice, "_prefetched_objects_cache", {}):
        return list(invoice.postings.all())
    return list(_WITH_TRANSACTION.filter(invoice=invoice))


def entries_of(invoice: Invoice) -> list[Entry]:
    """Return what each transaction did to the invoice, in the order of booking; without those that only allocate."""
    return grouped(postings_of(invoice))


def standing_entries(invoice: Invoice) -> list[Entry]:
    """Return the entries that were not reversed, without the reversals."""
    return [entry for entry in entries_of(invoice) if entry.stands]


def grouped(postings: Iterable[Posting]) -> list[Entry]:
    """Return the effects of all postings of one invoice, each with its transaction."""
    postings = list(postings)
    transactions = {posting.transaction_id: posting.transaction for posting in postings}
    return [
        Entry(
            pk=effect.pk,
            kind=effect.kind,
            occurred_at=effect.occurred_at,
            amount=effect.amount,
            stands=effect.stands,
            transaction=transactions[effect.pk],
        )
        for effect in effects_of(sides_in(postings))
    ]


def effects_of(sides: Sequence[SideRow]) -> list[Effect]:
    """Add all sides of one invoice up by transaction. What reverses one of them is a mirror on the same accounts."""
    sums: dict[int, Decimal] = {}
    for side in sides:
        sums[side.transaction_id] = sums.get(side.transaction_id, ZERO) + side.amount
    reversals = {side.transaction_id: side.reverses_id for side in sides if side.reverses_id}
    gone = {*reversals, *reversals.values()}
    of = {side.transaction_id: side for side in sides}
    return [
        Effect(
            pk=pk,
            kind=LedgerTransaction.Kind(of[pk].kind),
            occurred_at=of[pk].occurred_at,
            amount=sums[pk],
            stands=pk not in gone,
        )
        for pk in sorted(sums)
        if sums[pk]
    ]


def went_to(booked: LedgerTransaction, invoice: Invoice) -> dict[Account, Decimal]:
    """Return what money that came in paid of each part of the invoice, in the order of 6:44 BW; credit is what is over.

    This is how it was allocated when it was booked.
    """
    return paid_by(booked, sides_of(invoice))


def sides_of(invoice: Invoice) -> list[SideRow]:
    """Return what was posted to the invoice's own accounts, which adds up to its balance."""
    return sides_of_each([invoice.pk])[invoice.pk]


def sides_of_each(invoice_ids: Iterable[int]) -> dict[int, list[SideRow]]:
    """Return what `sides_of` does of each of these invoices, by key."""
    found: dict[int, list[SideRow]] = {pk: [] for pk in invoice_ids}
    columns = ("transaction_id", "account", "amount", *(f"transaction__{name}" for name in _OF_TRANSACTION))
    rows = Posting.objects.filter(invoice__in=found).order_by().values_list("invoice", *columns)
    for invoice_id, *columns_of in rows:
        side = SideRow(*columns_of)
        if side.account in OF_INVOICE:
            found[invoice_id].append(side)
    return found


def sides_in(postings: Iterable[Posting]) -> list[SideRow]:
    """Return what `sides_of` does, out of all postings of one invoice that were read already."""
    return [_side(posting, posting.transaction) for posting in postings if posting.account in OF_INVOICE]


def _side(posting: Posting, booked: LedgerTransaction) -> SideRow:
    return SideRow(booked.pk, posting.account, posting.amount, booked.kind, booked.occurred_at, booked.reverses_id)


def balance_of(sides: Iterable[SideRow]) -> Decimal:
    """Return what the sides of an invoice add up to: positive is owed by the patient, negative to the payer."""
    return sum((side.amount for side in sides), ZERO)


def paid_by(booked: LedgerTransaction, sides: Iterable[SideRow]) -> dict[Account, Decimal]:
    """Return what `went_to` does, out of `sides` that were read already."""
    sums: dict[str, Decimal] = {}
    for side in sides:
        if side.transaction_id == booked.pk:
            sums[side.account] = sums.get(side.account, ZERO) + side.amount
    return {part: -sums[part] for part in PARTS if sums.get(part)}


def sums_of(sides: Iterable[SideRow | Posting]) -> dict[Account, Decimal]:
    """Return the balance of each account of one invoice, those at zero too."""
    sums = dict.fromkeys(OF_INVOICE, ZERO)
    for side in sides:
        if side.account in OF_INVOICE:
            sums[Account(side.account)] += side.amount
    return sums
