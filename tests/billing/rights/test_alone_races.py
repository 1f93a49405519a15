"""What two decide alone at one moment, on two invoices, counts together. The lock has a twin in which it is off."""

import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from billing import ledger
from billing.adjustments import reallocation
from billing.ledger.events import Share
from billing.models import Invoice, LedgerTransaction, Provider, Receipt
from billing.payments import receipts, refunds
from billing.payments.receipts import Received
from billing.rights import by_two
from tests import factories
from tests.billing.payments.test_payment_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
AMOUNT = Decimal("30.00")
KEPT_WAITING_SECONDS = 0.3  # for the other, whom the lock holds up
TOGETHER_SECONDS = 30  # for the other, whom nothing holds up, on a busy machine
Act = Callable[[], Any]


@pytest.fixture
def practice(settings: Any) -> Provider:
    """One that decides about thirty euros alone, once a day."""
    settings.ALONE_A_DAY_TIMES = 1
    for what in ("REFUND", "RECEIPT", "REALLOCATION"):
        setattr(settings, f"{what}_SECOND_PERSON_ABOVE", AMOUNT)
    return factories.provider()


def paid(invoice: Invoice) -> LedgerTransaction:
    booking = ledger.post_shares(
        [Share(invoice, -AMOUNT)], LedgerTransaction.Kind.PAYMENT, external_id=f"tr:{invoice.pk}",
        occurred_at=timezone.now(), by="test",
    )  # fmt: skip
    assert booking
    return booking


def refund(practice: Provider) -> Act:
    invoice = factories.invoice(provider=practice, amount="30.00")
    for number in range(2):
        ledger.post(
            invoice, LedgerTransaction.Kind.PAYMENT, -AMOUNT, external_id=f"tr:{invoice.pk}:{number}",
            occurred_at=timezone.now(), by="test",
        )  # fmt: skip
    by = factories.staff(provider=practice)
    return lambda: refunds.approve(invoice.pk, by=by, seen=AMOUNT)


def receipt(practice: Provider) -> Act:
    invoice = factories.invoice(provider=practice, amount="30.00")
    day, by = timezone.localdate(), factories.staff(provider=practice)
    received = Received(AMOUNT, day, Receipt.Road.TRANSFER, "", "statement 1", by, f"key{invoice.pk}")
    return lambda: receipts.report(invoice, received, today=day)


def move(practice: Provider) -> Act:
    patient, by = factories.patient(provider=practice), factories.staff(provider=practice)
    wrong, right = (factories.invoice(patient=patient, amount="30.00") for _ in range(2))
    booking = paid(wrong)
    return lambda: reallocation.ask(booking, {right.pk: AMOUNT}, reason="x", by=by, key=f"key{right.pk}")


def decided_at_once(acts: list[Act], monkeypatch: pytest.MonkeyPatch, *, waits: float) -> list[str]:
    """Let two decide, the first of whom waits for the other after the day was added up; return what became of it."""
    together, judged = threading.Barrier(2), by_two.is_too_much

    def is_too_much(*args: Any, **kwargs: Any) -> bool:
        found = judged(*args, **kwargs)
        with suppress(threading.BrokenBarrierError):
            together.wait(waits)
        return found

    monkeypatch.setattr(by_two, "is_too_much", is_too_much)
    return sorted(str(row.status) for row in at_once(acts, threads=2))


@pytest.mark.parametrize("act", [refund, receipt, move])
def test_of_two_at_once_one_waits_for_a_second_person(practice, act, monkeypatch):
    made = decided_at_once([act(practice), act(practice)], monkeypatch, waits=KEPT_WAITING_SECONDS)
    assert len(set(made) - {"approved", "by_bank", "booked"}) == 1, made


@pytest.mark.parametrize("act", [refund, receipt, move])
def test_twin_without_the_lock_both_decide_alone(practice, act, monkeypatch):
    acts = [act(practice), act(practice)]
    monkeypatch.setattr(by_two, "lock_practices", lambda invoice_ids: None)
    if connection.vendor == "sqlite":  # where the transaction is the lock
        for module in (refunds, receipts, reallocation):
            monkeypatch.setattr(module, "transaction", SimpleNamespace(atomic=nullcontext))
    made = decided_at_once(acts, monkeypatch, waits=TOGETHER_SECONDS)
    assert set(made) <= {"approved", "by_bank", "booked"}, made
