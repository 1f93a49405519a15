"""The only writer of the two-sided ledger and of Invoice.settled_at.

A transaction is a fact and never changes; a mistake is corrected by the mirror of the whole transaction. What is owed
on an invoice is the sum of the postings on its accounts: above zero it is outstanding, below zero it is credit that
belongs to the payer. Which part a payment pays (6:44 BW) is posted with it: each account always says what the law says.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.utils import timezone

from billing.ledger.breakdown import parts_by_law
from billing.ledger.entries import Effect, effects_of, sides_in, sides_of, sides_of_each, sums_of
from billing.ledger.events import Booked, Event, Opening, Share, Side, Transfer
from billing.models import AllocationNote, Invoice, LedgerTransaction, Posting
from billing.models.ledger import OF_INVOICE, RECEIVABLE, THROUGH, TRANSFERS, Account
from billing.money import ZERO, EuroField
from billing.rows import insert_rows

Kind = LedgerTransaction.Kind

# A transaction of these kinds adds to the debt; any other reduces it. A reversal does the opposite.
DEBITS = (Kind.INVOICED, Kind.REFUND, Kind.CHARGEBACK, Kind.REPAID, Kind.COSTS, Kind.INTEREST)
# What these add to one invoice they take from another, or from another part of it.
NEITHER = (Kind.ALLOCATION, Kind.CREDIT_MOVED)
# Money came to us or went out. Any other kind only changes what is owed: the practice has the money of a receipt.
MONEY = (Kind.PAYMENT, Kind.REFUND, Kind.CHARGEBACK)
_AT_ONCE = 500


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

    As `book_events`, of one.
    """
    (booked,) = book_events([Event(shares, external_id, occurred_at)], kind, by=by, through=through)
    return booked


def book_events(
    events: Sequence[Event], kind: LedgerTransaction.Kind, *, by: str, through: Account = Account.GATEWAY
) -> list[Booked | None]:
    """Book external events of one kind on locked invoices, each as one transaction; None for one booked before.

    Of money that came, why it is for each invoice is kept. Credit that moves is taken from one invoice for another:
    such shares add up to nothing. Raises ValueError without shares, for two shares of one invoice, and when a sign does
    not fit the kind or no money goes through that account. What the database refuses ends the caller's transaction too:
    there is no savepoint here, so whoever wants to go on makes one.
    """
    for event in events:
        _check_shares(kind, event.shares)
    if through not in THROUGH:
        raise ValueError("no money goes through this account")
    with transaction.atomic(savepoint=False):
        made = _transactions(kind, events, by=by)
        new = [(event, made[event.external_id]) for event in events if event.external_id in made]
        sides = sides_of_each(share.invoice.pk for event, _row in new for share in event.shares)
        booked: dict[str, Booked] = {}
        postings: list[Posting] = []
        owed: dict[int, tuple[Invoice, bool]] = {}
        for event, row in new:
            for share in event.shares:
                before = sides[share.invoice.pk]
                after = parts_by_law(share.invoice, [*effects_of(before), _effect(row, share)])
                money = -share.amount if kind in MONEY else ZERO
                moved = _sides(share.invoice, row, sums_of(before), after, money=money, through=through)
                sides[share.invoice.pk] = [*before, *sides_in(moved)]
                owed[share.invoice.pk] = (share.invoice, sum(after.values(), ZERO) > 0)
                postings += moved
            now = {share.invoice.pk: sides[share.invoice.pk] for share in event.shares}
            booked[event.external_id] = Booked(row, now)
        insert_rows(postings)
        _mark_settled(owed.values())
        _note_rules(new)
    return [booked.get(event.external_id) for event in events]


def _check_shares(kind: LedgerTransaction.Kind, shares: Sequence[Share]) -> None:
    if not shares or len({share.invoice.pk for share in shares}) < len(shares):
        raise ValueError("an event has one share for each invoice")
    for share in shares:
        _check_sign(kind, share.amount)
    if kind == Kind.CREDIT_MOVED and sum((share.amount for share in shares), ZERO):
        raise ValueError("credit that moves adds up to nothing")


def _transactions(
    kind: LedgerTransaction.Kind, events: Sequence[Event | Transfer], *, by: str
) -> dict[str, LedgerTransaction]:
    """Insert the transactions of those events that have none yet, and return them by the id of the event."""
    known = _booked_before(kind, [event.external_id for event in events])
    made = insert_rows(
        LedgerTransaction(kind=kind, external_id=event.external_id, occurred_at=event.occurred_at, by=by)
        for event in events
        if event.external_id not in known
    )
    return {row.external_id: row for row in made}


def _booked_before(kind: LedgerTransaction.Kind, ids: Sequence[str]) -> set[str]:
    booked = LedgerTransaction.objects.filter(kind=kind, external_id__in=ids)
    return set(booked.values_list("external_id", flat=True))


def _effect(booked: LedgerTransaction, share: Share) -> Effect:
    return Effect(pk=booked.pk, kind=Kind(booked.kind), occurred_at=booked.occurred_at, amount=share.amount)


