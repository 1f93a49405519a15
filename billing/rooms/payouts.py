"""What a room may announce of payouts to practices, as types."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from billing.rooms.desk import Row


@dataclass(frozen=True, slots=True)
class PaidOut:
    """What a practice was paid at one run, or that nothing was. `key` orders them, `closed_at` is when its lines were
    complete."""

    key: int
    number: str
    run_on: date
    status: str
    amount: Decimal
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One movement of a practice's account: positive is for the practice. `kind` is that of the ledger transaction."""

    key: int
    invoice: str
    reference: str
    kind: str
    amount: Decimal
    happened_on: date
    booked_on: date


@dataclass(frozen=True, slots=True)
class Payouts:
    """The payouts of a practice behind a key, and the lines of one of them; None for one that is not theirs."""

    listed: Callable[[Row, int, int], Sequence[PaidOut]]
    lines: Callable[[Row, str, int, int], Sequence[PayoutLine] | None]
