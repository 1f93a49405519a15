"""What happened on an invoice, as its page tells it: read from the lists of `told`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.models import LedgerTransaction, ReminderStep
from billing.money import ZERO, from_cents

Kind = LedgerTransaction.Kind
_NOTHING_BOOKED = {kind.value: ZERO for kind in Kind}
MADE = (ReminderStep.Status.COMPOSED, ReminderStep.Status.TAKEN)  # a step of which the letter was made


@dataclass(frozen=True, slots=True)
class Booked:
    """One booking that stands, in euros; positive: the patient owes more."""

    kind: str
    amount: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """One letter about the invoice. `shared`: it was about other invoices too, so its costs are for all of them."""

    step: int
    stands: bool
    sent_on: date
    costs_announced: Decimal
    shared: bool
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The newest payment that was begun and has no end yet."""

    token: str
    amount: Decimal
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sums:
    """What the amount is made of, in euros: what was charged, less who paid which part of it."""

    invoiced: Decimal
    insurer: Decimal
    lowered: Decimal
    paid: Decimal
    costs: Decimal
    interest: Decimal

    @property
    def now(self) -> Decimal:
        """Return what is left to pay; below zero it is credit."""
        return self.invoiced - self.insurer - self.lowered - self.paid + self.costs + self.interest

    @property
    def is_plain(self) -> bool:
        """Tell whether there is nothing to explain: the amount is what was charged."""
        return self.now == self.invoiced


@dataclass(frozen=True, slots=True)
class History:
    """What happened on one invoice, each list oldest first.

    `balance`: what its accounts add up to, in euros. `second_reminder`: a step from the 14-day letter on was made.
    """

    balance: Decimal
    second_reminder: bool
    booked: Sequence[Booked]
    sent: Sequence[Sent]
    under_way: UnderWay | None
    sums: Sums


def read(row: Mapping[str, Any]) -> History:
    """Return the history out of what `told` has of an invoice."""
    postings = row["booked"]
    bookings = _bookings(postings)
    # Of a payment for several invoices this one's share, also on the page of the one that it was started from.
    live = row["live_shares"] or row["live"]
    steps = row["sent"]
    sent = [_sent(*step) for step in steps if step[2]]
    second_reminder = any(step >= ReminderStep.Step.FINAL_NOTICE and status in MADE for step, status, *_rest in steps)
    balance = from_cents(sum(cents for *_rest, cents in postings))
    under_way = None
    if live:
        token, cents, status, at = live[-1]
        under_way = UnderWay(token, from_cents(cents), status, moment(at))
    return History(balance, second_reminder, bookings, sent, under_way, _sums(bookings))


def _bookings(postings: Sequence[Any]) -> list[Booked]:
    """Return one booking for each transaction that stands: neither reversed nor a reversal."""
    reversals = {pk: reverses for pk, reverses, *_rest in postings if reverses}
    gone = {*reversals, *reversals.values()}
    cents: dict[int, int] = {}
    of: dict[int, tuple[str, str]] = {}
    for pk, _reverses, kind, at, amount in postings:
        if pk not in gone and kind != Kind.ALLOCATION:
            cents[pk] = cents.get(pk, 0) + amount
            of[pk] = kind, at
    found = [Booked(kind, from_cents(cents[pk]), moment(at)) for pk, (kind, at) in of.items()]
    return sorted(found, key=lambda booked: booked.at)


def _sums(bookings: Sequence[Booked]) -> Sums:
    of = _NOTHING_BOOKED.copy()
    for booked in bookings:
        of[booked.kind] += booked.amount
    return Sums(
        invoiced=of[Kind.INVOICED],
        insurer=-of[Kind.INSURER_PAID],
        lowered=-(of[Kind.REDUCTION] + of[Kind.CREDITED] + of[Kind.WRITTEN_OFF]),
        paid=-sum((of[kind] for kind in LedgerTransaction.PAID), ZERO),
        costs=of[Kind.COSTS],
        interest=of[Kind.INTEREST],
    )


def _sent(
    step: int, status: str, day: str, costs: int | None, own: int | None, shared: int | None, left: str | None
) -> Sent:
    stands = status == ReminderStep.Status.TAKEN
    sent_at = _sent_at(day, left)
    return Sent(step, stands, date.fromisoformat(day), from_cents(costs or 0), shared != own, sent_at)


def _sent_at(day: str, at: str | None) -> datetime:
    """Return when the mail of a letter left; noon of its day when the mail is gone."""
    if at:
        return moment(at)
    return timezone.make_aware(datetime.combine(date.fromisoformat(day), time(12)))


def moment(text: str) -> datetime:
    """Return the moment as the database wrote it: SQLite leaves out that it is UTC."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
