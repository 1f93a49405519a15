"""Refunds and other acts on one credit at once. Every lock has a twin in which it is off and the race happens."""

import random
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Sum
from django.utils import timezone

from billing import ledger
from billing.adjustments import reductions
from billing.channels import mollie
from billing.errors import Refused
from billing.ledger import lock_invoice, verification
from billing.links import new_token
from billing.models import Invoice, LedgerTransaction, RefundRequest
from billing.payments import attempts, credit, moves, refunds, settlement, shares
from billing.payments.refunds import calls
from billing.rights import by_two
from sandbox.errors import ApiError
from sandbox.models import Chargeback as BankChargeback
from sandbox.models import Payment as BankPayment
from sandbox.models import Refund as BankRefund
from tests import factories
from tests.billing.payments import bank
from tests.billing.payments.credits import asked, at_bank, member, paid_twice
from tests.billing.payments.test_payment_races import at_once, meet

Status = RefundRequest.Status
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("sandbox"),
    pytest.mark.both_databases,
]


@pytest.fixture
def invoice() -> Invoice:
    """With a credit of 100 that came from two payments, of 60 and of 40."""
    invoice = factories.invoice(amount="100.00")
    for amount in ("60.00", "40.00"):
        part = Decimal(amount)
        payment = attempts.start_payment(invoice.pk, language="nl", by="patient", amount=part, chosen=part > 40)
        bank.end(payment, "paid")
        attempts.sync_payment(payment.pk)
    reduce(invoice, "0.00")
    return invoice


def reduce(invoice: Invoice, total: str) -> None:
    """Lower the invoice so that the patient pays this, as another room does."""
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        off = reductions.patient_share(locked) - Decimal(total)
        moment = timezone.now()
        reductions.reduce_to(locked, off, external_id=f"r:{moment.timestamp()}", by="test", now=moment)


def reserved(invoice: Invoice) -> Decimal:
    rows = RefundRequest.objects.filter(invoice=invoice, status__in=RefundRequest.RESERVING)
    return rows.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


