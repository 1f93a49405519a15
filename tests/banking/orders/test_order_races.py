"""Two people at one order or batch: money is reserved once and one file is made. Each lock has a twin without it."""

from collections.abc import Iterator
from contextlib import nullcontext
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import DatabaseError
from django.db.models import QuerySet

from banking.models import OutgoingBatch, OutgoingOrder
from banking.orders import agreeing, batches, funding, payees
from billing import ledger
from billing.errors import Refused
from billing.models import AuditEvent, Invoice, LedgerTransaction
from billing.payments import credit
from tests.banking import lines
from tests.banking.orders import made
from tests.billing.payments.test_payment_races import at_once, meet

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
Status, Purpose = OutgoingOrder.Status, OutgoingOrder.Purpose


@pytest.fixture
def lock_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove the row locks, and the transactions around the rules (on SQLite the transaction is the lock)."""
    none = SimpleNamespace(atomic=lambda **_options: nullcontext())
    for module in (agreeing, batches, ledger):
        monkeypatch.setattr(module, "transaction", none)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_options: rows)
    monkeypatch.setattr(funding, "lock", lambda order: Invoice.objects.filter(pk=order.invoice_id).first())
    yield
    monkeypatch.undo()


def audited(action: str) -> int:
    return AuditEvent.objects.filter(action=action).count()


class TestTwoWhoAgree:
    def acts(self):
        (first, second), (third, _fourth) = made.people(), made.people()
        order = made.order_for(made.unclaimed(), by=first)
        return [lambda: agreeing.approve(order, by=second), lambda: agreeing.approve(order, by=third)]

    def test_the_money_is_reserved_once(self):
        results = at_once(self.acts(), threads=2)
        assert sorted(type(result).__name__ for result in results) == ["Refused", "bool"]
        assert audited("order_approved") == LedgerTransaction.objects.filter(kind="sent_back").count() == 1
        assert made.sums() == {"bank": Decimal("25.00"), "under_way": Decimal("-25.00")}

    def test_twin_without_the_lock_both_are_told_that_they_approved(self, lock_off, monkeypatch):
        monkeypatch.setattr(funding, "reserve", meet(funding.reserve, 2))
        results = at_once(self.acts(), threads=2)
        assert audited("order_approved") == 2 or any(isinstance(result, DatabaseError) for result in results)


class TestTwoOrdersOfOneCredit:
    def acts(self):
        first, second = made.people()
        invoice = made.invoice_with_credit("20.00")
        payee = payees.right(made.PAYER.name, made.PAYER.iban, "Terugbetaling")
        orders = [
            agreeing.propose(
                Purpose.CREDIT, Decimal("20.00"), payee, source=f"credit:{n}", by=first, provider=invoice.provider,
                invoice=invoice, account=lines.account(),
            )
            for n in range(2)
        ]  # fmt: skip
        return invoice, [lambda order=order: agreeing.approve(order, by=second) for order in orders]

    def test_one_of_them_gets_it(self):
        invoice, acts = self.acts()
        results = at_once(acts, threads=2)
        assert sorted(type(result) for result in results if result is not True) == [Refused]
        assert ledger.balance(invoice.pk) == 0
        assert made.wrong() == []

    def test_twin_without_the_lock_the_credit_is_ordered_twice(self, lock_off, monkeypatch):
        invoice, acts = self.acts()
        monkeypatch.setattr(credit, "free", meet(credit.free, 2, when_read=True))
        results = at_once(acts, threads=2)
        assert ledger.balance(invoice.pk) == 20, results


class TestTwoFiles:
    def acts(self):
        for _number in range(3):
            made.approved(made.unclaimed())
        return [lambda: batches.make(lines.account(), by="test")] * 2

    def test_each_order_is_in_one(self):
        results = at_once(self.acts(), threads=2)
        assert sum(1 for batch in results if isinstance(batch, OutgoingBatch)) == 1
        assert OutgoingBatch.objects.get().count == 3
        assert made.wrong() == []

    def test_twin_without_lock_and_comparison_two_files_pay_the_same_orders(self, lock_off, monkeypatch):
        def overwrite(order, to, **changes):
            return OutgoingOrder.objects.filter(pk=order.pk).update(status=to, **changes) == 1

        acts = self.acts()
        monkeypatch.setattr(batches, "advance", overwrite)
        monkeypatch.setattr(batches, "_check_reserved", meet(batches._check_reserved, 2, when_read=True))
        at_once(acts, threads=2)
        assert [batch.count for batch in OutgoingBatch.objects.all()] == [3, 3]


def test_two_who_export_at_once_get_the_same_bytes_and_the_orders_are_handed_out_once():
    made.approved(made.unclaimed())
    batch = batches.make(lines.account(), by="test")
    assert batch
    first, second = at_once([lambda: batches.export(batch, by="test")] * 2, threads=2)
    assert first == second == batch.text.encode()
    batch.refresh_from_db()
    assert (batch.status, audited("batch_exported")) == ("exported", 2)
    assert OutgoingOrder.objects.get().status == Status.EXPORTED


def test_two_who_propose_from_one_source_make_one_order():
    line = made.unclaimed()
    results = at_once([lambda: made.order_for(line, by=None).pk] * 3, threads=3)
    assert len(set(results)) == 1
    assert OutgoingOrder.objects.count() == 1
