"""The nightly comparison with the gateway's own list."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing.channels import mollie
from billing.errors import GatewayUnknown
from billing.models import Payment
from billing.payments import attempts, reconciliation, settlement
from sandbox import faults, resources
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


def test_a_payment_whose_creation_was_abandoned_is_found(invoice):
    faults.configure({"create": {"kind": "timeout_after_commit", "times": 1, "hang_ms": 1500}})
    with bank.impatient():
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


def test_it_looks_back_three_days_and_reads_no_page_more(monkeypatch):
    monkeypatch.setattr(mollie, "PAGE_SIZE", 1)
    invoices = [factories.invoice() for _ in range(4)]
    for row, days in zip(invoices, (9, 4, 2, 0), strict=True):
        payment = bank.start(row)
        bank.end(payment, "paid")
        BankPayment.objects.filter(reference=payment.mollie_id).update(created_at=timezone.now() - timedelta(days=days))
    reconciliation.compare_with_gateway()
    assert [bank.balance(row) for row in invoices] == [100, 0, 0, 0]


class TestLists:
    @pytest.fixture(autouse=True)
    def _deaf(self, monkeypatch):
        """No webhook arrives, and one payment is asked about at a time only."""
        faults.configure({"webhook": {"drop": True}})
        monkeypatch.setattr(mollie, "PAGE_SIZE", 2)

    def test_refunds_and_disputes_are_found_by_list_and_only_those_are_asked_about(self, invoice, monkeypatch):
        payment, other = bank.paid(invoice), bank.paid(factories.invoice())
        refund = bank.refund(payment, "30.00")
        chargeback = bank.charge_back(payment, "20.00")
        get, asked = mollie.get_payment, []
        monkeypatch.setattr(mollie, "get_payment", lambda name: asked.append(name) or get(name))
        reconciliation.compare_with_gateway()
        assert bank.balance(invoice) == 50
        assert set(asked) == {payment.mollie_id}
        asked.clear()
        reconciliation.compare_with_gateway()
        assert asked == [], "nothing new"
        bank.settle_refund(refund, "failed")
        bank.reverse_chargeback(chargeback)
        reconciliation.compare_with_gateway()
        assert (bank.balance(invoice), bank.balance(other.invoice)) == (0, 0)

    def test_a_refund_that_is_none_of_ours_goes_to_staff(self, invoice):
        payment = bank.paid(invoice)
        bank.refund(payment, "30.00")
        Payment.objects.update(mollie_id="tr_another")
        reconciliation._compare("refunds", now=timezone.now())
        assert bank.staff_tasks() == ["payment_mismatch"]

    def test_a_list_that_stops_goes_on_where_it_was(self, monkeypatch):
        invoices = [factories.invoice() for _ in range(7)]
        for row in invoices:
            bank.end(bank.start(row), "paid")
        pages, list_page = [], mollie.payments_page

        def breaks(start: str = "") -> mollie.Page[mollie.PaymentSnapshot]:
            pages.append(start)
            if len(pages) == 3:
                raise GatewayUnknown("list")
            return list_page(start)

        monkeypatch.setattr(mollie, "payments_page", breaks)
        reconciliation.compare_when_due()
        assert [bank.balance(row) for row in invoices] == [100] * 3 + [0] * 4
        reconciliation.compare_when_due()
        assert [bank.balance(row) for row in invoices] == [0] * 7
        assert pages[2] == pages[3] != "", "not from the beginning"
        pages.clear()
        reconciliation.compare_when_due()
        assert pages == [], "once a day is enough"
        reconciliation.compare_when_due(now=timezone.now() + timedelta(days=1))
        assert pages != []

    def test_there_is_no_last_page_for_a_long_list(self, monkeypatch):
        monkeypatch.setattr(mollie, "MAX_PAGES", 2)
        invoices = [factories.invoice() for _ in range(9)]
        for row in invoices:
            bank.end(bank.start(row), "paid")
        reconciliation.compare_with_gateway()
        assert [bank.balance(row) for row in invoices] == [0] * 9

    def test_one_that_never_ends_is_told_to_staff_and_later_goes_back_as_far_as_it_missed(self, invoice):
        bank.end(bank.start(invoice), "paid")
        now = timezone.now()
        faults.configure({"get": "503"})
        for hours in (0, 10, 19):
            reconciliation.compare_when_due(now=now + timedelta(hours=hours))
        assert bank.staff_tasks() == []
        reconciliation.compare_when_due(now=now + timedelta(hours=21))
        reconciliation.compare_when_due(now=now + timedelta(days=5))
        assert set(bank.staff_tasks()) == {"gateway_alarm"}
        assert len(bank.staff_tasks()) == 3, "one for each list"
        faults.configure({"get": {"kind": "503", "times": 0}})
        reconciliation.compare_when_due(now=now + timedelta(days=5, hours=1))
        assert bank.balance(invoice) == 0

    @pytest.mark.parametrize("kind", ["401", "403"])
    def test_a_key_that_is_refused_is_told_at_once(self, kind):
        faults.configure({"get": kind})
        reconciliation.compare_when_due()
        assert set(bank.staff_tasks()) == {"gateway_alarm"}

    def test_one_payment_that_fails_keeps_no_other_waiting(self, monkeypatch):
        refused, other = factories.invoice(), factories.invoice()
        for row in (other, refused):
            bank.end(bank.start(row), "paid")
        book = settlement._book
        monkeypatch.setattr(
            settlement, "_book", lambda p, *r, **m: book(p, *r, **m) if p.invoice_id == other.pk else 1 / 0
        )
        reconciliation.compare_with_gateway()
        assert (bank.balance(refused), bank.balance(other)) == (100, 0)
        assert bank.staff_tasks() == ["rule_failed"]

    def test_a_row_that_cannot_be_read_goes_to_staff(self, invoice, monkeypatch):
        bank.end(bank.start(invoice), "paid")
        right = resources.payment
        odd = bank.start(factories.invoice())
        monkeypatch.setattr(
            resources,
            "payment",
            lambda row, **rest: right(row, **rest) | ({"status": "new"} if row.reference == odd.mollie_id else {}),
        )
        reconciliation.compare_with_gateway()
        assert bank.balance(invoice) == 0
        assert bank.staff_tasks() == ["payment_mismatch"]
