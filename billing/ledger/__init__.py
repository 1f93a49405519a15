"""The only writer of the two-sided ledger and of Invoice.settled_at.

A transaction is a fact and never changes; a mistake is corrected by the mirror of the whole transaction. What is owed
on an invoice is the sum of the postings on its accounts: above zero it is outstanding, below zero it is credit that
belongs to the payer. Which part a payment pays (6:44 BW) is posted with it: each account always says what the law says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.utils import timezone

from billing.ledger.breakdown import parts_by_law
from billing.ledger.entries import Effect, SideRow, effects_of, sides_in, sides_of, sums_of
from billing.models import AllocationNote, Invoice, LedgerTransaction, Posting, Provider
from billing.models.ledger import OF_INVOICE, RECEIVABLE, THROUGH, TRANSFERS, Account
from billing.money import ZERO, EuroField

Kind, Rule = LedgerTransaction.Kind, AllocationNote.Rule

# A transaction of these kinds adds to the debt; any other reduces it. A reversal does the opposite.
DEBITS = (Kind.INVOICED, Kind.REFUND, Kind.CHARGEBACK, Kind.REPAID, Kind.COSTS, Kind.INTEREST)
# What these add to one invoice they take from another, or from another part of it.
NEITHER = (Kind.ALLOCATION, Kind.CREDIT_MOVED)
# Money came to us or went out. Any other kind only changes what is owed: the practice has the money of a receipt.
MONEY = (Kind.PAYMENT, Kind.REFUND, Kind.CHARGEBACK)
_AT_ONCE = 500


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


def lock_invoice(invoice_id: int) -> Invoice:
    """Lock the invoice row until the transaction ends and return it: the first lock of every command on an invoice.

    PostgreSQL locks the row; SQLite already queued the writers when the transaction began (IMMEDIATE). NO KEY, here and
    wherever a command locks, so that rows which only refer to the locked one are not blocked. Otherwise two commands
    can deadlock, because PostgreSQL checks foreign keys as late as the commit.
    """
    return Invoice.objects.select_for_update(no_key=True).get(pk=invoice_id)


def lock_invoices(invoice_ids: Iterable[int]) -> list[Invoice]:
    """Lock several invoices as `lock_invoice` does, always in the order of their keys, and return them in that order.

    Whoever locks them one by one in another order can deadlock with somebody who does the reverse.
    """
    wanted = set(invoice_ids)
    if len(wanted) == 1:
        return [lock_invoice(*wanted)]
    return list(Invoice.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))


def balance(invoice_id: int) -> Decimal:
    """Return the sum of the invoice's accounts in euros: positive is owed by the patient, negative to the payer."""
    own = Posting.objects.filter(invoice_id=invoice_id, account__in=OF_INVOICE)
    return sum(own.order_by().values_list("amount", flat=True), ZERO)  # few: cheaper than to have them added up


def outstanding(invoice_id: int) -> Decimal:
    """Return what the patient still has to pay in euros, never below zero."""
    return max(balance(invoice_id), ZERO)