def _note_rules(booked: Iterable[tuple[Event, LedgerTransaction]]) -> None:
    notes = []
    for event, row in booked:
        for share in event.shares:
            if _effect(row, share).is_received:
                note = AllocationNote(transaction=row, invoice=share.invoice, rule=share.rule)
                note.text = share.words
                notes.append(note)
    insert_rows(notes)


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
    with transaction.atomic(savepoint=False):
        if LedgerTransaction.objects.filter(reverses=reversed_).exists():
            return None
        mirror = _mirror(reversed_, sides, external_id=external_id, occurred_at=occurred_at, by=by)
        for invoice in invoices:
            _allocate_anew(invoice, mirror)
    return mirror


def transfer(
    kind: LedgerTransaction.Kind, sides: Sequence[Side], *, external_id: str, occurred_at: datetime, by: str
) -> LedgerTransaction | None:
    """Do as `transfer_each`, of one."""
    (booked,) = transfer_each(kind, [Transfer(sides, external_id, occurred_at)], by=by)
    return booked


def transfer_each(
    kind: LedgerTransaction.Kind, transfers: Sequence[Transfer], *, by: str
) -> list[LedgerTransaction | None]:
    """Move money between accounts that are no invoice's own, and return each transaction; None when booked before.

    Raises ValueError for sides that do not add up to nothing, for a side of nothing, for two sides on one
    account, and for an account that this kind never moves. What is owed on an invoice changes only by `post`.
    """
    for one in transfers:
        _check_sides(kind, one.sides)
    with transaction.atomic(savepoint=False):
        made = _transactions(kind, transfers, by=by)
        insert_rows(
            Posting(
                transaction=made[one.external_id], account=side.account, amount=side.amount,
                provider=side.provider, invoice=side.invoice,
            )
            for one in transfers if one.external_id in made
            for side in one.sides
        )  # fmt: skip
    return [made.get(one.external_id) for one in transfers]


def _check_sides(kind: LedgerTransaction.Kind, sides: Sequence[Side]) -> None:
    if sum((side.amount for side in sides), ZERO) or not sides or not all(side.amount for side in sides):
        raise ValueError("the sides of a transfer add up to nothing, and none of them is nothing")
    if len({(side.account, side.provider, side.invoice) for side in sides}) < len(sides):
        raise ValueError("a transfer has one side for each account")
    if any(side.account not in TRANSFERS.get(kind, ()) for side in sides):
        raise ValueError("this kind of transfer does not move this account")


def reverse_transfer(
    reversed_: LedgerTransaction, *, external_id: str, occurred_at: datetime, by: str
) -> LedgerTransaction | None:
    """Reverse a transfer by its mirror and return that; None when it was reversed before.

    Raises ValueError for a transaction on an invoice: `reverse` does that.
    """
    if reversed_.kind not in TRANSFERS:
        raise ValueError("this is no transfer")
    with transaction.atomic(savepoint=False):
        if LedgerTransaction.objects.filter(reverses=reversed_).exists():
            return None
        sides = reversed_.postings.order_by("pk")
        return _mirror(reversed_, sides, external_id=external_id, occurred_at=occurred_at, by=by)


def open_accounts(invoices: Sequence[Invoice], openings: Iterable[Opening]) -> None:
    """Book the first transactions of new invoices in bulk, and settle those on which nothing is left to pay."""
    openings = list(openings)
    booked = insert_rows(
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
    insert_rows(sides)
    settled = [invoice.pk for invoice in invoices if sum(sums.get(invoice.pk, {}).values(), ZERO) <= 0]
    _set_settled(settled, timezone.now())


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
    insert_rows(
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
    after = parts_by_law(invoice, effects)
    if after != before:
        booked = LedgerTransaction.objects.create(
            kind=Kind.ALLOCATION, external_id=f"{cause.pk}:{invoice.pk}", occurred_at=cause.occurred_at, by=cause.by
        )
        insert_rows(_sides(invoice, booked, before, after, money=ZERO))
    _mark_settled([(invoice, sum(after.values(), ZERO) > 0)])


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
            invoice_id=invoice.pk,
            provider_id=None if account in THROUGH else invoice.provider_id,
        )
        for account, amount in moved.items()
        if amount
    ]


def _mark_settled(owed: Iterable[tuple[Invoice, bool]]) -> None:
    """Make settled_at agree with what is owed; the moment of first settlement stays until something is owed again."""
    now = timezone.now()
    changed = {invoice.pk: invoice for invoice, is_owed in owed if is_owed != (invoice.settled_at is None)}
    for invoice in changed.values():
        invoice.settled_at = now if invoice.settled_at is None else None
    for moment in (now, None):
        _set_settled([pk for pk, invoice in changed.items() if invoice.settled_at == moment], moment)


def _set_settled(keys: Sequence[int], moment: datetime | None) -> None:
    for start in range(0, len(keys), _AT_ONCE):
        Invoice.objects.filter(pk__in=keys[start : start + _AT_ONCE]).update(settled_at=moment)
