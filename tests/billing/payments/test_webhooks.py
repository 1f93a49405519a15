"""Webhook calls of the gateway: stored first, processed later, never trusted."""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from celery import Celery, current_app
from django.utils import timezone

from billing import audit
from billing.channels import mollie
from billing.errors import Refused
from billing.models import AuditEvent, Payment, WebhookCall
from billing.outbox import wakeup
from billing.payments import attempts, webhooks
from sandbox import faults
from sandbox import webhooks as bank_webhooks
from sandbox.models import Payment as BankPayment
from tests import factories
from tests.billing.payments import bank

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]


@pytest.fixture
def invoice() -> Any:
    return factories.invoice(amount="100.00")


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the ids that are fetched from the gateway."""
    asked: list[str] = []
    get = mollie.get_payment
    monkeypatch.setattr(mollie, "get_payment", lambda name: asked.append(name) or get(name))
    return asked


def call(payment: Payment, mollie_id: str | None = None, times: int = 1) -> None:
    for _ in range(times):
        attempts.receive_webhook(payment.webhook_token, mollie_id or payment.mollie_id)


def take(payment: Payment, *, after: float = 10) -> None:
    attempts.take_webhooks(payment.pk, now=timezone.now() + timedelta(seconds=after))


def test_the_whole_way_from_the_bank_to_the_ledger(sandbox, invoice):
    payment = bank.start(invoice)
    bank.end(payment, "paid")
    assert bank_webhooks.deliver_due(timezone.now()) == 1
    assert WebhookCall.objects.filter(payment=payment, done_at=None).count() == 1
    assert bank.balance(invoice) == 100, "the call itself books nothing"
    take(payment)
    assert bank.balance(invoice) == 0
    assert not WebhookCall.objects.filter(done_at=None).exists()


@pytest.mark.parametrize("mollie_id", ["", "tr_", "tr_/../x", "re_abcdefgh", "tr_abc%0a", "tr_" + "a" * 65, "x" * 900])
def test_a_malformed_id_leaves_no_trace_and_asks_nothing(sandbox, invoice, fetches, mollie_id):
    payment = bank.start(invoice)
    answer = requests.post(f"{sandbox.url}/mollie/{payment.webhook_token}/", data={"id": mollie_id}, timeout=30)
    assert answer.status_code == 200
    assert not WebhookCall.objects.exists()
    assert fetches == []


def test_an_unknown_token_gets_the_same_answer(sandbox, invoice, fetches, caplog):
    payment = bank.start(invoice)
    known = requests.post(f"{sandbox.url}/mollie/{payment.webhook_token}/", data={"id": "tr_abcdefgh"}, timeout=30)
    unknown = requests.post(f"{sandbox.url}/mollie/{payment.token}/", data={"id": "tr_abcdefgh"}, timeout=30)
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (200, b"")
    assert WebhookCall.objects.count() == 1
    assert fetches == []
    assert payment.token not in caplog.text


def test_a_flood_is_answered_with_one_fetch(invoice, fetches):
    payment = bank.start(invoice)
    bank.end(payment, "paid")
    call(payment, times=50)
    take(payment)
    assert len(fetches) == 1
    assert not WebhookCall.objects.filter(done_at=None).exists()


def test_calls_in_quick_succession_wait_for_the_sweep_and_none_is_dropped(invoice, fetches):
    payment = bank.start(invoice)
    call(payment)
    take(payment, after=10)
    call(payment)
    bank.end(payment, "paid")
    take(payment, after=12)
    assert len(fetches) == 1, "too soon"
    assert WebhookCall.objects.filter(done_at=None).count() == 1
    attempts.sweep(now=timezone.now() + timedelta(seconds=20))
    assert len(fetches) == 2
    assert bank.balance(invoice) == 0


def test_a_call_during_the_fetch_stays_open(invoice, monkeypatch):
    payment = bank.start(invoice)
    get = mollie.get_payment

    def get_and_be_called(name: str) -> mollie.PaymentSnapshot:
        answer = get(name)
        bank.end(payment, "paid")
        call(payment)
        return answer

    call(payment)
    monkeypatch.setattr(mollie, "get_payment", get_and_be_called)
    take(payment)
    monkeypatch.setattr(mollie, "get_payment", get)
    assert WebhookCall.objects.filter(done_at=None).count() == 1
    take(payment, after=20)
    assert bank.balance(invoice) == 0


def test_a_lost_create_answer_is_mended_by_the_webhook(invoice):
    faults.configure({"create": {"kind": "timeout_after_commit", "times": 1, "hang_ms": 1500}})
    with bank.impatient():
        payment = bank.start(invoice)
    assert payment.mollie_id is None
    row = BankPayment.objects.get()
    call(payment, row.reference)
    take(payment)
    payment.refresh_from_db()
    assert (payment.mollie_id, payment.status) == (row.reference, Payment.Status.OPEN)


def test_it_also_mends_one_that_was_given_up_beside_a_running_attempt(invoice):
    faults.configure({"create": {"kind": "timeout_after_commit", "times": 1, "hang_ms": 1500}})
    with bank.impatient():
        lost = bank.start(invoice)
    row = BankPayment.objects.get()
    # As the search leaves one that the gateway's list did not hold.
    given_up = {"status": Payment.Status.ABANDONED, "superseded_at": timezone.now(), "next_check_at": None}
    Payment.objects.filter(pk=lost.pk).update(**given_up)
    running = bank.start(invoice)
    call(lost, row.reference)
    take(lost)
    lost.refresh_from_db()
    assert lost.status == Payment.Status.OPEN
    for payment in (lost, running):
        bank.end(payment, "paid")
        attempts.sync_payment(payment.pk)
    assert bank.balance(invoice) == -100
    assert bank.staff_tasks() == ["surplus"]


def test_the_id_of_another_payment_is_never_booked_here(fetches):
    """The replay to which a plug-in of this gateway was once vulnerable."""
    paid = bank.paid(factories.invoice(amount="100.00"))
    target = factories.invoice(amount="100.00")
    payment = bank.start(target)
    fetches.clear()
    call(payment, paid.mollie_id)
    take(payment)
    assert fetches == [], "this payment knows its own id"
    assert bank.balance(target) == 100
    assert bank.staff_tasks() == ["payment_mismatch"]
    assert WebhookCall.objects.get().error == "id"


def test_nor_taken_over_by_one_without_an_id(fetches):
    paid = bank.paid(factories.invoice(amount="100.00"))
    faults.configure({"create": {"kind": "503", "times": 1}})
    target = factories.invoice(amount="100.00")
    payment = bank.start(target)
    call(payment, paid.mollie_id)
    take(payment)
    payment.refresh_from_db()
    assert (payment.mollie_id, payment.quarantined_at) == (None, None)
    assert bank.balance(target) == 100
    assert bank.staff_tasks() == ["payment_mismatch"]


def quarantined(invoice: Any) -> Payment:
    """Create a payment that is paid at the bank while our row has another amount."""
    payment = bank.start(invoice)
    bank.end(payment, "paid")
    Payment.objects.update(amount=Decimal("99.00"))
    attempts.sync_payment(payment.pk)
    payment.refresh_from_db()
    assert payment.quarantined_at
    return payment


def test_a_quarantined_payment_is_booked_when_staff_release_it_after_correction(invoice):
    payment = quarantined(invoice)
    Payment.objects.update(amount=Decimal("100.00"))
    attempts.sweep(now=timezone.now() + timedelta(hours=1))
    assert bank.balance(invoice) == 100, "nobody asks about it by itself"
    webhooks.release(payment.pk, by="staff:ops", note="typed wrong in a data repair")
    attempts.sweep(now=timezone.now() + timedelta(seconds=10))
    payment.refresh_from_db()
    assert (payment.quarantined_at, payment.status, bank.balance(invoice)) == (None, Payment.Status.PAID, 0)
    event = AuditEvent.objects.get(action="payment_released")
    assert (event.by, *audit.words_of([event]).values()) == ("staff:ops", "typed wrong in a data repair")


def test_one_that_still_does_not_match_is_quarantined_again_with_its_own_task(invoice):
    payment = quarantined(invoice)
    webhooks.release(payment.pk, by="staff:ops", note="let us see")
    attempts.sweep(now=timezone.now() + timedelta(seconds=10))
    payment.refresh_from_db()
    assert payment.quarantined_at
    assert bank.staff_tasks() == ["payment_mismatch", "payment_mismatch"]
    assert bank.balance(invoice) == 100


def test_a_release_looks_again_at_calls_that_went_wrong(invoice, fetches):
    payment = bank.start(invoice)
    call(payment)
    WebhookCall.objects.update(done_at=timezone.now(), tries=webhooks.MAX_TRIES, error="no answer")
    Payment.objects.update(quarantined_at=timezone.now())
    fetches.clear()
    webhooks.release(payment.pk, by="staff:ops", note="the gateway was down")
    take(payment)
    assert fetches == [payment.mollie_id]
    assert WebhookCall.objects.get().error == ""


@pytest.mark.parametrize("note", ["", "  "])
def test_a_release_needs_a_reason_and_a_quarantined_payment(invoice, note):
    payment = quarantined(invoice)
    with pytest.raises(Refused):
        webhooks.release(payment.pk, by="staff:ops", note=note)
    Payment.objects.update(quarantined_at=None)
    with pytest.raises(Refused):
        webhooks.release(payment.pk, by="staff:ops", note="why not")
    assert not AuditEvent.objects.filter(action="payment_released").exists()


def test_a_gateway_that_is_down_is_asked_again_with_growing_waits_and_then_staff(invoice, fetches):
    payment = bank.start(invoice)
    call(payment)
    Payment.objects.update(next_check_at=None)
    faults.configure({"get": "503"})
    now = timezone.now()
    for minutes in range(0, 13 * 60, 5):
        attempts.sweep(now=now + timedelta(minutes=minutes))
    assert len(fetches) == webhooks.MAX_TRIES
    assert bank.staff_tasks() == ["gateway_alarm"]
    assert not WebhookCall.objects.filter(done_at=None).exists()


def test_a_broker_that_is_down_costs_nothing_but_time(sandbox, invoice, monkeypatch, caplog, settings):
    payment = bank.start(invoice)
    bank.end(payment, "paid")
    deaf = Celery("deaf", broker="redis://127.0.0.1:9/0", set_as_current=False)
    deaf.conf.task_publish_retry_policy = current_app.conf.task_publish_retry_policy
    monkeypatch.setattr(wakeup, "current_app", deaf)
    settings.REDIS_URL = deaf.conf.broker_url
    started = time.monotonic()
    call(payment)
    assert time.monotonic() - started < 30  # and not for ever
    assert "could not enqueue billing.take_webhooks" in caplog.text
    attempts.sweep(now=timezone.now() + timedelta(seconds=20))
    assert bank.balance(invoice) == 0
