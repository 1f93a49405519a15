"""Breakdown of an open amount into principal, interest and costs, from the ledger in the order of the law (6:44 BW)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from billing.law.allocation import Allocated, Bucket, Credit, Debt, allocate
from billing.law.interest import Movement, confirmed_until, interest_on
from billing.ledger.entries import Effect, postings_of, standing_entries, sums_of
from billing.models import Invoice, LedgerTransaction
from billing.models.ledger import OF_INVOICE, Account
from billing.money import ZERO

Kind = LedgerTransaction.Kind
_BUCKETS = {Kind.INVOICED: Bucket.PRINCIPAL, Kind.COSTS: Bucket.COSTS, Kind.INTEREST: Bucket.INTEREST}
_ACCOUNTS = {Bucket.PRINCIPAL: Account.PRINCIPAL, Bucket.INTEREST: Account.INTEREST, Bucket.COSTS: Account.COSTS}


@dataclass(frozen=True, slots=True)
class Parts:
    """What is still open, in euros. Money pays collection costs first, then interest, then principal."""

    principal: Decimal
    interest: Decimal
    costs: Decimal

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest + self.costs


def parts_of(invoice: Invoice) -> Parts:
    """Return what is open on each part of the invoice, as the ledger allocated every payment."""
    sums = sums_of(postings_of(invoice))
    return Parts(principal=sums[Account.PRINCIPAL], interest=sums[Account.INTEREST], costs=sums[Account.COSTS])


def parts_by_law(invoice: Invoice, entries: Sequence[Effect]) -> dict[Account, Decimal]:
    """Return the balance that each account of the invoice has by law after these entries; credit is negative."""
    standing = [entry for entry in entries if entry.stands]
    allocated, _credits = _allocate(invoice, standing)
    parts = dict.fromkeys(OF_INVOICE, ZERO)
    for (_obligation, bucket), amount in allocated.open.items():
        parts[_ACCOUNTS[bucket]] = amount
    parts[Account.CREDIT] = -sum(allocated.surplus.values(), ZERO)
    # More paid back than came in is a claim on the payer like the invoice itself.
    parts[Account.PRINCIPAL] += sum((entry.amount for entry in standing), ZERO) - sum(parts.values(), ZERO)
    return parts


def interest_due(invoice: Invoice, *, until: date, default_day: date | None = None) -> Decimal:
    """Return the statutory interest in euros (6:119 BW) until, but not including, `until`, less what was booked.

    `default_day` is the first day of default; without it, the day after the due date.

    A hold or a plan ended any earlier default: interest of that time that was not booked is waived. Nothing is due yet
    over days whose rate nobody confirmed.
    """
    until = min(until, confirmed_until())
    entries = standing_entries(invoice)
    default_day = default_day or invoice.due_on + timedelta(days=1)
    if until <= default_day:
        return ZERO
    booked = sum((e.amount for e in entries if e.kind == Kind.INTEREST and _day(e) >= default_day), ZERO)
    return max(interest_on(_movements(invoice, entries, default_day), until=until) - booked, ZERO)


def _movements(invoice: Invoice, entries: Sequence[Effect], default_day: date) -> list[Movement]:
    """Return the open principal from the day of default on, as payments reduced it."""
    allocated, credits = _allocate(invoice, entries)
    open_now = sum((e.amount for e in entries if e.kind == Kind.INVOICED), ZERO)
    paid_on: dict[date, tuple[Decimal, Decimal]] = {}
    for row in allocated.rows:
        day = credits[row.credit].on
        if row.bucket == Bucket.PRINCIPAL and day < default_day:
            open_now -= row.amount
        elif row.bucket != Bucket.COSTS and day >= default_day:
            principal, interest = paid_on.get(day, (ZERO, ZERO))
            is_principal = row.bucket == Bucket.PRINCIPAL
            paid_on[day] = (
                principal + (row.amount if is_principal else ZERO),
                interest + (ZERO if is_principal else row.amount),
            )
    moves = {default_day: Movement(default_day, open_now)}
    for day in sorted(paid_on):
        principal, interest = paid_on[day]
        open_now -= principal
        moves[day] = Movement(day, open_now, interest)
    return list(moves.values())


def _allocate(invoice: Invoice, entries: Sequence[Effect]) -> tuple[Allocated, dict[str, Credit]]:
    """Allocate all credits to all debts; what was paid back counts as never received, the latest payment first."""
    name = str(invoice.pk)
    debts = [Debt(name, _BUCKETS[e.kind], e.amount, _day(e), invoice.due_on) for e in entries if e.kind in _BUCKETS]
    back = sum((e.amount for e in entries if e.is_paid_back), ZERO)
    credits: dict[str, Credit] = {}
    for entry in sorted(entries, key=lambda e: (e.occurred_at, e.pk), reverse=True):
        if entry.kind in _BUCKETS or entry.is_paid_back:
            continue
        amount = -entry.amount
        if entry.is_received:
            amount, back = amount - min(back, amount), back - min(back, amount)
        # A reduction, and what the insurer paid, concern the invoice itself.
        in_order = entry.is_received or entry.kind == Kind.WRITTEN_OFF
        bucket = None if in_order else Bucket.PRINCIPAL
        credits[f"{entry.pk:012d}"] = Credit(f"{entry.pk:012d}", amount, _day(entry), name, bucket)
    return allocate(debts, credits.values()), credits


def _day(entry: Effect) -> date:
    return timezone.localtime(entry.occurred_at).date()
