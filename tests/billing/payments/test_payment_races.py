"""Concurrent payments. Every lock has a twin in which it is off and the race happens."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from billing import ledger
from billing.channels import mollie
from billing.errors import GatewayRefused, GatewayUnknown, Refused
from billing.invoices.holds import place_hold, release_hold
from billing.ledger.verification import discrepancies
from billing.models import Invoice, LedgerTransaction, Payment
from billing.payments import attempts, creation, settlement, shares
from sandbox import payments as stand_in_bank
from sandbox.models import Payment as BankPayment
from tests import factories
from tests.billing.payments import bank

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("sandbox"),
    pytest.mark.both_databases,
]


@pytest.fixture
def invoice() -> Invoice:
    return factories.invoice(amount="100.00")


def at_once(actions: list[Callable[[], Any]], *, threads: int) -> list[Any]:
    """Run the actions concurrently; return each result, or the exception it ended in."""
    together = threading.Barrier(threads)
    begun = threading.local()

    def run(action: Callable[[], Any]) -> Any:
        if not hasattr(begun, "yes"):
            begun.yes = True
            together.wait(30)
        try:
            return action()
        except Exception as error:  # returned to the test, which decides which ones are allowed
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, actions))


def meet(function: Callable[..., Any], threads: int, *, when_read: bool = False) -> Callable[..., Any]:
    """Return `function` wrapped so that the first call of every thread waits until all threads have reached it.

    `when_read`: the function reads what the others are about to change, so all have read before anybody goes on.
    """
    barrier, been = threading.Barrier(threads), threading.local()

    def waiting(*args: Any, **kwargs: Any) -> Any:
        if hasattr(been, "here"):
            return function(*args, **kwargs)
        been.here = True
        found = function(*args, **kwargs) if when_read else None
        barrier.wait(30)
        return found if when_read else function(*args, **kwargs)

    return waiting


@pytest.fixture
def lock_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove the row lock and the transaction around the rules (on SQLite the transaction is the lock)."""
    no_transaction = SimpleNamespace(atomic=lambda **_options: nullcontext())
    for module in (attempts, settlement, ledger):
        monkeypatch.setattr(module, "transaction", no_transaction)
    for module in (attempts, shares):
        monkeypatch.setattr(
            module, "lock_invoices", lambda pks: list(Invoice.objects.filter(pk__in=pks).order_by("pk"))
        )
    objects = SimpleNamespace(get=Payment.objects.get)
    monkeypatch.setattr(Payment.objects, "select_for_update", lambda **_: objects, raising=False)
    yield
    monkeypatch.undo()