@pytest.fixture
def lock_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove the row locks and the transactions around the rules (on SQLite the transaction is the lock)."""
    none = SimpleNamespace(atomic=lambda **_options: nullcontext())
    for module in (attempts, settlement, ledger, refunds, calls, moves):
        monkeypatch.setattr(module, "transaction", none)
    monkeypatch.setattr(by_two, "lock_practices", lambda pks: None)
    for module in (refunds, calls):
        monkeypatch.setattr(module, "lock_invoice", lambda pk: Invoice.objects.get(pk=pk))
    for module in (shares, moves):
        monkeypatch.setattr(
            module, "lock_invoices", lambda pks: list(Invoice.objects.filter(pk__in=pks).order_by("pk"))
        )
    yield
    monkeypatch.undo()


class TestTwoApprovers:
    def approvers(self, invoice):
        seen = Decimal("100.00")
        people = [member(invoice) for _ in range(4)]
        return [lambda by=by: refunds.approve(invoice.pk, by=by, seen=seen) for by in people]

    def test_the_credit_is_approved_once(self, invoice):
        results = at_once(self.approvers(invoice), threads=4)
        assert [r for r in results if isinstance(r, Exception)] == []
        assert reserved(invoice) == 100
        calls.sweep()
        assert sorted(row.amount_cents for row in at_bank()) == [4000, 6000]
        assert ledger.balance(invoice.pk) == 0

    def test_twin_without_the_lock_more_is_approved_than_there_is(self, invoice, lock_off, monkeypatch):
        monkeypatch.setattr(credit, "legs", meet(credit.legs, 4, when_read=True))
        results = at_once(self.approvers(invoice), threads=4)
        rows = RefundRequest.objects.filter(invoice=invoice).count()
        stopped = [r for r in results if isinstance(r, DatabaseError)]
        assert rows > 2 or reserved(invoice) > 100 or stopped, "parts were made again, or the database refused them"


class TestRefundAgainstMove:
    def acts(self, invoice):
        target = factories.invoice(amount="100.00", patient=invoice.patient)
        return target, [
            lambda: refunds.ask(invoice.pk, seen=Decimal("100.00")),
            lambda: moves.move(invoice.pk, target.pk, seen=Decimal("100.00"), key=new_token(), by="patient"),
        ]

    def test_one_of_them_gets_the_credit(self, invoice):
        target, acts = self.acts(invoice)
        results = at_once(acts, threads=2)
        assert sum(isinstance(r, Refused) for r in results) == 1
        calls.sweep()
        paid_back = sum(row.amount_cents for row in at_bank())
        moved = 100 - ledger.balance(target.pk)
        assert Decimal(paid_back) / 100 + moved == 100
        assert ledger.balance(invoice.pk) == 0

    def test_twin_without_the_lock_it_is_spent_twice(self, invoice, lock_off, monkeypatch):
        target, acts = self.acts(invoice)
        free = meet(credit.free, 2, when_read=True)
        monkeypatch.setattr(credit, "free", free)
        at_once(acts, threads=2)
        spent = reserved(invoice) + (100 - ledger.balance(target.pk))
        assert spent > 100, "200, or 160 when the move comes between the two parts of the refund"


class TestTwoWorkers:
    def test_one_of_them_calls(self, invoice, monkeypatch):
        asked(invoice)
        create, made = mollie.create_refund, []
        monkeypatch.setattr(mollie, "create_refund", lambda *a, **k: made.append(k) or create(*a, **k))
        results = at_once([calls.sweep] * 6, threads=6)
        assert [r for r in results if isinstance(r, Exception)] == []
        assert len(made) == 2, "one call for each of two payments"

    def test_twin_without_the_claim_they_all_call_and_the_key_makes_it_one(self, invoice, monkeypatch):
        asked(invoice)
        create, made = mollie.create_refund, []
        monkeypatch.setattr(mollie, "create_refund", lambda *a, **k: made.append(k) or create(*a, **k))
        monkeypatch.setattr(calls, "_claim", lambda request, now: True)
        monkeypatch.setattr(calls, "_ready", meet(lambda request, now: True, 4))
        request = RefundRequest.objects.filter(status=Status.APPROVED).first()
        at_once([lambda: calls.send(request.pk)] * 4, threads=4)
        assert len(made) > 1
        assert BankRefund.objects.count() == 1


class Everything:
    """Patient, bank, staff and workers act on one credit, each at random moments."""

    def __init__(self, invoice: Invoice, seed: int) -> None:
        self.invoice, self.dice, self.guard = invoice, random.Random(seed), threading.Lock()
        self.target = factories.invoice(amount="30.00", patient=invoice.patient)
        self.staff = [member(invoice), member(invoice)]

    def actions(self):
        kinds = [self.ask, self.approve, self.approve, self.move, self.work, self.work, self.report]
        rare = [self.dashboard, self.take_back, self.reduce, self.pay]
        return [self.dice.choice(kinds + rare) for _ in range(40)]

    def seen(self) -> Decimal:
        return credit.free(self.invoice)

    def ask(self):
        refunds.ask(self.invoice.pk, seen=self.seen())

    def approve(self):
        refunds.approve(self.invoice.pk, by=random.choice(self.staff), seen=self.seen())

    def move(self):
        amount = min(self.seen(), ledger.outstanding(self.target.pk))
        moves.move(self.invoice.pk, self.target.pk, seen=amount, key=new_token(), by="patient")

    def work(self):
        calls.sweep(now=timezone.now() + timedelta(minutes=3))

    def report(self):
        for payment in self.invoice.payments.exclude(mollie_id=None):
            attempts.sync_payment(payment.pk)

    def dashboard(self):
        row = BankPayment.objects.filter(status="paid").order_by("?").first()
        payment = self.invoice.payments.get(mollie_id=row.reference)
        bank.refund(payment, "7.00")

    def take_back(self):
        payment = self.invoice.payments.filter(status="paid").order_by("?").first()
        bank.charge_back(payment, "5.00")

    def reduce(self):
        reduce(self.invoice, random.choice(["0.00", "20.00"]))

    def pay(self):
        if ledger.outstanding(self.invoice.pk) > 0:
            bank.paid(self.invoice)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_at_once_the_books_equal_the_bank(invoice, seed):
    everything = Everything(invoice, seed)
    results = at_once(everything.actions(), threads=5)
    allowed = (Refused, ApiError)
    assert [r for r in results if isinstance(r, Exception) and not isinstance(r, allowed)] == []
    for minutes in (5, 90, 180):
        calls.sweep(now=timezone.now() + timedelta(minutes=minutes))
    everything.report()
    received = sum(row.amount_cents for row in BankPayment.objects.filter(status="paid"))
    back = sum(row.amount_cents for row in BankRefund.objects.exclude(status__in=["failed", "canceled"]))
    taken = sum(row.amount_cents for row in BankChargeback.objects.filter(reversed_at=None))
    held = sum(
        (side.amount for row in LedgerTransaction.objects.all() for side in row.postings.filter(account="gateway")),
        Decimal(0),
    )
    assert held == Decimal(received - back - taken) / 100
    assert not RefundRequest.objects.filter(status__in=(Status.SENDING, Status.UNKNOWN)).exists()
    assert list(verification.discrepancies()) == []


def test_a_refund_that_is_under_way_when_paid_twice_again_is_not_repeated():
    """Another payment comes while the refund of the first surplus is sent: that one is proposed by itself."""
    invoice = factories.invoice(amount="100.00")
    paid_twice(invoice)
    asked(invoice)
    calls.sweep()
    assert ledger.balance(invoice.pk) == 0
    reduce(invoice, "80.00")
    assert RefundRequest.objects.get(status=Status.ASKED).amount == 20
