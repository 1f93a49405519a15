"""Random histories of money over several invoices, many in one set of books, against a model that is a dictionary.

`python -m tests.billing.ledger.histories --histories 1:5000` runs them on SQLite in memory, or on DATABASE_URL; the
seed of a history is its number, so each can be run again.
"""
# ruff: noqa: T201  it is a program for a terminal

import argparse
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

BATCH = 100  # histories in one set of books, which is checked once


@dataclass
class Model:
    """What has to come out: the balance of each invoice, and what each event did."""

    balances: dict[int, Decimal] = field(default_factory=dict)
    events: list[tuple[Any, dict[int, Decimal]]] = field(default_factory=list)
    undone: set[int] = field(default_factory=set)

    def book(self, booked: Any, shares: dict[int, Decimal]) -> None:
        self.events.append((booked, shares))
        for pk, amount in shares.items():
            self.balances[pk] += amount

    def undo(self, place: int) -> None:
        self.undone.add(place)
        for pk, amount in self.events[place][1].items():
            self.balances[pk] -= amount


def play(number: int, patient: Any, *, mark: str = "") -> tuple[Model, list[Any]]:
    """Play history `number` on new invoices of `patient`; return what has to come out, and the invoices.

    `mark` tells its events apart from those of the same history, when that was played in these books before.
    """
    from billing.money import from_cents
    from tests import factories

    dice = random.Random(number)
    amounts = [from_cents(dice.randint(1, 50_000)) for _ in range(dice.choice((1, 1, 2, 3)))]
    invoices = [factories.invoice(patient=patient, amount=amount) for amount in amounts]
    model = Model({invoice.pk: amount for invoice, amount in zip(invoices, amounts, strict=True)})
    for step in range(dice.randint(1, 9)):
        if model.events and dice.random() < 0.25:
            _undo(model, dice.randrange(len(model.events)), invoices, key=f"{mark}undo:{number}:{step}")
        else:
            _book(model, dice, invoices, key=f"{mark}{number}:{dice.randint(0, 12)}")
    return model, invoices


def _book(model: Model, dice: random.Random, invoices: Sequence[Any], *, key: str) -> None:
    from django.utils import timezone

    from billing import ledger
    from billing.ledger.events import Share
    from billing.models import LedgerTransaction
    from billing.models.ledger import THROUGH
    from billing.money import from_cents

    kinds = [kind for kind in LedgerTransaction.Kind if kind in _kinds()]
    kind = dice.choice(kinds)
    chosen = dice.sample(list(invoices), dice.randint(1, len(invoices)))
    sign = 1 if kind in ledger.DEBITS else -1
    shares = {invoice.pk: sign * from_cents(dice.randint(1, 20_000)) for invoice in chosen}
    known = any((tx.kind, tx.external_id) == (kind, key) for tx, _shares in model.events)
    booked = ledger.post_shares(
        [Share(invoice, shares[invoice.pk]) for invoice in chosen],
        kind,
        external_id=key,
        occurred_at=timezone.now(),
        by="test",
        through=dice.choice(sorted(THROUGH)),
    )
    assert (booked is None) == known, "each event is booked once"
    if booked:
        model.book(booked, shares)


def _undo(model: Model, place: int, invoices: Sequence[Any], *, key: str) -> None:
    from django.utils import timezone

    from billing import ledger

    booked, _shares = model.events[place]
    mirror = ledger.reverse_shares(invoices, booked, external_id=key, occurred_at=timezone.now(), by="test")
    assert (mirror is None) == (place in model.undone), "each transaction is undone once"
    if mirror:
        model.undo(place)


def _kinds() -> frozenset[Any]:
    from billing.models import LedgerTransaction

    kind = LedgerTransaction.Kind
    return frozenset(
        (
            kind.PAYMENT, kind.RECEIPT, kind.INSURER_PAID, kind.REDUCTION, kind.CREDITED, kind.REFUND, kind.CHARGEBACK,
            kind.COSTS, kind.INTEREST, kind.WRITTEN_OFF,
        )
    )  # fmt: skip


def check(played: Sequence[tuple[Model, list[Any]]]) -> tuple[int, int]:
    """Assert that the books are true after these histories; return how many transactions and postings they made."""
    from django.db.models import Count, Sum

    from billing.ledger.breakdown import parts_by_law
    from billing.ledger.entries import entries_of, postings_of, sums_of, with_postings
    from billing.ledger.verification import BOOKS
    from billing.models import Invoice, Posting
    from billing.money import ZERO

    expected = {pk: amount for model, _invoices in played for pk, amount in model.balances.items()}
    for invoice in Invoice.objects.filter(pk__in=expected).prefetch_related(with_postings()):
        sums = sums_of(postings_of(invoice))
        assert sum(sums.values(), ZERO) == expected[invoice.pk], "the balance is that of the model"
        assert (invoice.settled_at is None) == (expected[invoice.pk] > 0)
        assert sums == parts_by_law(invoice, entries_of(invoice)), "each account says what the law says"
    assert [found for one in BOOKS for found in one()] == []
    all_of_it = Posting.objects.aggregate(sum=Sum("amount"), rows=Count("pk"), of=Count("transaction", distinct=True))
    assert all_of_it["sum"] == ZERO, "all accounts together are nothing"
    return all_of_it["of"], all_of_it["rows"]


def run(first: int, last: int) -> tuple[int, int]:
    """Play the histories `first` to `last` in one set of books, check it, and leave nothing behind."""
    from django.db import transaction

    from tests import factories

    with transaction.atomic():
        patient = factories.patient()
        counted = check([play(number, patient) for number in range(first, last + 1)])
        transaction.set_rollback(True)
    return counted


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.billing.ledger.histories", description=__doc__)
    parser.add_argument("--histories", default="1:1000", help="first:last")
    first, last = map(int, parser.parse_args().histories.split(":"))
    from tests import environment

    url = os.environ.get("DATABASE_URL")
    environment.prepare(servers={"DATABASE_URL": url} if url else {})
    import django

    django.setup()
    from django.db import connection

    connection.creation.create_test_db(verbosity=0)
    transactions = postings = 0
    for begin in range(first, last + 1, BATCH):
        made = run(begin, min(begin + BATCH - 1, last))
        transactions, postings = transactions + made[0], postings + made[1]
        print(
            f"{begin}:{min(begin + BATCH - 1, last)} right; {transactions} transactions, {postings} postings so far,"
            f" {time.process_time():.0f} s of processor",
            flush=True,
        )


if __name__ == "__main__":
    main()
