"""Concurrent agreements, payments, holds and daily work on one invoice. The lock has twins in which it is off."""

import random
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from billing import ledger
from billing.errors import Refused
from billing.invoices.holds import place_hold, release_hold
from billing.models import Hold, Invoice, OutboxMessage, PaymentPlan
from billing.plans import agreements
from tests import factories
from tests.billing.payments.test_payment_races import at_once, meet
from tests.billing.plans.test_plans import book

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def invoice() -> Invoice:
    return factories.invoice(amount="90.00")


@pytest.fixture
def lock_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove the row lock and the transaction around the rules (on SQLite the transaction is the lock)."""
    monkeypatch.setattr(agreements, "transaction", SimpleNamespace(atomic=nullcontext))
    monkeypatch.setattr(agreements, "lock_invoice", lambda pk: Invoice.objects.get(pk=pk))
    yield
    monkeypatch.undo()


def first_on():
    return timezone.localdate() + timedelta(days=10)


def agree(invoice: Invoice, count: int = 3) -> PaymentPlan:
    return agreements.agree_installments(invoice.pk, count=count, first_on=first_on(), by="patient")


def test_many_clicks_make_one_plan_and_one_mail(invoice):
    results = at_once([lambda: agree(invoice)] * 12, threads=6)
    assert {r.pk for r in results} == {PaymentPlan.objects.get().pk}
    assert OutboxMessage.objects.count() == 1


def test_twin_without_the_lock_only_the_databases_own_rule_is_left(invoice, lock_off, monkeypatch):
    monkeypatch.setattr(agreements, "payment_schedule", meet(agreements.payment_schedule, 4))
    results = at_once([lambda: agree(invoice)] * 4, threads=4)
    assert any(isinstance(r, IntegrityError) for r in results)


def test_two_days_of_work_at_once_remind_once(invoice):
    agree(invoice)
    late = first_on() + timedelta(days=10)
    results = at_once([lambda: agreements.run_day(late)] * 6, threads=6)
    assert [r for r in results if r is not None] == []
    assert OutboxMessage.objects.filter(kind="installment_missed").count() == 1


def test_twin_without_the_lock_a_plan_is_made_for_an_amount_that_is_no_longer_owed(invoice, lock_off, monkeypatch):
    """Book the payment between reading and writing, which the lock would prevent."""
    options = agreements.options_for

    def options_then_a_payment(*args: Any) -> Any:
        found = options(*args)
        book(invoice, "-60.00")
        return found

    monkeypatch.setattr(agreements, "options_for", options_then_a_payment)
    assert agree(invoice).total == 90
    assert ledger.outstanding(invoice.pk) == 30


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_at_once_plan_and_ledger_agree(invoice, seed):
    dice = random.Random(seed)

    def hold() -> None:
        place_hold(invoice, Hold.STAFF, by="test")
        release_hold(invoice, Hold.STAFF, by="test")

    actions = [
        lambda: agree(invoice),
        lambda: agree(invoice, 2),
        lambda: agreements.agree_deferral(invoice.pk, until=invoice.due_on + timedelta(days=5), by="patient"),
        lambda: book(invoice, "-7.00"),
        lambda: agreements.run_day(timezone.localdate() + timedelta(days=dice.randrange(80))),
        hold,
    ]
    results = at_once([dice.choice(actions) for _ in range(36)], threads=6)
    assert [r for r in results if isinstance(r, Exception) and not isinstance(r, Refused)] == []
    owed = ledger.outstanding(invoice.pk)
    for plan in PaymentPlan.objects.all():
        assert sum(i.amount for i in plan.installments.all()) == plan.total
    if now := agreements.progress(invoice.pk, today=timezone.localdate()):
        assert sum(line.open for line in now.lines) == owed
    assert PaymentPlan.objects.filter(status="active").count() <= 1
