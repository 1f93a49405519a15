"""Paying an invoice, from the button to the ledger, against the stand-in bank over real HTTP."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.channels import mollie
from billing.errors import GatewayRefused, GatewayUnknown, Refused
from billing.invoices.holds import active_hold, place_hold
from billing.models import AuditEvent, LedgerTransaction, OutboxMessage, Payment, StaffTask
from billing.payments import attempts
from billing.payments.creation import statement_line
from sandbox import faults
from sandbox.models import Payment as BankPayment
from tests import factories
from tests.billing.payments import bank

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]
Status = Payment.Status


@pytest.fixture
def invoice() -> Any:
    return factories.invoice(amount="100.00")


class TestStarting:
    def test_the_bank_is_asked_for_what_is_outstanding_and_told_nothing_personal(self, sandbox, invoice):
        payment = bank.start(invoice)
        assert (payment.status, payment.amount) == (Status.OPEN, Decimal("100.00"))
        assert payment.checkout_url
        assert payment.expires_at
        assert json.loads(payment.request_body) == {
            "amount": {"currency": "EUR", "value": "100.00"},
            "description": statement_line([invoice], language="nl"),
            "redirectUrl": f"{sandbox.url}/betaling/{payment.token}/",
            "webhookUrl": f"{sandbox.url}/mollie/{payment.webhook_token}/",
            "method": "ideal",
            "locale": "nl_NL",
            "metadata": {"token": payment.token},
        }
        assert payment.token != payment.webhook_token
        row = bank.row(payment)
        assert (row.amount_cents, row.description) == (10_000, statement_line([invoice], language="nl"))

    @pytest.mark.parametrize(
        ("name", "number", "line"),
        [
            ("Tandartspraktijk De Linde", "2026-00901", "Tandartspraktijk De Lind 2026-00901"),
            ("Fysio Zoë & Zn.", "F1", "Fysio Zoe Zn. F1"),
            ("Ολυμπία", "2026/1", "2026/1"),
            ("Praktijk", "x" * 40, "x" * 35),
        ],
    )  # fmt: skip
    def test_the_bank_statement_names_the_practice(self, name, number, line):
        invoice = factories.invoice(provider=factories.provider(name=name), number=number)
        assert statement_line([invoice], language="nl") == line

    def test_an_amount_above_the_limit_of_ideal_is_paid_in_turn(self):
        invoice = factories.invoice(amount="63165.00")
        first = attempts.start_payment(invoice.pk, language="nl", by="patient", amount=Decimal("50000.00"))
        bank.end(first, "paid")
        attempts.sync_payment(first.pk)
        with pytest.raises(Refused):
            attempts.start_payment(invoice.pk, language="nl", by="patient", amount=Decimal("50000.00"))
        bank.end(bank.start(invoice), "paid")
        attempts.sync_payment(Payment.objects.latest("pk").pk)
        assert bank.balance(invoice) == 0

    def test_a_second_click_gets_the_same_link(self, invoice):
        assert bank.start(invoice).pk == bank.start(invoice).pk
        assert BankPayment.objects.count() == 1

    def test_a_link_about_to_die_is_replaced(self, invoice):
        first = bank.start(invoice)
        Payment.objects.update(expires_at=timezone.now() + timedelta(seconds=100))
        second = bank.start(invoice)
        assert second.pk != first.pk
        first.refresh_from_db()
        assert first.superseded_at
        assert first.status == Status.OPEN, "never expired by our own clock"

    def test_a_stale_attempt_that_was_paid_meanwhile_is_refreshed_first(self, invoice):
        first = bank.start(invoice)
        bank.end(first, "paid")
        Payment.objects.update(expires_at=timezone.now() + timedelta(seconds=100))
        with pytest.raises(Refused):
            bank.start(invoice)
        assert bank.balance(invoice) == 0

    def test_money_on_its_way_is_not_asked_for_again(self, invoice):
        first = bank.start(invoice)
        BankPayment.objects.update(status="pending")
        attempts.sync_payment(first.pk)
        Payment.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
        assert bank.start(invoice).pk == first.pk

    @pytest.mark.parametrize("ending", ["canceled", "failed", "expired"])
    def test_after_an_end_without_money_one_can_try_again(self, invoice, ending):
        first = bank.start(invoice)
        bank.end(first, ending)
        assert attempts.sync_payment(first.pk).status == ending
        second = bank.start(invoice)
        assert second.pk != first.pk
        assert second.checkout_url

    def test_a_changed_amount_makes_a_new_attempt(self, invoice):
        first = bank.start(invoice)
        bank.reduce(invoice, "40.00")
        second = bank.start(invoice)
        assert (first.amount, second.amount) == (Decimal("100.00"), Decimal("60.00"))

    def test_a_partly_paid_invoice_asks_for_the_rest(self):
        assert bank.start(factories.invoice(amount="80.00", insurer_paid="30.00")).amount == Decimal("50.00")

    def test_it_is_refused_when_there_is_nothing_to_pay_or_not_now(self, invoice):
        with pytest.raises(Refused):
            bank.start(factories.invoice(amount="50000.01"))
        with pytest.raises(Refused):
            bank.start(factories.invoice(amount="10.00", insurer_paid="10.00"))
        with pytest.raises(Refused):
            bank.start(factories.invoice(amount="10.00", withdrawn_at=timezone.now()))
        place_hold(invoice, "awaiting_decision", by="test")
        with pytest.raises(Refused):
            bank.start(invoice)
        assert not BankPayment.objects.exists()
        assert not Payment.objects.exists()

    def test_the_highest_amount_is_accepted(self):
        assert bank.start(factories.invoice(amount="50000.00")).checkout_url

    def test_an_amount_that_changes_during_the_call_gives_the_link_of_the_new_amount(self, invoice, monkeypatch):
        create, calls = mollie.create_payment, []

        def create_slowly(body: str, *, idempotency_key: str) -> mollie.PaymentSnapshot:
            answer = create(body, idempotency_key=idempotency_key)
            if not calls:
                bank.reduce(invoice, "40.00")
            calls.append(idempotency_key)
            return answer

        monkeypatch.setattr(mollie, "create_payment", create_slowly)
        assert bank.start(invoice).amount == Decimal("60.00")
        assert len(calls) == 2


class TestChecks:
    def test_an_attempt_is_asked_about_around_the_end_of_its_link_and_then_hourly_for_two_days(self, invoice):
        payment = bank.start(invoice)
        ends, seen = payment.expires_at, []
        while payment.next_check_at:
            seen.append(payment.next_check_at - ends)
            attempts.sweep(now=payment.next_check_at)
            payment.refresh_from_db()
        assert payment.status == Status.OPEN
        assert seen[:5] == [timedelta(minutes=m) for m in (1, 5, 15, 60, 120)]
        assert seen[-1] == timedelta(hours=48)
        assert len(seen) == 51

    def test_a_lost_webhook_is_healed(self, invoice):
        payment = bank.start(invoice)
        bank.end(payment, "paid")
        attempts.sweep(now=payment.expires_at + timedelta(minutes=1))
        assert bank.balance(invoice) == 0
        assert bank.receipts() == 1

    def test_a_paid_attempt_is_asked_about_no_more(self, invoice):
        assert bank.paid(invoice).next_check_at is None, "refunds and disputes come by webhook and the nightly lists"

    def test_who_went_to_the_bank_is_asked_about_after_1_3_and_8_minutes(self, invoice):
        payment = bank.start(invoice)
        went, seen = timezone.now(), []
        attempts.note_way_to_bank(payment, now=went)
        payment.refresh_from_db()
        while payment.next_check_at < payment.expires_at:
            seen.append(payment.next_check_at - went)
            attempts.sweep(now=payment.next_check_at)
            payment.refresh_from_db()
        assert seen == [timedelta(minutes=m) for m in (1, 3, 8)]
        assert payment.next_check_at == payment.expires_at + timedelta(minutes=1)

    def test_after_a_downtime_those_at_the_bank_are_asked_about_at_once(self, invoice):
        payment, left = bank.start(invoice), bank.start(factories.invoice())
        attempts.note_way_to_bank(payment)
        attempts.note_way_to_bank(left, now=timezone.now() - timedelta(minutes=21))
        bank.end(payment, "paid")
        assert attempts.ask_after_downtime() == 1
        attempts.sweep()
        assert bank.balance(invoice) == 0

    def test_a_gateway_that_is_down_stops_the_sweep_early_and_loses_nothing(self):
        started = [bank.start(factories.invoice()) for _ in range(6)]
        now = max(p.next_check_at for p in started)
        faults.configure({"get": "503"})
        attempts.sweep(now=now)
        assert Payment.objects.filter(next_check_at__gt=now).count() == 3
        faults.clear()
        for payment in started:
            bank.end(payment, "paid")
        for minutes in (0, 6):
            attempts.sweep(now=now + timedelta(minutes=minutes))
        assert LedgerTransaction.objects.filter(kind="payment").count() == 6

    def test_a_payment_unknown_to_the_gateway_opens_one_staff_task(self, invoice):
        payment = bank.start(invoice)
        BankPayment.objects.all().delete()
        for _ in range(3):
            with pytest.raises(GatewayRefused):
                attempts.sync_payment(payment.pk)
        assert bank.staff_tasks() == ["gateway_alarm"]

    def test_the_page_asks_no_more_often_than_it_may(self, invoice, monkeypatch):
        payment = bank.start(invoice)
        calls = []
        get = mollie.get_payment
        monkeypatch.setattr(mollie, "get_payment", lambda name: calls.append(name) or get(name))
        now = timezone.now() + timedelta(seconds=10)
        for seconds in (0, 0.5, 1.9, 2.1, 3):
            attempts.sync_payment(payment.pk, now=now + timedelta(seconds=seconds), min_interval_seconds=2)
        assert len(calls) == 2

    def test_a_failed_fetch_changes_nothing(self, invoice):
        payment = bank.start(invoice)
        bank.end(payment, "paid")
        faults.configure({"get": "500"})
        with pytest.raises(GatewayUnknown):
            attempts.sync_payment(payment.pk)
        assert bank.balance(invoice) == 100


def test_the_return_page_finds_its_payment(invoice):
    payment = bank.start(invoice)
    assert attempts.by_return_token(payment.token) == payment
    assert attempts.by_return_token(payment.webhook_token) is None


def test_the_timeline_and_the_logs_hold_no_personal_data(invoice, caplog):
    payment = bank.paid(invoice)
    bank.charge_back(payment, "100.00")
    attempts.sync_payment(payment.pk)
    patient = invoice.patient
    told = caplog.text + json.dumps(list(AuditEvent.objects.values_list("action", "by", "details")))
    told += json.dumps(list(StaffTask.objects.values_list("note", "dedupe_key")))
    for secret in (patient.surname, patient.email, invoice.payment_reference, payment.webhook_token):
        assert secret not in told
    assert active_hold(invoice.pk)
    assert set(OutboxMessage.objects.values_list("kind", flat=True)) == {"receipt", "payment_reversed"}
