"""A credit note beside a payment, a plan and another credit note. The lock has twins in which it is off."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import timezone

from billing import ledger
from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.errors import Refused
from billing.models import CreditNote, Invoice, LedgerTransaction, Payment, PaymentPlan, StaffTask
from billing.payments import attempts
from billing.plans import agreements
from tests import factories
from tests.billing.payments import bank
from tests.billing.payments.test_payment_races import at_once, meet

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("sandbox"),
    pytest.mark.both_databases,
]


@pytest.fixture
def invoice() -> Invoice:
    return factories.invoice(amount="90.00")


@pytest.fixture
def lock_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove the row lock and the transaction around credit notes (on SQLite the transaction is the lock)."""
    monkeypatch.setattr(credit_notes, "transaction", SimpleNamespace(atomic=nullcontext))
    monkeypatch.setattr(credit_notes, "lock_invoice", lambda pk: Invoice.objects.get(pk=pk))
    yield
    monkeypatch.undo()


def note(number: str, amount: str | None = None) -> NewCreditNote:
    day = timezone.localdate()
    return NewCreditNote(number=number, issued_on=day, reason="dubbel", amount=Decimal(amount) if amount else None)


def withdraw(invoice: Invoice) -> CreditNote:
    return credit_notes.take(invoice, note("C-1"), by="test")


def agree(invoice: Invoice) -> PaymentPlan:
    first_on = timezone.localdate() + timedelta(days=10)
    return agreements.agree_installments(invoice.pk, count=3, first_on=first_on, by="patient")


def test_the_same_note_from_many_hands_is_booked_once(invoice):
    results = at_once([lambda: withdraw(invoice)] * 8, threads=8)
    assert {row.pk for row in results} == {CreditNote.objects.get().pk}
    assert ledger.balance(invoice.pk) == 0


def test_two_parts_never_credit_more_than_the_invoice(invoice):
    actions = [lambda n=n: credit_notes.take(invoice, note(f"C-{n}", "50.00"), by="test") for n in range(4)]
    results = at_once(actions, threads=4)
    assert sum(isinstance(result, Refused) for result in results) == 3
    assert ledger.balance(invoice.pk) == Decimal("40.00")


def test_twin_without_the_lock_two_parts_credit_too_much(invoice, lock_off, monkeypatch):
    monkeypatch.setattr(credit_notes, "_checked", meet_after(credit_notes._checked, 2))
    actions = [lambda n=n: credit_notes.take(invoice, note(f"C-{n}", "50.00"), by="test") for n in range(2)]
    at_once(actions, threads=2)
    assert ledger.balance(invoice.pk) == Decimal("-10.00")


def meet_after(function, threads):
    """Return `function`, after whose first call in every thread all threads wait for each other."""
    gate = meet(lambda: None, threads)

    def waiting(*args, **kwargs):
        result = function(*args, **kwargs)
        gate()
        return result

    return waiting


def test_beside_plans_and_payments_nothing_stays_open_on_a_withdrawn_invoice(invoice):
    actions = [
        lambda: agree(invoice),
        lambda: withdraw(invoice),
        lambda: attempts.start_payment(invoice.pk, language="nl", by="patient"),
    ]
    results = at_once(actions * 3, threads=9)
    assert [r for r in results if isinstance(r, Exception) and not isinstance(r, Refused)] == []
    assert Invoice.objects.get().withdrawn_at
    assert not PaymentPlan.objects.filter(status=PaymentPlan.Status.ACTIVE).exists()
    assert not Payment.objects.filter(superseded_at=None, status__in=Payment.LIVE).exists()


def test_twin_without_the_lock_a_plan_runs_on_a_withdrawn_invoice(invoice, monkeypatch):
    """The withdrawal happens between the check and the agreement, which the lock would prevent."""
    options = agreements.options_for
    monkeypatch.setattr(agreements, "transaction", SimpleNamespace(atomic=nullcontext))
    monkeypatch.setattr(agreements, "lock_invoice", lambda pk: Invoice.objects.get(pk=pk))

    def options_then_a_withdrawal(*args):
        found = options(*args)
        withdraw(invoice)
        return found

    monkeypatch.setattr(agreements, "options_for", options_then_a_withdrawal)
    agree(invoice)
    assert PaymentPlan.objects.get().status == PaymentPlan.Status.ACTIVE
    assert Invoice.objects.get().withdrawn_at


def test_money_that_was_under_way_is_credit(invoice):
    payment = bank.start(invoice)
    withdraw(invoice)
    assert Payment.objects.get().superseded_at
    bank.end(payment, "paid")
    attempts.sync_payment(payment.pk)
    assert ledger.balance(invoice.pk) == Decimal("-90.00")
    assert StaffTask.objects.get(kind="surplus").payment_id == payment.pk
    assert LedgerTransaction.objects.filter(kind="payment").count() == 1
