"""The dispatcher: what it sends, when it repeats, and what configuration makes of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from sandbox import faults, payments, webhooks
from sandbox.models import Payment, Refund, WebhookCall

pytestmark = pytest.mark.django_db(transaction=True)


def open_payment(shop, now=None):
    fields = {"amount_cents": 1000, "description": "x", "redirect_url": shop.url, "webhook_url": shop.url}
    return payments.create(fields=fields, now=now or timezone.now())


def test_a_paid_payment_is_announced_as_a_form_with_its_id(shop):
    now = timezone.now()
    payment = open_payment(shop, now)
    assert webhooks.deliver_due(now) == 0, "an open payment sends nothing"

    payments.close(payment, status="paid", now=now)
    assert webhooks.deliver_due(now) == 1
    assert webhooks.deliver_due(now) == 0

    (call,) = shop.received
    assert call["form"] == {"id": [payment.reference]}
    assert call["path"] == "/mollie/token/"
    assert call["headers"]["User-Agent"] == "Mollie HTTP client/1.0"
    assert call["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
    assert WebhookCall.objects.get().state == "delivered"


def test_only_the_first_end_of_a_payment_counts(shop):
    now = timezone.now()
    payment = open_payment(shop)
    assert payments.close(payment, status="canceled", now=now)
    assert not payments.close(payment, status="paid", now=now)
    assert payments.close(payment, status="paid", now=now, late=True), "a bank may pay after all"
    assert payment.status == "paid"
    assert webhooks.deliver_due(now) == 2


def test_a_call_is_repeated_on_the_schedule_until_the_shop_answers_200(shop):
    start = timezone.now()
    shop.answers = [500, 404, 301, 200]
    payments.close(open_payment(shop), status="paid", now=start)

    for minutes, calls in [(0, 1), (0.9, 1), (1, 2), (2.9, 2), (3, 3), (6.9, 3), (7, 4), (10_000, 4)]:
        webhooks.deliver_due(start + timedelta(minutes=minutes))
        assert len(shop.received) == calls
    assert {call["path"] for call in shop.received} == {"/mollie/token/"}, "redirects are not followed"


def test_after_ten_calls_it_gives_up(shop):
    start = timezone.now()
    shop.answers = [503] * 20
    payments.close(open_payment(shop), status="paid", now=start)

    sent = [webhooks.deliver_due(start + timedelta(minutes=m)) for m in webhooks.SCHEDULE_MINUTES]
    assert sent == [1] * 10
    assert webhooks.deliver_due(start + timedelta(days=30)) == 0
    assert WebhookCall.objects.get().state == "given_up"


def test_a_shop_that_is_down_is_tried_again(shop):
    start = timezone.now()
    payments.close(open_payment(shop), status="paid", now=start)
    shop.close()

    webhooks.deliver_due(start)
    call = WebhookCall.objects.get()
    assert (call.state, call.last_outcome) == ("waiting", "ConnectionError")


def test_the_clock_ends_a_payment_nobody_completed(shop):
    start = timezone.now()
    payment = open_payment(shop, start)
    assert payments.expire_due(start + timedelta(minutes=14, seconds=59)) == 0
    assert payments.expire_due(start + timedelta(minutes=15)) == 1
    payment.refresh_from_db()
    assert payment.status == "expired"
    webhooks.deliver_due(start + timedelta(minutes=15))
    assert shop.ids() == [payment.reference]


def test_a_refund_arrives_by_itself_and_is_announced(shop):
    now = timezone.now()
    payment = open_payment(shop)
    payments.close(payment, status="paid", now=now)
    payments.refund(payment, cents=400, now=now)
    assert payments.settle_refunds_due(now) == 0
    assert payments.settle_refunds_due(now + timedelta(seconds=payments.REFUND_SETTLES_SECONDS)) == 1
    assert Refund.objects.get().status == "refunded"
    assert WebhookCall.objects.count() == 2


def test_faults_double_delay_and_drop(shop):
    now = timezone.now()
    faults.configure({"webhook": {"double": True, "delay_s": 5, "times": 1}})
    payments.close(open_payment(shop), status="paid", now=now)
    assert webhooks.deliver_due(now + timedelta(seconds=4.9)) == 0
    assert webhooks.deliver_due(now + timedelta(seconds=5)) == 2

    faults.configure({"webhook": {"drop": True}})
    payments.close(open_payment(shop), status="paid", now=now)
    assert webhooks.deliver_due(now + timedelta(days=1)) == 0
    assert WebhookCall.objects.filter(state="dropped").count() == 1


def test_faults_reorder(shop, monkeypatch):
    now = timezone.now()
    faults.configure({"webhook": {"reorder": True}})
    made = [open_payment(shop) for _ in range(3)]
    for payment in made:
        payments.close(payment, status="paid", now=now)
    assert webhooks.deliver_due(now) == 0
    claimed = webhooks._claim(now + timedelta(seconds=1))
    assert [call.payment_id for call in claimed] == [payment.pk for payment in made[::-1]]


def two_dispatchers(now):
    def deliver(_):
        try:
            return webhooks.deliver_due(now)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=4) as pool:
        return sum(pool.map(deliver, range(4)))


def test_dispatchers_side_by_side_send_each_call_once(shop):
    now = timezone.now()
    for _ in range(20):
        payments.close(open_payment(shop), status="paid", now=now)
    assert two_dispatchers(now) == 20
    assert sorted(shop.ids()) == sorted(Payment.objects.values_list("reference", flat=True))


def test_without_the_claim_they_send_them_again_and_again(shop, monkeypatch):
    now = timezone.now()
    for _ in range(20):
        payments.close(open_payment(shop), status="paid", now=now)
    monkeypatch.setattr(webhooks, "_claim", lambda now: list(WebhookCall.objects.select_related("payment")))
    assert two_dispatchers(now) > 20


def test_the_calls_of_a_dispatcher_that_died_are_taken_over(shop):
    now = timezone.now()
    payments.close(open_payment(shop), status="paid", now=now)
    webhooks._claim(now)
    assert webhooks.deliver_due(now + timedelta(seconds=59)) == 0
    assert webhooks.deliver_due(now + timedelta(seconds=61)) == 1
