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
from billing.ledger.entries import Entry, grouped, postings_of, sums_of
from billing.models import Invoice, LedgerTransaction, Posting
from billing.models.ledger import OF_INVOICE, RECEIVABLE, Account
from billing.money import ZERO, EuroField

Kind = LedgerTransaction.Kind

# A transaction of these kinds adds to the debt; any other reduces it. A reversal does the opposite.
DEBITS = (Kind.INVOICED, Kind.REFUND, Kind.CHARGEBACK, Kind.REPAID, Kind.COSTS, Kind.INTEREST)
# What these add to one invoice they take from another, or from another part of it.
NEITHER = (Kind.ALLOCATION, Kind.TRANSFER)
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


def lock_invoice(invoice_id: int) -> Invoice:
    """Lock the invoice row until the transaction ends and return it: the first lock of every command on an invoice.

    PostgreSQL locks the row; SQLite already queued the writers when the transaction began (IMMEDIATE). NO KEY, here and
    wherever a command locks, so that rows which only refer to the locked one are not blocked. Otherwise two commands
    can deadlock, because PostgreSQL checks foreign keys as late as the commit.
    """
    return Invoice.objects.select_for_update(no_key=True).get(pk=invoice_id)


def balance(invoice_id: int) -> Decimal:
    """Return the sum of the invoice's accounts in euros: positive is owed by the patient, negative to the payer."""
    own = Posting.objects.filter(invoice_id=invoice_id, account__in=OF_INVOICE)
    return own.aggregate(sum=Sum("amount"))["sum"] or ZERO


def outstanding(invoice_id: int) -> Decimal:
    """Return what the patient still has to pay in euros, never below zero."""
    return max(balance(invoice_id), ZERO)


def with_balance(invoices: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Annotate the invoices with `.balance`, computed in the same query."""
    own = Posting.objects.filter(invoice=OuterRef("pk"), account__in=OF_INVOICE)
    sums = own.order_by().values("invoice").annotate(sum=Sum("amount"))
    return invoices.annotate(balance=Subquery(sums.values("sum"), output_field=EuroField()))


def post(
    invoice: Invoice, kind: LedgerTransaction.Kind, amount: Decimal, *, external_id: str, occurred_at: datetime, by: str
) -> LedgerTransaction | None:
    """Book one external event on a locked invoice and return the transaction; None when it was booked before.

    `amount` is signed: positive adds to the debt. Raises ValueError when the sign does not fit the kind.
    """
    _check_sign(kind, amount)
    with transaction.atomic():
        if LedgerTransaction.objects.filter(kind=kind, external_id=external_id).exists():
            return None
        booked = LedgerTransaction.objects.create(kind=kind, external_id=external_id, occurred_at=occurred_at, by=by)
        postings = postings_of(invoice)
        entries = [*grouped(postings), Entry(booked, amount)]
        _move_to(invoice, booked, entries, sums_of(postings), money=-amount if kind in MONEY else ZERO)
    return booked


def move_credit(
    source: Invoice, target: Invoice, amount: Decimal, *, external_id: str, occurred_at: datetime, by: str
) -> LedgerTransaction | None:
    """Use `amount` euros of the credit of one locked invoice to pay another; None when it was booked before.

    One transaction with the postings of both. The caller knows that the payer agrees (6:127 BW), that the source has
    the credit and the target is open. Raises ValueError for an amount that is not above zero.
    """
    if amount <= 0 or source.pk == target.pk:
        raise ValueError("credit is moved to another invoice")
    with transaction.atomic():
        if LedgerTransaction.objects.filter(kind=Kind.TRANSFER, external_id=external_id).exists():
            return None
        booked = LedgerTransaction.objects.create(
            kind=Kind.TRANSFER, external_id=external_id, occurred_at=occurred_at, by=by
        )
        for invoice, signed in ((source, amount), (target, -amount)):
            postings = postings_of(invoice)
            _move_to(invoice, booked, [*grouped(postings), Entry(booked, signed)], sums_of(postings), money=ZERO)
    return booked


def reverse(
    invoice: Invoice, reversed_: LedgerTransaction, *, external_id: str, occurred_at: datetime, by: str
) -> LedgerTransaction | None:
    """Reverse a transaction of a locked invoice by its mirror and return that; None when it was reversed before.

    One that names several invoices is reversed on all of them: the caller locks each.

    What other payments paid is allocated anew by a transaction of its own, as if the reversed one had never been.
    """
    with transaction.atomic():
        if LedgerTransaction.objects.filter(reverses=reversed_).exists():
            return None
        mirror = LedgerTransaction.objects.create(
            kind=reversed_.kind, external_id=external_id, occurred_at=occurred_at, by=by, reverses=reversed_
        )
        Posting.objects.bulk_create(
            Posting(
                transaction=mirror, account=side.account, amount=-side.amount,
                provider_id=side.provider_id, invoice_id=side.invoice_id,
            )
            for side in reversed_.postings.order_by("pk")
        )  # fmt: skip
        _allocate_anew(invoice, mirror)
        for other in Invoice.objects.filter(postings__transaction=mirror).exclude(pk=invoice.pk).distinct():
            _allocate_anew(other, mirror)
    return mirror


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


def _check_sign(kind: LedgerTransaction.Kind, amount: Decimal) -> None:
    # An invoice over zero is allowed: nothing was left of it for the patient.
    fits = amount > 0 if kind in DEBITS else amount < 0
    if kind in NEITHER or not (fits or (kind == Kind.INVOICED and amount == 0)):
        raise ValueError("the sign of the amount does not fit the kind")


def _allocate_anew(invoice: Invoice, cause: LedgerTransaction) -> None:
    postings = postings_of(invoice)
    entries, before = grouped(postings), sums_of(postings)
    if parts_by_law(invoice, entries) == before:
        _mark_settled(invoice, owed=sum(before.values(), ZERO) > 0)
        return
    booked = LedgerTransaction.objects.create(
        kind=Kind.ALLOCATION, external_id=f"{cause.pk}:{invoice.pk}", occurred_at=cause.occurred_at, by=cause.by
    )
    _move_to(invoice, booked, entries, before, money=ZERO)


def _move_to(
    invoice: Invoice,
    booked: LedgerTransaction,
    entries: Sequence[Entry],
    before: Mapping[Account, Decimal],
    *,
    money: Decimal,
) -> None:
    """Post the sides that bring the accounts to what the law makes of `entries`; `money` is what came in."""
    after = parts_by_law(invoice, entries)
    Posting.objects.bulk_create(_sides(invoice, booked, before, after, money=money))
    _mark_settled(invoice, owed=sum(after.values(), ZERO) > 0)


def _sides(
    invoice: Invoice,
    booked: LedgerTransaction,
    before: Mapping[Account, Decimal],
    after: Mapping[Account, Decimal],
    *,
    money: Decimal,
) -> list[Posting]:
    """Return the postings of one invoice, which add up to nothing.

    Claims are the other side of the receivable, to the cent; the practice is owed the money that is no credit.
    """
    moved: dict[Account, Decimal] = {account: after[account] - before[account] for account in OF_INVOICE}
    moved[Account.CLAIMS] = -sum((moved[account] for account in RECEIVABLE), ZERO)
    moved[Account.PRACTICE] = -(money + moved[Account.CREDIT])
    moved[Account.GATEWAY] = money
    return [
        Posting(
            transaction=booked,
            account=account,
            amount=amount,
            invoice=invoice,
            provider_id=None if account == Account.GATEWAY else invoice.provider_id,
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
