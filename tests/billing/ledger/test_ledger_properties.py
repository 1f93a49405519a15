"""Random histories of money against a model that is a plain list."""

from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import ledger
from billing.ledger.breakdown import parts_by_law
from billing.ledger.entries import entries_of, postings_of, sums_of
from billing.ledger.verification import BOOKS
from billing.models import Invoice, LedgerTransaction
from billing.money import from_cents
from tests import factories

Kind = LedgerTransaction.Kind
SIGN = {
    Kind.PAYMENT: -1,
    Kind.INSURER_PAID: -1,
    Kind.REDUCTION: -1,
    Kind.REFUND: 1,
    Kind.CHARGEBACK: 1,
    Kind.COSTS: 1,
    Kind.INTEREST: 1,
}
booking = st.tuples(st.sampled_from(list(SIGN)), st.integers(1, 20_000), st.integers(0, 5))
mirroring = st.integers(0, 9)
history = st.lists(st.one_of(booking, mirroring), max_size=9)


class Model:
    """The expected state of the ledger, as simple as possible."""

    def __init__(self, amount):
        self.events = {}
        self.order = []
        self.undone = set()
        self.total = amount

    def post(self, kind, amount, event):
        if (kind, event) in self.events:
            return False
        self.events[kind, event] = amount
        self.order.append((kind, event))
        self.total += amount
        return True

    def reverse(self, index):
        if index >= len(self.order) or self.order[index] in self.undone:
            return
        self.undone.add(self.order[index])
        self.total -= self.events[self.order[index]]


@pytest.mark.both_databases
@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(amount=st.integers(1, 50_000), steps=history)
def test_any_history_leaves_the_books_true(amount, steps):
    with transaction.atomic():
        invoice = factories.invoice(amount=from_cents(amount))
        model, entries = Model(from_cents(amount)), []
        for step in steps:
            if isinstance(step, int):
                model.reverse(step)
                if step < len(entries):
                    ledger.reverse(
                        invoice, entries[step], external_id=f"mirror:{step}", occurred_at=timezone.now(), by="test"
                    )
                continue
            kind, cents, event = step
            entry = ledger.post(
                invoice,
                kind,
                SIGN[kind] * from_cents(cents),
                external_id=f"event:{event}",
                occurred_at=timezone.now(),
                by="test",
            )
            assert (entry is not None) == model.post(kind, SIGN[kind] * from_cents(cents), f"event:{event}")
            if entry:
                entries.append(entry)
        _the_books_agree(invoice, model.total)
        transaction.set_rollback(True)


def _the_books_agree(invoice, total):
    assert ledger.balance(invoice.pk) == total
    assert ledger.outstanding(invoice.pk) == max(total, Decimal(0))
    assert (Invoice.objects.get(pk=invoice.pk).settled_at is None) == (total > 0)
    assert sums_of(postings_of(invoice)) == parts_by_law(invoice, entries_of(invoice))
    assert [found for check in BOOKS for found in check()] == []
