"""Figures of a practice: what was booked on its invoices, from the balance before to the balance after.

A period holds what was booked in it (not when it happened), so that the figures of one that is over stay the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    ExpressionWrapper,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, StrIndex, Substr
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.law.calendar import AMSTERDAM, begin_of
from billing.models import LedgerTransaction, Posting, Receipt
from billing.models.ledger import OF_INVOICE, THROUGH, Account
from billing.money import ZERO, EuroField
from billing.payments.shares import MOVED
from billing.rooms import Text
from billing.tenancy import visible_to

Kind = LedgerTransaction.Kind
_ROADS: dict[str, Text] = {
    Account.GATEWAY: gettext_lazy("iDEAL"),
    Account.BANK: gettext_lazy("transfer to our bank account"),
    Account.UNMATCHED: gettext_lazy("transfer, matched later"),
    Account.UNDER_WAY: gettext_lazy("order to the bank"),
    **dict(Receipt.Road.choices),
}
AGENCY = "agency"
_OF_AGENCY = "agency:"  # what the id of a payment begins with that came to an agency
_ROADS[AGENCY] = gettext_lazy("through an agency")


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both included; `lines` lead from `opening` to `closing`, sums of the ledger."""

    first: date
    last: date
    opening: Decimal
    lines: list[tuple[str, Decimal]]
    closing: Decimal


def of_period(staff: Any, first: date, last: date) -> Period:
    """Return what was booked from `first` to `last` on the invoices that `staff` may see, in three queries."""
    postings = _of_invoices(staff)
    opening = _before(postings, begin_of(first))
    lines = list(_lines(_within(postings, first, last)))
    return Period(first, last, opening, lines, opening + sum((amount for _what, amount in lines), ZERO))


def came_in(staff: Any, first: date, last: date, *, by_month: bool) -> dict[tuple[date, str], Decimal]:
    """Return what came in, by day (or the first day of its month) and road, less what of it was undone; one query.

    The amounts are positive. Together they are what the ledger has of money received in these days.
    """
    received = _with_road(_within(_of_invoices(staff), first, last))
    # By the hour, which begins at once here and in UTC: SQLite would ask Python for the day of every row.
    of_hour = received.annotate(hour=Substr(Cast("transaction__created_at", TextField()), 1, len("2026-11-29 23")))
    sums: dict[tuple[date, str], Decimal] = {}
    for row in of_hour.order_by().values("hour", "road").annotate(sum=Sum("amount")):
        day = _day(row["hour"])
        key = day.replace(day=1) if by_month else day, row["road"]
        sums[key] = sums.get(key, ZERO) - row["sum"]
    return {key: amount for key, amount in sums.items() if amount}


def received(staff: Any, first: date, last: date) -> Decimal:
    """Return what came in, less what of it was undone: the sum of `came_in`, without asking by which road."""
    within = _within(_of_invoices(staff), first, last).filter(transaction__kind__in=LedgerTransaction.RECEIVED)
    return -(within.aggregate(sum=Sum("amount"))["sum"] or ZERO)


def _day(hour: str) -> date:
    """Return the day in Amsterdam of an hour in UTC."""
    return timezone.localdate(datetime.fromisoformat(f"{hour}:00+00:00"), AMSTERDAM)


def name_of_road(road: str) -> str:
    """Return in words by which road money came."""
    return str(_ROADS.get(road, gettext_lazy("in another way")))


def _of_invoices(staff: Any) -> QuerySet[Posting]:
    return visible_to(staff, Posting.objects.filter(account__in=OF_INVOICE), provider_path="provider")


def _before(postings: QuerySet[Posting], moment: datetime) -> Decimal:
    """Return the sum of what was booked before `moment`: all of it but what was booked since, in one query.

    To add up all takes an index alone; only what was booked since is looked up in its transactions.
    """
    since = postings.filter(transaction__created_at__gte=moment).order_by().annotate(all=Value(1)).values("all")
    later = Subquery(since.annotate(sum=Sum("amount")).values("sum"))
    left = Sum("amount") - Coalesce(later, Value(ZERO, output_field=EuroField()))
    return postings.aggregate(sum=ExpressionWrapper(left, EuroField()))["sum"] or ZERO


