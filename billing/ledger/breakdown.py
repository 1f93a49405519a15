"""Breakdown of an open amount into principal, interest and costs, from the ledger in the order of the law (6:44 BW)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from billing.law.allocation import Allocated, Bucket, Credit, Debt, allocate
from billing.law.interest import Movement, interest_on
from billing.models import Invoice, LedgerEntry
from billing.money import ZERO

Kind = LedgerEntry.Kind
_BUCKETS = {Kind.INVOICED: Bucket.PRINCIPAL, Kind.COSTS: Bucket.COSTS, Kind.INTEREST: Bucket.INTEREST}
_PAID_BACK = (Kind.REFUND, Kind.CHARGEBACK)


@dataclass(frozen=True, slots=True)
class Parts:
    """What is still open, in euros. Money pays collection costs first, then interest, then principal."""

    principal: Decimal
    interest: Decimal
    costs: Decimal

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest + self.costs


def standing_entries(invoice: Invoice) -> list[LedgerEntry]:
    """Return the entries that were not reversed, without the reversals."""
    return list(LedgerEntry.objects.filter(invoice=invoice, reverses=None, reversed_by=None).order_by("pk"))


def parts_of(invoice: Invoice, entries: Sequence[LedgerEntry] | None = None) -> Parts:
    """Return the breakdown of the open amount after allocating every payment in the order in which it came."""
    allocated, _credits = _allocate(invoice, standing_entries(invoice) if entries is None else entries)
    left = {bucket: allocated.open.get((str(invoice.pk), bucket), ZERO) for bucket in Bucket}
    return Parts(principal=left[Bucket.PRINCIPAL], interest=left[Bucket.INTEREST], costs=left[Bucket.COSTS])


def interest_due(invoice: Invoice, *, until: date) -> Decimal:
    """Return the statutory interest in euros (6:119 BW) from the day after the due date until, but not including,
    `until`, less what was booked.

    A hold or a plan ended any earlier default: interest of that time that was not booked is waived.
    """
    entries = standing_entries(invoice)
    default_day = invoice.due_on + timedelta(days=1)
    if until <= default_day:
        return ZERO
    booked = sum((e.amount for e in entries if e.kind == Kind.INTEREST and _day(e) >= default_day), ZERO)
    return max(interest_on(_movements(invoice, entries, default_day), until=until) - booked, ZERO)


def _movements(invoice: Invoice, entries: Sequence[LedgerEntry], default_day: date) -> list[Movement]:
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


def _allocate(invoice: Invoice, entries: Sequence[LedgerEntry]) -> tuple[Allocated, dict[str, Credit]]:
    """Allocate all credits to all debts; what was paid back counts as never received, the latest payment first."""
    name = str(invoice.pk)
    debts = [
        Debt(name, _BUCKETS[Kind(e.kind)], e.amount, _day(e), invoice.due_on) for e in entries if e.kind in _BUCKETS
    ]
    back = sum((e.amount for e in entries if e.kind in _PAID_BACK), ZERO)
    credits: dict[str, Credit] = {}
    for entry in sorted(entries, key=lambda e: (e.occurred_at, e.pk), reverse=True):
        if entry.kind in _BUCKETS or entry.kind in _PAID_BACK:
            continue
        amount = -entry.amount
        if entry.kind == Kind.PAYMENT:
            amount, back = amount - min(back, amount), back - min(back, amount)
        # A reduction, and what the insurer paid, concern the invoice itself.
        bucket = None if entry.kind == Kind.PAYMENT else Bucket.PRINCIPAL
        credits[f"{entry.pk:012d}"] = Credit(f"{entry.pk:012d}", amount, _day(entry), name, bucket)
    return allocate(debts, credits.values()), credits


def _day(entry: LedgerEntry) -> date:
    return timezone.localtime(entry.occurred_at).date()