def with_balance(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Annotate the invoices with `.balance`, computed in the same query."""
    own = Posting.objects.filter(invoice=OuterRef("pk"), account__in=OF_INVOICE)
    sums = own.order_by().values("invoice").annotate(sum=Sum("amount"))
    return invoices.annotate(balance=Subquery(sums.values("sum"), output_field=EuroField()))


def post(
    invoice: Invoice,
    kind: LedgerTransaction.Kind,
    amount: Decimal,
    *,
    external_id: str,
    occurred_at: datetime,
    by: str,
    through: Account = Account.GATEWAY,
) -> LedgerTransaction | None:
    """Book one external event on a locked invoice and return the transaction; None when it was booked before.

    `amount` is signed: positive adds to the debt. `through` is where its money came in, or goes out: at the gateway, at
    our bank, from what was not matched, or by an order to the bank. Raises ValueError when the sign does not fit the
    kind, or no money goes through that account.
    """
    shares = [Share(invoice, amount)]
    return post_shares(shares, kind, external_id=external_id, occurred_at=occurred_at, by=by, through=through)


def post_shares(
    shares: Sequence[Share],
    kind: LedgerTransaction.Kind,
    *,
    external_id: str,
    occurred_at: datetime,
    by: str,
    through: Account = Account.GATEWAY,
) -> LedgerTransaction | None:
    """Do as `book_shares`, and return only the transaction."""
    booked = book_shares(shares, kind, external_id=external_id, occurred_at=occurred_at, by=by, through=through)
    return booked.transaction if booked else None


def book_shares(
    shares: Sequence[Share],
    kind: LedgerTransaction.Kind,
    *,
    external_id: str,
    occurred_at: datetime,
    by: str,
    through: Account = Account.GATEWAY,
) -> Booked | None:
    """Book one external event on several locked invoices as one transaction; None when it was booked before.

    Of money that came, why it is for each invoice is kept. Credit that moves is taken from one invoice for another:
    such shares add up to nothing. Raises ValueError without shares, for two shares of one invoice, and when a sign does
    not fit the kind or no money goes through that account.
    """
    if not shares or len({share.invoice.pk for share in shares}) < len(shares):
        raise ValueError("an event has one share for each invoice")
    for share in shares:
        _check_sign(kind, share.amount)
    if kind == Kind.CREDIT_MOVED and sum((share.amount for share in shares), ZERO):
        raise ValueError("credit that moves adds up to nothing")
    if through not in THROUGH:
        raise ValueError("no money goes through this account")
    with transaction.atomic():
        if LedgerTransaction.objects.filter(kind=kind, external_id=external_id).exists():
            return None
        booked = LedgerTransaction.objects.create(kind=kind, external_id=external_id, occurred_at=occurred_at, by=by)
        sides = {}
        for share in shares:
            before = sides_of(share.invoice)
            effects = [*effects_of(before), _effect(booked, share)]
            money = -share.amount if kind in MONEY else ZERO
            posted = _move_to(share.invoice, booked, effects, sums_of(before), money=money, through=through)
            sides[share.invoice.pk] = [*before, *sides_in(posted)]
        _note_rules(booked, [share for share in shares if _effect(booked, share).is_received])
    return Booked(booked, sides)


def _effect(booked: LedgerTransaction, share: Share) -> Effect:
    return Effect(pk=booked.pk, kind=Kind(booked.kind), occurred_at=booked.occurred_at, amount=share.amount)


def _note_rules(booked: LedgerTransaction, shares: Sequence[Share]) -> None:
    notes = [AllocationNote(transaction=booked, invoice=share.invoice, rule=share.rule) for share in shares]
    for note, share in zip(notes, shares, strict=True):
        note.text = share.words
    AllocationNote.objects.bulk_create(notes)


def reverse(
    invoice: Invoice, reversed_: LedgerTransaction, *, external_id: str, occurred_at: datetime, by: str
) -> LedgerTransaction | None:
    """Reverse a transaction of one locked invoice by its mirror and return that; None when it was reversed before.

    As `reverse_shares`, which is for a transaction on several invoices.
    """
    return reverse_shares([invoice], reversed_, external_id=external_id, occurred_at=occurred_at, by=by)


def reverse_shares(
    invoices: Sequence[Invoice], reversed_: LedgerTransaction, *, external_id: str, occurred_at: datetime, by: str
) -> LedgerTransaction | None:
    """Reverse a transaction by the mirror of all its sides and return that; None when it was reversed before.

    What other payments paid is allocated anew by a transaction of its own, as if the reversed one had never been.
    `invoices`, locked, are at least those of the transaction. Raises ValueError when one is missing.
    """
    sides = list(reversed_.postings.order_by("pk"))
    moved = {side.invoice_id for side in sides}
    if not moved <= {invoice.pk for invoice in invoices}:
        raise ValueError("a transaction is reversed on all its invoices at once")
    with transaction.atomic():
        if LedgerTransaction.objects.filter(reverses=reversed_).exists():
            return None
        mirror = _mirror(reversed_, sides, external_id=external_id, occurred_at=occurred_at, by=by)
        for invoice in invoices:
            _allocate_anew(invoice, mirror)
    return mirror


def transfer(
    kind: LedgerTransaction.Kind, sides: Sequence[Side], *, external_id: str, occurred_at: datetime, by: str
) -> LedgerTransaction | None:
    """Move money between accounts that are no invoice's own, and return the transaction; None when booked before.

    Raises ValueError for sides that do not add up to nothing, for a side of nothing, for two sides on one
    account, and for an account that this kind never moves. What is owed on an invoice changes only by `post`.
    """
    if sum((side.amount for side in sides), ZERO) or not sides or not all(side.amount for side in sides):
        raise ValueError("the sides of a transfer add up to nothing, and none of them is nothing")
    if len({(side.account, side.provider, side.invoice) for side in sides}) < len(sides):
        raise ValueError("a transfer has one side for each account")
    if any(side.account not in TRANSFERS.get(kind, ()) for side in sides):
        raise ValueError("this kind of transfer does not move this account")
    with transaction.atomic():
        if LedgerTransaction.objects.filter(kind=kind, external_id=external_id).exists():
            return None
        booked = LedgerTransaction.objects.create(kind=kind, external_id=external_id, occurred_at=occurred_at, by=by)
        Posting.objects.bulk_create(
            Posting(
                transaction=booked, account=side.account, amount=side.amount,
                provider=side.provider, invoice=side.invoice,
            )
            for side in sides
        )  # fmt: skip
    return booked


def reverse_transfer(
    reversed_: LedgerTransaction, *, external_id: str, occurred_at: datetime, by: str
) -> LedgerTransaction | None:
    """Reverse a transfer by its mirror and return that; None when it was reversed before.

    Raises ValueError for a transaction on an invoice: `reverse` does that.
    """
    if reversed_.kind not in TRANSFERS:
        raise ValueError("this is no transfer")
    with transaction.atomic():
        if LedgerTransaction.objects.filter(reverses=reversed_).exists():
            return None
        sides = reversed_.postings.order_by("pk")
        return _mirror(reversed_, sides, external_id=external_id, occurred_at=occurred_at, by=by)


def open_accounts(invoices: Sequence[Invoice], openings: Iterable[Opening]) -> None:
    """Book the first transactions of new invoices in bulk, and settle those on which nothing is left to pay."""
    openings = list(openings)
    booked = LedgerTransaction.objects.bulk_create(
        LedgerTransaction(
            kind=first.kind, external_id=first.invoice.payment_reference, occurred_at=first.occurred_at, by=first.by
        )
        for first in openings
    )
    sums: dict[int, dict[Account, Decimal]] = {}
    sides: list[Posting] = []
    for first, row in zip(openings, booked, strict=True):
        _check_sign(first.kind, first.amount)
        before = sums.setdefault(first.invoice.pk, dict.fromkeys(OF_INVOICE, ZERO))
        after = _opened(before, first.amount)
        sides.extend(_sides(first.invoice, row, before, after, money=ZERO))
        sums[first.invoice.pk] = after
    Posting.objects.bulk_create(sides)
    settled = [invoice.pk for invoice in invoices if sum(sums.get(invoice.pk, {}).values(), ZERO) <= 0]
    for start in range(0, len(settled), _AT_ONCE):
        Invoice.objects.filter(pk__in=settled[start : start + _AT_ONCE]).update(settled_at=timezone.now())


def _opened(before: Mapping[Account, Decimal], amount: Decimal) -> dict[Account, Decimal]:
    """Return the accounts after a first amount: no law is needed where there is only principal."""
    total = before[Account.PRINCIPAL] + before[Account.CREDIT] + amount
    return {**before, Account.PRINCIPAL: max(total, ZERO), Account.CREDIT: min(total, ZERO)}


def _mirror(
    reversed_: LedgerTransaction, sides: Iterable[Posting], *, external_id: str, occurred_at: datetime, by: str
) -> LedgerTransaction:
    mirror = LedgerTransaction.objects.create(
        kind=reversed_.kind, external_id=external_id, occurred_at=occurred_at, by=by, reverses=reversed_
    )
    Posting.objects.bulk_create(
        Posting(
            transaction=mirror, account=side.account, amount=-side.amount,
            provider_id=side.provider_id, invoice_id=side.invoice_id,
        )
        for side in sides
    )  # fmt: skip
    return mirror


def _check_sign(kind: LedgerTransaction.Kind, amount: Decimal) -> None:
    # An invoice over zero is allowed: nothing was left of it for the patient.
    fits = amount > 0 if kind in DEBITS else amount < 0
    if kind == Kind.CREDIT_MOVED:
        fits = amount != 0
    if kind == Kind.ALLOCATION or not (fits or (kind == Kind.INVOICED and amount == 0)):
        raise ValueError("the sign of the amount does not fit the kind")


def _allocate_anew(invoice: Invoice, cause: LedgerTransaction) -> None:
    sides = sides_of(invoice)
    effects, before = effects_of(sides), sums_of(sides)
    if parts_by_law(invoice, effects) == before:
        _mark_settled(invoice, owed=sum(before.values(), ZERO) > 0)
        return
    booked = LedgerTransaction.objects.create(
        kind=Kind.ALLOCATION, external_id=f"{cause.pk}:{invoice.pk}", occurred_at=cause.occurred_at, by=cause.by
    )
    _move_to(invoice, booked, effects, before, money=ZERO)


def _move_to(
    invoice: Invoice,
    booked: LedgerTransaction,
    effects: Sequence[Effect],
    before: Mapping[Account, Decimal],
    *,
    money: Decimal,
    through: Account = Account.GATEWAY,
) -> list[Posting]:
    """Post and return the sides that bring the accounts to what the law makes of `effects`.

    `money` came in on `through`.
    """
    after = parts_by_law(invoice, effects)
    posted = Posting.objects.bulk_create(_sides(invoice, booked, before, after, money=money, through=through))
    _mark_settled(invoice, owed=sum(after.values(), ZERO) > 0)
    return posted


def _sides(
    invoice: Invoice,
    booked: LedgerTransaction,
    before: Mapping[Account, Decimal],
    after: Mapping[Account, Decimal],
    *,
    money: Decimal,
    through: Account = Account.GATEWAY,
) -> list[Posting]:
    """Return the postings of one invoice, which add up to nothing.

    Claims are the other side of the receivable, to the cent; the practice is owed the money that is no credit.
    """
    moved: dict[Account, Decimal] = {account: after[account] - before[account] for account in OF_INVOICE}
    moved[Account.CLAIMS] = -sum((moved[account] for account in RECEIVABLE), ZERO)
    moved[Account.PRACTICE] = -(money + moved[Account.CREDIT])
    moved[through] = money
    return [
        Posting(
            transaction=booked,
            account=account,
            amount=amount,
            invoice=invoice,
            provider_id=None if account in THROUGH else invoice.provider_id,
        )
        for account, amount in moved.items()
        if amount
    ]


def _mark_settled(invoice: Invoice, *, owed: bool) -> None:
    """Make settled_at agree with the balance; the moment of first settlement stays until something is owed again."""
    if owed == (invoice.settled_at is None):
        return
    invoice.settled_at = None if owed else timezone.now()
    Invoice.objects.filter(pk=invoice.pk).update(settled_at=invoice.settled_at)