class TestStarting:
    def test_a_hundred_clicks_make_one_payment(self, invoice):
        results = at_once([lambda: bank.start(invoice)] * 100, threads=25)
        assert {r.pk for r in results} == {Payment.objects.get().pk}
        assert BankPayment.objects.count() == 1
        assert bank.start(invoice).checkout_url

    def test_twin_without_the_lock_two_clicks_collide(self, invoice, lock_off, monkeypatch):
        # The last that each does before it writes: who wrote earlier would be superseded, and collide with nobody.
        monkeypatch.setattr(attempts, "request_body", meet(attempts.request_body, 4))
        results = at_once([lambda: bank.start(invoice)] * 4, threads=4)
        assert any(isinstance(r, IntegrityError) for r in results), "only the database's own rule is left"

    def test_two_amounts_at_once_leave_one_that_is_offered(self, invoice):
        amounts = [Decimal(20 + place) for place in range(6)]
        results = at_once([partial(bank.start_part, invoice, amount) for amount in amounts], threads=6)
        assert [r for r in results if isinstance(r, Exception)] == []
        live = Payment.objects.get(superseded_at=None)
        assert live.amount in amounts
        for payment in Payment.objects.exclude(mollie_id=None):  # also those whose links are offered no more
            bank.end(payment, "paid")
            attempts.sync_payment(payment.pk)
        paid = Payment.objects.filter(status=Payment.Status.PAID)
        assert bank.balance(invoice) == 100 - sum(payment.amount for payment in paid), "each is booked once"

    def test_twin_without_the_lock_two_amounts_collide(self, invoice, lock_off, monkeypatch):
        monkeypatch.setattr(attempts, "request_body", meet(attempts.request_body, 3))
        results = at_once([partial(bank.start_part, invoice, Decimal(20 + n)) for n in range(3)], threads=3)
        assert any(isinstance(r, IntegrityError) for r in results), "only the database's own rule is left"

    def test_overlapping_baskets_at_once_leave_one_that_is_offered(self, invoice):
        others = [factories.invoice(amount=amount) for amount in ("20.00", "30.00")]
        baskets = [[invoice, *others], [others[1], invoice], [others[0], others[1]], [others[1]]] * 3
        start = [partial(bank.start_shared, *basket) for basket in baskets]
        results = at_once(start, threads=12)
        assert [r for r in results if isinstance(r, Exception)] == []
        assert list(discrepancies()) == [], "no invoice has two that are offered"
        for payment in Payment.objects.exclude(mollie_id=None):  # also those whose links are offered no more
            bank.end(payment, "paid")
        sync = [partial(attempts.sync_payment, payment.pk) for payment in Payment.objects.exclude(mollie_id=None)]
        assert [r for r in at_once(sync * 2, threads=len(sync)) if isinstance(r, Exception)] == []
        paid = [shares.designated(payment) for payment in Payment.objects.filter(status=Payment.Status.PAID)]
        for row, owed in zip((invoice, *others), (100, 20, 30), strict=True):
            assert bank.balance(row) == owed - sum(amounts.get(row.pk, 0) for amounts in paid), "each is booked once"
        assert list(discrepancies()) == []

    def test_twin_without_the_lock_one_invoice_is_offered_twice(self, invoice, lock_off, monkeypatch):
        others = [factories.invoice(amount=amount) for amount in ("20.00", "30.00")]
        monkeypatch.setattr(attempts, "request_body", meet(attempts.request_body, 2))
        at_once([partial(bank.start_shared, other, invoice) for other in others], threads=2)
        assert [found for found in discrepancies() if "another live payment" in found]

    def test_of_many_repeats_at_once_one_calls(self, invoice, monkeypatch):
        create, calls = mollie.create_payment, []
        monkeypatch.setattr(attempts, "WAIT_FOR_WINNER_SECONDS", 0.1)
        with monkeypatch.context() as patch:
            patch.setattr(mollie, "create_payment", lambda *a, **k: (_ for _ in ()).throw(GatewayUnknown("lost")))
            payment = bank.start(invoice)
        now = payment.next_check_at
        monkeypatch.setattr(mollie, "create_payment", lambda *a, **k: calls.append(k) or create(*a, **k))
        at_once([lambda: attempts.sweep(now=now)] * 8, threads=8)
        assert len(calls) == 1

    def test_twin_without_the_claim_every_sweep_calls(self, invoice, monkeypatch):
        create, calls = mollie.create_payment, []
        with monkeypatch.context() as patch:
            patch.setattr(mollie, "create_payment", lambda *a, **k: (_ for _ in ()).throw(GatewayUnknown("lost")))
            payment = bank.start(invoice)
        now = payment.next_check_at
        monkeypatch.setattr(creation, "claim_check", meet(lambda payment, now: True, 4))
        monkeypatch.setattr(mollie, "create_payment", lambda *a, **k: calls.append(k) or create(*a, **k))
        at_once([lambda: attempts.sweep(now=now)] * 4, threads=4)
        assert len(calls) == 4
        assert BankPayment.objects.count() == 1, "the key still makes it one payment"


