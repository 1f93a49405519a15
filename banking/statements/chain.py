"""The chain of balances: the closing of each day is the opening of the next one, or lines are missing between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from banking.models import AccountDay, BankAccount
from billing import audit
from billing.models import StaffTask

GAP = "statement_gap"  # a task for staff


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines are missing: after `after` the balance was `closing`, and before what came on `before` it was `opening`."""

    after: date
    before: date
    closing: Decimal
    opening: Decimal

    @property
    def missing(self) -> Decimal:
        """Return what the missing lines add up to."""
        return self.opening - self.closing


def days(account: BankAccount) -> Iterator[AccountDay]:
    """Yield the days of an account in the order of its chain, as far as balances tell it."""
    balance: Decimal | None = None
    for _day, group in groupby(account.days.order_by("day", "pk"), key=lambda row: row.day):
        left = list(group)
        while left:
            joining = [row for row in left if row.opening == balance]
            # One that stands still comes first, so that the balance is still there for the one that moves it.
            row = min(joining or left, key=lambda row: (row.opening != row.closing, row.pk))
            left.remove(row)
            balance = row.closing
            yield row


def gaps(account: BankAccount) -> list[Gap]:
    """Return where lines are missing in the chain of an account, the oldest first."""
    found, before = [], None
    for row in days(account):
        if before is not None and row.opening != before.closing:
            found.append(Gap(before.day, row.day, before.closing, row.opening))
        before = row
    return found


def is_unbroken(account: BankAccount, first: date, last: date) -> bool:
    """Tell whether we know each line from `first` to `last`: the chain reaches over both without a gap between them."""
    known = account.days.order_by("day")
    begin, end = known.first(), known.last()
    if begin is None or end is None or begin.day > first or end.day < last:
        return False
    return not any(gap.after <= last and gap.before >= first for gap in gaps(account))


def last_balance(account: BankAccount) -> tuple[date, Decimal] | None:
    """Return the last day that we know and the balance after it; None before the first statement."""
    last = None
    for row in days(account):
        last = row
    return (last.day, last.closing) if last else None


def tell_staff(account: BankAccount) -> None:
    """Open a task for each gap, and close those of gaps that were filled."""
    found = gaps(account)
    causes = {f"{account.pk}:{gap.after}:{gap.before}:" for gap in found}
    for task in _open_tasks(account):
        if not any(task.dedupe_key.startswith(f"{GAP}:{cause}") for cause in causes):
            audit.close_superseded([task], by="system", reason="the missing lines came")
    for gap in found:
        note = f"{account.iban[-4:]}: {gap.after} – {gap.before}, {gap.missing}"
        audit.open_alarm(GAP, cause=f"{account.pk}:{gap.after}:{gap.before}:", note=note)


def _open_tasks(account: BankAccount) -> list[StaffTask]:
    return list(audit.open_alarms(GAP, f"{account.pk}:"))
