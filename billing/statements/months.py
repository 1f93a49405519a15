"""Figures of a month for a practice: what was booked on its invoices, from the balance before to the balance after.

A month holds what was booked in it (not when it happened), so that the figures of a month that is over stay the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from billing.law.calendar import begin_of
from billing.models import LedgerTransaction, Posting
from billing.models.ledger import OF_INVOICE
from billing.money import ZERO
from billing.tenancy import visible_to

Kind = LedgerTransaction.Kind
SHOWN = 13  # a year and the month of a year ago


@dataclass(frozen=True, slots=True)
class Month:
    """One month: `lines` lead from `opening` to `closing`, both sums of the ledger."""

    first: date
    opening: Decimal
    lines: list[tuple[str, Decimal]]
    closing: Decimal


def months_until(today: date) -> list[date]:
    """Return the first days of the months to choose from, the running one first."""
    months = [today.replace(day=1)]
    while len(months) < SHOWN:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


def next_month(first: date) -> date:
    """Return the first day of the month after that of `first`."""
    return (first + timedelta(days=31)).replace(day=1)


def of_month(staff: Any, first: date) -> Month:
    """Return the figures of the month that begins on `first`, of the invoices `staff` may see, in three queries."""
    postings = visible_to(staff, Posting.objects.filter(account__in=OF_INVOICE), provider_path="provider")
    begin, end = begin_of(first), begin_of(next_month(first))
    within = postings.filter(transaction__created_at__gte=begin, transaction__created_at__lt=end)
    sums = (
        _sum(postings.filter(transaction__created_at__lt=begin)),
        _sum(postings.filter(transaction__created_at__lt=end)),
    )
    return Month(first, sums[0], list(_lines(within)), sums[1])


def _lines(within: QuerySet[Posting]) -> Iterator[tuple[str, Decimal]]:
    mirrors = Q(transaction__reverses__isnull=False)
    rows = within.order_by().values("transaction__kind").annotate(
        booked=Sum("amount", filter=~mirrors), undone=Sum("amount", filter=mirrors)
    )  # fmt: skip
    found = {row["transaction__kind"]: row for row in rows}
    for kind in Kind:
        row = found.get(kind)
        if row and row["booked"]:
            yield str(kind.label), row["booked"]
        if row and row["undone"]:
            yield _("%(booking)s: undone") % {"booking": kind.label}, row["undone"]


def open_by_age(staff: Any, today: date) -> list[tuple[str, Decimal]]:
    """Return what is open today, by how long ago it should have been paid."""
    postings = visible_to(staff, Posting.objects.filter(account__in=OF_INVOICE), provider_path="provider")
    now_open = postings.filter(invoice__settled_at=None, invoice__withdrawn_at=None)
    days = [today - timedelta(days=n) for n in (0, 30, 60, 90)]
    ages = {
        _("not late"): Q(invoice__due_on__gte=days[0]),
        _("1 to 30 days late"): Q(invoice__due_on__lt=days[0], invoice__due_on__gte=days[1]),
        _("31 to 60 days late"): Q(invoice__due_on__lt=days[1], invoice__due_on__gte=days[2]),
        _("61 to 90 days late"): Q(invoice__due_on__lt=days[2], invoice__due_on__gte=days[3]),
        _("more than 90 days late"): Q(invoice__due_on__lt=days[3]),
    }
    sums = now_open.aggregate(**{f"age{i}": Sum("amount", filter=age) for i, age in enumerate(ages.values())})
    return [(name, sums[f"age{i}"] or ZERO) for i, name in enumerate(ages)]


def _sum(postings: QuerySet[Posting]) -> Decimal:
    return postings.aggregate(sum=Sum("amount"))["sum"] or ZERO