class TestSettling:
    def test_many_reports_in_any_order_book_once(self, invoice, request):
        payment = bank.start(invoice)
        bank.end(payment, "paid")
        later = timezone.now() + timedelta(seconds=10)
        kinds = [
            lambda: attempts.receive_webhook(payment.webhook_token, payment.mollie_id),
            lambda: attempts.take_webhooks(payment.pk, now=later),
            lambda: attempts.sync_payment(payment.pk),
            lambda: attempts.sync_payment(payment.pk, min_interval_seconds=2),
        ]
        actions = kinds * (250 if request.config.getoption("--long") else 75)
        random.Random(1).shuffle(actions)
        results = at_once(actions, threads=10)
        assert [r for r in results if isinstance(r, Exception)] == []
        assert LedgerTransaction.objects.filter(kind="payment").count() == 1
        assert bank.balance(invoice) == 0
        assert bank.receipts() == 1
        assert bank.staff_tasks() == []

    def test_twin_without_the_lock_booking_breaks_on_the_databases_own_rule(self, invoice, lock_off, monkeypatch):
        payment = bank.start(invoice)
        bank.end(payment, "paid")
        Payment.objects.update(status=Payment.Status.PAID)  # so that all of them come as far as the booking
        monkeypatch.setattr(ledger, "_booked_before", meet(ledger._booked_before, 4, when_read=True))
        results = at_once([lambda: attempts.sync_payment(payment.pk)] * 4, threads=4)
        assert sum(isinstance(r, IntegrityError) for r in results) == 3

    def two_paid_tabs(self, invoice: Invoice) -> list[Payment]:
        first = bank.start(invoice)
        Payment.objects.filter(pk=first.pk).update(expires_at=timezone.now() + timedelta(seconds=60))
        both = [first, bank.start(invoice)]
        for payment in both:
            bank.end(payment, "paid")
        return both

    def test_two_paid_tabs_settled_at_once_are_one_surplus(self, invoice):
        both = self.two_paid_tabs(invoice)
        results = at_once([lambda p=p: attempts.sync_payment(p.pk) for p in both] * 8, threads=8)
        assert [r for r in results if isinstance(r, Exception)] == []
        assert bank.balance(invoice) == -100
        assert bank.staff_tasks() == ["surplus"]
        assert bank.receipts() == 2

    def test_twin_without_the_lock_nobody_sees_the_surplus(self, invoice, lock_off, monkeypatch):
        both = self.two_paid_tabs(invoice)
        monkeypatch.setattr(ledger, "sides_of_each", meet(ledger.sides_of_each, 2, when_read=True))
        at_once([lambda p=p: attempts.sync_payment(p.pk) for p in both], threads=2)
        assert bank.staff_tasks() == []
        assert bank.receipts() == 2

    def test_of_many_waiting_pages_at_once_one_asks(self, invoice, monkeypatch):
        payment = bank.start(invoice)
        get, calls = mollie.get_payment, []
        monkeypatch.setattr(mollie, "get_payment", lambda name: calls.append(name) or get(name))
        now = timezone.now() + timedelta(seconds=5)
        at_once([lambda: attempts.sync_payment(payment.pk, now=now, min_interval_seconds=2)] * 16, threads=16)
        assert len(calls) == 1

    def test_twin_without_the_claim_they_all_ask(self, invoice, monkeypatch):
        payment = bank.start(invoice)
        get, calls = mollie.get_payment, []
        monkeypatch.setattr(mollie, "get_payment", lambda name: calls.append(name) or get(name))
        monkeypatch.setattr(attempts, "_claim_fetch", lambda payment, now, seconds: True)
        now = timezone.now() + timedelta(seconds=5)
        at_once([lambda: attempts.sync_payment(payment.pk, now=now, min_interval_seconds=2)] * 4, threads=4)
        assert len(calls) == 4


class Everything:
    """Patients, bank, gateway, staff and sweep act on one invoice, each at random moments."""

    def __init__(self, invoice: Invoice, seed: int) -> None:
        self.invoice, self.dice, self.reduced = invoice, random.Random(seed), Decimal("0.00")

    def actions(self) -> list[Callable[[], Any]]:
        kinds = [self.click, self.click, self.pay, self.report, self.report, self.sweep, self.hold, self.reduce]
        chosen = [self.dice.choice(kinds) for _ in range(60)]
        chosen.insert(20, self.hold)
        return chosen

    def click(self) -> None:
        bank.start(self.invoice)

    def pay(self) -> None:
        rows = list(BankPayment.objects.filter(status="open"))
        if rows:
            stand_in_bank.close(random.choice(rows), status="paid", now=timezone.now())

    def report(self) -> None:
        for payment in Payment.objects.filter(invoice=self.invoice).exclude(mollie_id=None):
            attempts.sync_payment(payment.pk)

    def sweep(self) -> None:
        attempts.sweep(now=timezone.now() + timedelta(minutes=20))

    def hold(self) -> None:
        place_hold(self.invoice, "awaiting_decision", by="test")
        release_hold(self.invoice, "awaiting_decision", by="test")

    def reduce(self) -> None:
        with transaction.atomic():
            locked = ledger.lock_invoice(self.invoice.pk)
            if ledger.outstanding(locked.pk) > 10:
                moment = timezone.now()
                kind = LedgerTransaction.Kind.REDUCTION
                ledger.post(
                    locked, kind, Decimal("-1.00"), external_id=str(moment.timestamp()), occurred_at=moment, by="test"
                )
                attempts.supersede_live(locked)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_at_once_the_books_equal_the_bank(invoice, seed):
    everything = Everything(invoice, seed)
    results = at_once(everything.actions(), threads=6)
    allowed = (Refused, GatewayRefused, GatewayUnknown)
    assert [r for r in results if isinstance(r, Exception) and not isinstance(r, allowed)] == []
    everything.report()
    received = sum(row.amount_cents for row in BankPayment.objects.filter(status="paid"))
    reduced = LedgerTransaction.objects.filter(kind="reduction").count()
    assert bank.balance(invoice) == 100 - reduced - Decimal(received) / 100
    assert BankPayment.objects.count() == Payment.objects.exclude(mollie_id=None).count(), "no payment without a row"
    invoice.refresh_from_db()
    assert (invoice.settled_at is None) == (bank.balance(invoice) > 0)
