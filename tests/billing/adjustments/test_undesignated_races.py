"""Money that nobody designated, divided while another payment comes. The lock has a twin in which it is off."""

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import timezone

from billing.adjustments import undesignated
from billing.ledger.verification import discrepancies
from billing.models import Invoice, LedgerTransaction, Receipt
from billing.payments import attempts
from billing.payments.receipts import Received
from billing.rights import by_two
from tests import factories
from tests.billing.payments import bank
from tests.billing.payments.test_payment_races import at_once

Kind = LedgerTransaction.Kind
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("sandbox"),
    pytest.mark.both_databases,
]
HALVES = [Decimal("50.00"), Decimal("50.00")]
KEPT_WAITING_SECONDS = 0.5  # for a payment that the lock holds up
BOOKED_SECONDS = 30  # for a payment that nothing holds up, on a busy machine


@pytest.fixture
def alike() -> list[Invoice]:
    """Two invoices of one payer, of one day and one amount: money is divided over them in proportion."""
    issued_on = timezone.localdate() - timedelta(days=50)
    first = factories.invoice(amount="80.00", issued_on=issued_on)
    return [
        first,
        factories.invoice(amount="80.00", issued_on=issued_on, patient=first.patient, provider=first.provider),
    ]


@pytest.fixture
def lock_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove the row locks and the transaction around the division (on SQLite the transaction is the lock)."""
    monkeypatch.setattr(undesignated, "transaction", SimpleNamespace(atomic=nullcontext))
    monkeypatch.setattr(by_two, "lock_practices", lambda pks: None)
    monkeypatch.setattr(undesignated, "lock_invoices", lambda pks: list(Invoice.objects.filter(pk__in=pks)))
    yield
    monkeypatch.undo()


def divided_beside_a_payment(alike: list[Invoice], monkeypatch: pytest.MonkeyPatch, *, waits: float) -> list[str]:
    """Divide 100 euros, while 20 euros come on the first invoice once the division is made.

    Return the kinds of what was booked, in order.
    """
    payment = bank.start_part(alike[0], Decimal("20.00"))
    bank.end(payment, "paid")
    by = factories.staff(provider=alike[0].provider)
    received = Received(
        Decimal("100.00"), received_on=timezone.localdate(), road=Receipt.Road.TRANSFER, reference="", reason="x",
        by=by, key="a",
    )  # fmt: skip
    seen = undesignated.amounts_of(undesignated.division(alike[0], received.amount, received_on=received.received_on))
    assert list(seen.values()) == HALVES
    by_law, divided, paid = undesignated.by_law, threading.Event(), threading.Event()

    def by_law_and_wait(*args, **kwargs):
        found = by_law(*args, **kwargs)
        divided.set()
        paid.wait(waits)
        return found

    def pay():
        divided.wait(30)
        attempts.sync_payment(payment.pk)
        paid.set()

    monkeypatch.setattr(undesignated, "by_law", by_law_and_wait)
    actions = [lambda: undesignated.report(alike[0], received, seen=seen, today=received.received_on), pay]
    assert [result for result in at_once(actions, threads=2) if isinstance(result, Exception)] == []
    assert list(Receipt.objects.order_by("pk").values_list("amount", flat=True)) == HALVES
    assert list(discrepancies()) == []
    booked = LedgerTransaction.objects.exclude(kind=Kind.INVOICED).order_by("pk")
    return list(booked.values_list("kind", flat=True))


def test_what_was_divided_is_booked_before_a_payment_that_changes_the_division(alike, monkeypatch):
    booked = divided_beside_a_payment(alike, monkeypatch, waits=KEPT_WAITING_SECONDS)
    assert booked == [Kind.RECEIPT, Kind.RECEIPT, Kind.PAYMENT]


def test_twin_without_the_lock_a_division_is_booked_that_the_law_no_longer_makes(alike, lock_off, monkeypatch):
    """After the payment 60 and 80 euros are open, and the law divides 100 euros into 42.86 and 57.14."""
    booked = divided_beside_a_payment(alike, monkeypatch, waits=BOOKED_SECONDS)
    assert booked == [Kind.PAYMENT, Kind.RECEIPT, Kind.RECEIPT]
