"""Settlements of Mollie: read through its API, their costs booked, and each compared with the statement of our bank."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from banking.models import BankLine, LineDecision, Settlement
from banking.orders.target_days import target_days_after
from billing import ledger
from billing.channels import mollie_settlements
from billing.channels.mollie_settlements import SettlementSnapshot
from billing.law.calendar import begin_of
from billing.ledger.events import Side
from billing.models import Comparison, LedgerTransaction
from billing.models.ledger import Account
from billing.money import ZERO
from billing.payments import reconciliation

WHAT = "settlements"
BY = "mollie"
OVERLAP = timedelta(days=30)  # of one reading with the one before, as one may fail late; the first reads all
ARRIVES_WITHIN_TARGET_DAYS = 3


def run_day(today: date) -> None:
    """Read what Mollie paid out and find the lines of it; a failure is tried again at the next run."""
    if settings.MOLLIE_ACCESS_TOKEN:
        read()
    pair()


def read() -> bool:
    """Read settlements until those that were known; return whether the end was reached."""
    return reconciliation.read_list(
        WHAT, lambda start: mollie_settlements.settlements_page(start), _take, overlap=OVERLAP
    ).is_complete


def _take(rows: tuple[SettlementSnapshot, ...], _now: datetime) -> None:
    for snapshot in rows:
        _store(snapshot)


@transaction.atomic
def _store(snapshot: SettlementSnapshot) -> None:
    """Store a settlement once, and book what Mollie took off for itself; mark one that failed after that."""
    if snapshot.failed:
        Settlement.objects.filter(reference=snapshot.settlement_id, line=None).update(failed=True)
        return
    day = timezone.localdate(snapshot.settled_at)
    given = {
        "number": snapshot.number, "amount": snapshot.amount, "costs": snapshot.costs, "vat": snapshot.vat,
        "settled_on": day,
    }  # fmt: skip
    _row, is_new = Settlement.objects.get_or_create(reference=snapshot.settlement_id, defaults=given)
    if is_new and snapshot.costs:
        net = snapshot.costs - snapshot.vat
        sides = [Side(Account.FEES, net), Side(Account.VAT, snapshot.vat), Side(Account.GATEWAY, -snapshot.costs)]
        ledger.transfer(
            LedgerTransaction.Kind.SETTLEMENT, [side for side in sides if side.amount],
            external_id=f"costs:{snapshot.settlement_id}", occurred_at=begin_of(day), by=BY,
        )  # fmt: skip


def pair() -> int:
    """Find for each settlement the line that shows it: the amount, soon after it was paid out; return how many."""
    found = 0
    for row in Settlement.objects.filter(line=None, failed=False).order_by("settled_on", "pk"):
        last = target_days_after(row.settled_on, 2 * ARRIVES_WITHIN_TARGET_DAYS)
        line = _lines().filter(amount=row.amount, booked_on__gte=row.settled_on, booked_on__lte=last).first()
        if line is not None:
            found += Settlement.objects.filter(pk=row.pk, line=None).update(line=line)
    return found


def _lines() -> QuerySet[BankLine]:
    """Select the lines that were taken for settlements and belong to none yet, the oldest first."""
    taken = LineDecision.objects.filter(what=LineDecision.What.SETTLEMENT, status=LineDecision.Status.DONE)
    lines = BankLine.objects.filter(pk__in=taken.values("line"), settlement=None)
    return lines.order_by("booked_on", "place", "pk")


def contradictions(today: date) -> Iterator[str]:
    """Yield what Mollie paid out and our bank does not show, and the other way round, as far as both were read."""
    read_until = Comparison.objects.filter(what=WHAT, complete_at__isnull=False).first()
    if read_until is None or read_until.complete_at is None:
        return
    for row in Settlement.objects.filter(line=None, failed=False):
        if target_days_after(row.settled_on, ARRIVES_WITHIN_TARGET_DAYS) < today:
            yield f"settlement {row.number}: Mollie paid {row.amount}, and no statement shows it"
    until = timezone.localdate(read_until.complete_at)
    for line in _lines().filter(booked_on__lt=until):
        if line.amount > ZERO:
            yield f"bank line {line.pk}: Mollie knows no settlement of {line.amount} on {line.booked_on}"
