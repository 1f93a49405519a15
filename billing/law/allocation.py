"""Allocation of payments to debts: between obligations by 6:43 BW, within one by 6:44 BW."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from billing.money import from_cents, to_cents


class Bucket(StrEnum):
    """The parts of one obligation, in the order in which money fills them (6:44 lid 1)."""

    COSTS = "costs"
    INTEREST = "interest"
    PRINCIPAL = "principal"


class Rule(StrEnum):
    """Why a payment was allocated to this obligation (6:43 BW)."""

    ONLY = "only"  # nothing else was open
    DESIGNATED = "designated"  # lid 1: the payer said so
    DUE = "due"  # lid 2: what is due goes before what is not
    ONEROUS = "onerous"  # with collection costs before with interest before plain
    OLDEST = "oldest"
    PRO_RATA = "pro_rata"


@dataclass(frozen=True, slots=True)
class Debt:
    """`amount` euros owed since `on` in one bucket of an obligation (an invoice), which is due on `due_on`."""

    obligation: str
    bucket: Bucket
    amount: Decimal
    on: date
    due_on: date


@dataclass(frozen=True, slots=True)
class Credit:
    """`amount` euros received on `on`. `key` identifies it and decides the order within a day.

    `obligation`: what the payer designated; it pays that or nothing. `bucket`: what it reduces first, as a price
    reduction reduces the principal; without it 6:44 BW decides.
    """

    key: str
    amount: Decimal
    on: date
    obligation: str | None = None
    bucket: Bucket | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """`amount` euros of the credit `credit` that paid this bucket of this obligation, by this rule."""

    credit: str
    obligation: str
    bucket: Bucket
    amount: Decimal
    rule: Rule


@dataclass(frozen=True, slots=True)
class Allocated:
    """The allocations in order, what stays open per (obligation, bucket), and the surplus of each credit.

    A surplus belongs to the payer (6:203 BW); buckets fully paid and credits fully spent are absent.
    """

    rows: tuple[Allocation, ...]
    open: dict[tuple[str, Bucket], Decimal]
    surplus: dict[str, Decimal]


def allocate(debts: Iterable[Debt], credits: Iterable[Credit]) -> Allocated:
    """Apply `credits` to the `debts` of one payer to one creditor, in the order of their days; return the result.

    Within a day debts come before credits, and credits in the order of their keys; the order of the arguments does not
    matter. A credit pays only what was owed when it came; its surplus pays debts that arise later. The caller leaves
    out a payment that was charged back or refunded, as if it had never come. Raises ValueError when an amount is
    negative or has fractions of a cent, or when a key or an obligation's due date is ambiguous.
    """
    owed = list(debts)
    received = sorted(credits, key=lambda credit: (credit.on, credit.key))
    _check(owed, received)
    account = _Account()
    for day in sorted({debt.on for debt in owed} | {credit.on for credit in received}):
        for debt in owed:
            if debt.on == day:
                account.owe(debt)
        for credit in received:
            if credit.on <= day:
                account.spend(credit, day)
    return account.result(received)


def _check(debts: Sequence[Debt], credits: Sequence[Credit]) -> None:
    amounts = [debt.amount for debt in debts] + [credit.amount for credit in credits]
    if any(to_cents(amount) < 0 for amount in amounts):
        raise ValueError("debts and credits are not negative")
    if len({credit.key for credit in credits}) < len(credits):
        raise ValueError("two credits have the same key")
    if len({(debt.obligation, debt.due_on) for debt in debts}) > len({debt.obligation for debt in debts}):
        raise ValueError("an obligation has one due date")


class _Account:
    """The running state of the debts, in cents."""

    def __init__(self) -> None:
        self.open: dict[str, dict[Bucket, int]] = {}
        self.since: dict[str, date] = {}
        self.due_on: dict[str, date] = {}
        self.spent: defaultdict[str, int] = defaultdict(int)
        self.rows: list[Allocation] = []

    def owe(self, debt: Debt) -> None:
        buckets = self.open.setdefault(debt.obligation, dict.fromkeys(Bucket, 0))
        buckets[debt.bucket] += to_cents(debt.amount)
        self.since.setdefault(debt.obligation, debt.on)
        self.due_on[debt.obligation] = debt.due_on

    def spend(self, credit: Credit, day: date) -> None:
        """Allocate what is left of the credit to what is open."""
        while left := to_cents(credit.amount) - self.spent[credit.key]:
            candidates = [name for name in sorted(self.open) if self._total(name)]
            if credit.obligation is not None:
                candidates = [name for name in candidates if name == credit.obligation]
            if not candidates:
                return
            group, rule = self._choose(candidates, day)
            if credit.obligation is not None:
                rule = Rule.DESIGNATED
            totals = [self._total(name) for name in group]
            for name, share in zip(group, _pro_rata(min(left, sum(totals)), totals), strict=True):
                self._pay(credit, name, share, rule)

    def _choose(self, names: list[str], day: date) -> tuple[list[str], Rule]:
        """Return the obligations that come first by 6:43 lid 2 BW, and the rule that decided it."""
        if len(names) == 1:
            return names, Rule.ONLY
        steps: tuple[tuple[Rule, Callable[[str], Any]], ...] = (
            (Rule.DUE, lambda name: self.due_on[name] > day),
            (Rule.ONEROUS, self._lightness),
            (Rule.OLDEST, lambda name: self.since[name]),
        )
        for rule, rank in steps:
            first = min(map(rank, names))
            names = [name for name in names if rank(name) == first]
            if len(names) == 1:
                return names, rule
        return names, Rule.PRO_RATA

    def _pay(self, credit: Credit, name: str, cents: int, rule: Rule) -> None:
        order = [credit.bucket, *Bucket] if credit.bucket else list(Bucket)
        for bucket in order:
            part = min(cents, self.open[name][bucket])
            if part:
                self.open[name][bucket] -= part
                self.spent[credit.key] += part
                self.rows.append(Allocation(credit.key, name, bucket, from_cents(part), rule))
                cents -= part

    def _total(self, name: str) -> int:
        return sum(self.open[name].values())

    def _lightness(self, name: str) -> int:
        buckets = self.open[name]
        return 0 if buckets[Bucket.COSTS] else 1 if buckets[Bucket.INTEREST] else 2

    def result(self, credits: Sequence[Credit]) -> Allocated:
        still_open = {
            (name, bucket): from_cents(cents)
            for name, buckets in self.open.items()
            for bucket, cents in buckets.items()
            if cents
        }
        left = {credit.key: credit.amount - from_cents(self.spent[credit.key]) for credit in credits}
        return Allocated(tuple(self.rows), still_open, {key: amount for key, amount in left.items() if amount})


def _pro_rata(cents: int, weights: Sequence[int]) -> list[int]:
    """Divide `cents`, at most the sum of `weights`, in proportion to them, by largest remainder.

    Unlike in money.split a share may be zero, and none exceeds its weight: nobody pays more than is open.
    """
    total = sum(weights)
    shares = [cents * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(cents * weights[i] % total), i))
    for index in by_remainder[: cents - sum(shares)]:
        shares[index] += 1
    return shares