def _within(postings: QuerySet[Posting], first: date, last: date) -> QuerySet[Posting]:
    begin, end = begin_of(first), begin_of(last + timedelta(days=1))
    return postings.filter(transaction__created_at__gte=begin, transaction__created_at__lt=end)


def _with_road(within: QuerySet[Posting]) -> QuerySet[Any]:
    """Return the money among the postings that came in, with the road by which it came first.

    What staff moved to another invoice came by the road of before.
    """
    event = Coalesce("transaction__reverses__external_id", "transaction__external_id")
    received = within.filter(transaction__kind__in=LedgerTransaction.RECEIVED)
    received = received.annotate(event=event).annotate(moved=StrIndex("event", Value(MOVED)))
    first = Case(When(moved=0, then=F("event")), default=Substr("event", 1, F("moved") - 1))
    received = received.annotate(first=first).annotate(receipt=Substr("first", len(Receipt.EVENT) + 1))
    # The account through which the money of this invoice came; one of them, because a booking moves it through one.
    same = Q(transaction__postings__account__in=THROUGH, transaction__postings__invoice=F("invoice"))
    received = received.annotate(money=FilteredRelation("transaction__postings", condition=same))
    return received.annotate(road=_road())


def _lines(within: QuerySet[Posting]) -> Iterator[tuple[str, Decimal]]:
    """Yield what was booked of each kind, and of money that came by each road, and what of it was undone."""
    other = within.exclude(transaction__kind__in=LedgerTransaction.RECEIVED).annotate(road=Value(""))
    received = _with_road(within)
    found = {(row["transaction__kind"], row["road"]): row for rows in (other, received) for row in _sums(rows)}
    places = {kind: place for place, kind in enumerate(Kind)}
    for kind, road in sorted(found, key=lambda key: (places[Kind(key[0])], key[1])):
        row, what = found[kind, road], str(Kind(kind).label)
        if road:
            what = _("%(booking)s: %(road)s") % {"booking": what, "road": name_of_road(road)}
        if row["booked"]:
            yield what, row["booked"]
        if row["undone"]:
            yield _("%(booking)s: undone") % {"booking": what}, row["undone"]


def _sums(rows: QuerySet[Any]) -> QuerySet[Any, dict[str, Any]]:
    mirrors = Q(transaction__reverses__isnull=False)
    by_road = rows.order_by().values("transaction__kind", "road")
    return by_road.annotate(booked=Sum("amount", filter=~mirrors), undone=Sum("amount", filter=mirrors))


def _road() -> Case:
    """Return by which road money came: what staff said, or the account through which its transaction moved it."""
    booked = Receipt.objects.filter(key=OuterRef("receipt"))
    through = Coalesce(F("money__account"), Value(""))
    said = Coalesce(Subquery(booked.values("road")[:1]), through)
    return Case(
        When(event__startswith=_OF_AGENCY, then=Value(AGENCY)),
        When(event__startswith=Receipt.EVENT, then=said),  # only these are asked for among receipts
        default=through,
    )


def open_by_age(staff: Any, today: date) -> list[tuple[str, Decimal]]:
    """Return what is open today, by how long ago it should have been paid, and the credit: together the ledger."""
    postings = _of_invoices(staff)
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
    found = [(name, sums[f"age{i}"] or ZERO) for i, name in enumerate(ages)]
    return [*found, (_("credit of patients"), _sum(postings) - sum((amount for _name, amount in found), ZERO))]


def _sum(postings: QuerySet[Posting]) -> Decimal:
    return postings.aggregate(sum=Sum("amount"))["sum"] or ZERO
