"""The proof of the books against bank and Mollie: what the ledger says is there, against what they say.

That all accounts add up to nothing is proven by the ledger itself. So once its money at the bank is what the bank says,
and its orders are those that are open, whose money it is (practices, payers, nobody yet, the operator) is proven, too.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone

from banking import settlements
from banking.models import BankAccount, BankLine, OutgoingOrder, Payout
from banking.statements import chain
from billing import audit
from billing.models import LedgerTransaction, Posting
from billing.models.ledger import Account
from billing.money import ZERO

Kind = LedgerTransaction.Kind
NOT_PROVEN = "bank_not_proven"  # staff task
REFUNDS_COVERED_WITHIN = timedelta(days=60)


def run_day(today: date) -> None:
    """Open a task for staff with every difference, while it is there."""
    for sentence in contradictions():
        audit.open_alarm(NOT_PROVEN, cause=sentence, note=sentence)


def contradictions() -> Iterator[str]:
    """Yield each difference between the ledger and the bank, as a sentence that names only keys and amounts."""
    yield from _bank()
    yield from _unmatched()
    yield from _gateway()
    yield from _orders()
    yield from _statements()
    yield from settlements.contradictions(timezone.localdate())


def _bank() -> Iterator[str]:
    """Compare money at the bank with the last closing balance of each account that has statements."""
    chains = [list(chain.days(account)) for account in BankAccount.objects.filter(days__isnull=False).distinct()]
    moved = sum((days[-1].closing - days[0].opening for days in chains), ZERO)
    if not chains:
        return
    not_booked = _sum(BankLine.objects.filter(status=BankLine.Status.NEW))
    booked = _sum(Posting.objects.filter(account=Account.BANK))
    if difference := booked + not_booked - moved:
        yield f"money at the bank: the ledger has {difference} more than the statements"


def _unmatched() -> Iterator[str]:
    """Compare money that is not matched with the lines that wait, and with those whose way back is not ordered yet."""
    status = BankLine.Status
    waiting = BankLine.objects.filter(status__in=(status.PROPOSED, status.UNMATCHED, status.SENT_BACK))
    ordered = OutgoingOrder.objects.filter(
        purpose=OutgoingOrder.Purpose.RETURN, status__in=(*OutgoingOrder.UNDER_WAY, OutgoingOrder.Status.DEBITED)
    )
    booked = -_sum(Posting.objects.filter(account=Account.UNMATCHED))
    if BankLine.objects.exists() and (difference := booked - (_sum(waiting) - _sum(ordered))):
        yield f"not matched: the ledger has {difference} more than the lines that wait"


def _gateway() -> Iterator[str]:
    """Check that Mollie did not pay out more than came in there. Refunds may be booked before new money covers them."""
    at_gateway = Posting.objects.filter(account=Account.GATEWAY)
    since = timezone.now() - REFUNDS_COVERED_WITHIN
    went_back = at_gateway.filter(
        transaction__kind__in=(Kind.REFUND, Kind.CHARGEBACK), transaction__occurred_at__gte=since, amount__lt=ZERO
    )
    if (held := _sum(at_gateway) - _sum(went_back)) < ZERO:
        yield f"money at Mollie: it paid out {-held} more than came in there"


def _orders() -> Iterator[str]:
    """Compare what is ordered at the bank with the orders that are open."""
    kinds = (Kind.SENT_BACK, Kind.PAYOUT, Kind.REFUND, Kind.DEBITED)
    booked = -_sum(Posting.objects.filter(account=Account.UNDER_WAY, transaction__kind__in=kinds))
    ordered = _sum(OutgoingOrder.objects.filter(status__in=OutgoingOrder.UNDER_WAY))
    if difference := booked - ordered:
        yield f"ordered at the bank: the ledger has {difference} more than the open orders"


def _statements() -> Iterator[str]:
    """Check that the statements of each practice follow each other and add up, to the cent."""
    closing: dict[int, Decimal] = {}
    for payout in Payout.objects.filter(closed_at__isnull=False).order_by("provider", "closed_at", "pk"):
        lines = -_sum(Posting.objects.filter(statement_line__payout=payout))
        if payout.opening != closing.get(payout.provider_id, ZERO) or payout.opening + lines != payout.closing:
            yield f"payout {payout.number}: its statement does not add up"
        closing[payout.provider_id] = payout.closing or ZERO


def _sum(rows: QuerySet[Any]) -> Decimal:
    total: Decimal | None = rows.aggregate(sum=Sum("amount"))["sum"]
    return total or ZERO
