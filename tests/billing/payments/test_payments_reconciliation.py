"""The nightly comparison with the gateway's own list."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing.channels import mollie
from billing.errors import GatewayUnknown
from billing.models import Payment
from billing.payments import attempts, reconciliation
from sandbox import faults
from sandbox.models import Payment as BankPayment
from tests import factories
from tests.billing.payments import bank

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]


@pytest.fixture
def invoice() -> Any:
    return factories.invoice(amount="100.00")


def test_money_without_a_webhook_is_found(invoice):
    payment = bank.start(invoice)
    bank.end(payment, "expired")
    attempts.sync_payment(payment.pk)
    bank.end(payment, "paid", late=True)
    reconciliation.compare_with_gateway()
    assert bank.balance(invoice) == 0
    assert bank.receipts() == 1


def test_what_is_known_already_is_not_asked_about(invoice, monkeypatch):
    bank.paid(invoice)
    bank.start(factories.invoice())
    asked: list[str] = []
    monkeypatch.setattr(mollie, "get_payment", asked.append)
    reconciliation.compare_with_gateway()
    assert asked == []


def test_a_payment_whose_creation_was_abandoned_is_found(invoice, monkeypatch):
    monkeypatch.setattr(mollie, "READ_SECONDS", 0.3)
    faults.configure({"create": {"kind": "timeout_after_commit", "times": 1, "hang_ms": 400}})
    payment = bank.start(invoice)
    Payment.objects.update(status="abandoned", superseded_at=timezone.now(), next_check_at=None)
    BankPayment.objects.update(status="paid", closed_at=timezone.now())
    reconciliation.compare_with_gateway()
    payment.refresh_from_db()
    assert payment.status == Payment.Status.PAID
    assert bank.balance(invoice) == 0


def test_paid_money_that_is_none_of_ours_goes_to_staff_once(invoice):
    for status in ("paid", "open"):
        bank.start(factories.invoice())
        BankPayment.objects.filter(status="open").update(status=status, closed_at=timezone.now())
    Payment.objects.all().delete()
    for _ in range(2):
        reconciliation.compare_with_gateway()
    assert bank.staff_tasks() == ["payment_mismatch"]


def test_an_entry_that_differs_from_what_we_asked_for_goes_to_staff(invoice):
    payment = bank.start(invoice)
    BankPayment.objects.update(amount_cents=1, status="paid", closed_at=timezone.now())
    reconciliation.compare_with_gateway()
    assert bank.staff_tasks() == ["payment_mismatch"]
    assert bank.balance(invoice) == 100
    payment.refresh_from_db()
    assert payment.status == Payment.Status.OPEN


def test_it_looks_back_three_days_and_says_when_it_could_not_see_everything(invoice):
    payment = bank.start(invoice)
    bank.end(payment, "paid")
    BankPayment.objects.update(created_at=timezone.now() - timedelta(days=4))
    reconciliation.compare_with_gateway()
    assert bank.balance(invoice) == 100
    faults.configure({"get": "503"})
    with pytest.raises(GatewayUnknown):
        reconciliation.compare_with_gateway()
