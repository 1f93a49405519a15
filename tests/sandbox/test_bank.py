"""The practice bank as a browser without JavaScript uses it."""

import pytest
from django.test import Client
from django.utils import timezone

from sandbox import payments
from sandbox.models import Chargeback, Payment, Refund, WebhookCall

pytestmark = pytest.mark.django_db(transaction=True)

SHOP = "https://shop.example/betaling/abc/"


@pytest.fixture
def payment():
    fields = {
        "amount_cents": 123456,
        "description": "2026-00123 <b>",
        "redirect_url": SHOP,
        "cancel_url": "https://shop.example/stop/",
        "webhook_url": SHOP,
        "locale": "en_US",
    }
    return payments.create(fields=fields, now=timezone.now())


def checkout(payment):
    return f"/sandbox/mollie/checkout/{payment.reference}/"


def state(payment):
    return f"/sandbox/mollie/state/{payment.reference}/"


def test_the_page_shows_what_is_paid_and_that_it_is_practice(client, payment):
    page = client.get(checkout(payment))
    text = page.content.decode()
    assert "€ 1,234.56" in text
    assert "2026-00123 &lt;b&gt;" in text
    assert "<dd>Zorgrekening</dd>" in text, "a name, no address"
    assert "the shop" not in text
    assert "No real money moves." in text
    assert '<html lang="en">' in text
    assert "style=" not in text
    assert "<script" not in text
    assert page["Content-Language"] == "en"
    policy = page["Content-Security-Policy"]
    assert "form-action 'self' https://shop.example;" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("choice", "status", "target"),
    [
        ("pay", "paid", SHOP),
        ("cancel", "canceled", "https://shop.example/stop/"),
        ("fail", "failed", SHOP),
        ("expire", "expired", SHOP),
        ("stay_open", "open", SHOP),
    ],
)
def test_each_choice_ends_the_payment_and_goes_back(client, payment, choice, status, target):
    answer = client.post(checkout(payment), {"choice": choice})

    assert (answer.status_code, answer["Location"]) == (303, target)
    payment.refresh_from_db()
    assert payment.status == status
    assert WebhookCall.objects.count() == (0 if choice == "stay_open" else 1)


def test_pay_and_close_pays_and_stays(client, payment):
    answer = client.post(checkout(payment), {"choice": "pay_and_close"})
    assert answer.status_code == 200
    assert "Location" not in answer
    assert SHOP not in answer.content.decode()
    payment.refresh_from_db()
    assert payment.status == "paid"


def test_a_second_choice_changes_nothing(client, payment):
    client.post(checkout(payment), {"choice": "pay"})
    again = client.post(checkout(payment), {"choice": "cancel"})
    assert again.status_code == 200
    assert SHOP in again.content.decode()
    payment.refresh_from_db()
    assert payment.status == "paid"
    assert WebhookCall.objects.count() == 1


def test_nonsense_is_refused(client, payment):
    assert client.post(checkout(payment), {"choice": "rob"}).status_code == 400
    assert client.get("/sandbox/mollie/checkout/tr_unknown/").status_code == 404
    assert Payment.objects.get().status == "open"


def test_forms_need_their_csrf_token(payment):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(checkout(payment), {"choice": "pay"}).status_code == 403
    assert strict.post(state(payment), {"action": "late"}).status_code == 403
    assert strict.post("/sandbox/inbox/empty/").status_code == 403
    assert Payment.objects.get().status == "open"


def test_a_paid_payment_is_refunded_and_the_refund_fails(client, payment):
    payments.close(payment, status="paid", now=timezone.now())
    assert client.post(state(payment), {"action": "refund", "amount": "12,50"}).status_code == 302
    refund = Refund.objects.get()
    assert refund.amount_cents == 1250
    client.post(state(payment), {"action": "settle", "row": refund.reference})
    refund.refresh_from_db()
    assert refund.status == "refunded"
    client.post(state(payment), {"action": "fail", "row": refund.reference})
    refund.refresh_from_db()
    assert refund.status == "failed"
    assert WebhookCall.objects.count() == 3
    assert "failed" in client.get(state(payment)).content.decode()


def test_a_chargeback_comes_and_goes(client, payment):
    payments.close(payment, status="paid", now=timezone.now())
    client.post(state(payment), {"action": "charge_back", "amount": "1234.56"})
    chargeback = Chargeback.objects.get()
    client.post(state(payment), {"action": "reverse", "row": chargeback.reference})
    chargeback.refresh_from_db()
    assert chargeback.reversed_at
    assert WebhookCall.objects.count() == 3


@pytest.mark.parametrize(
    "form",
    [
        {"action": "refund", "amount": "1234,57"},
        {"action": "refund", "amount": "x"},
        {"action": "charge_back", "amount": "0,00"},
        {"action": "explode"},
    ],
)
def test_what_is_impossible_is_said_on_the_page(client, payment, form):
    payments.close(payment, status="paid", now=timezone.now())
    answer = client.post(state(payment), form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not Refund.objects.exists()


def test_a_bank_may_pay_after_all(client, payment):
    payments.close(payment, status="expired", now=timezone.now())
    client.post(state(payment), {"action": "late"})
    payment.refresh_from_db()
    assert payment.status == "paid"


def test_the_overview_leads_to_bank_and_state(client, payment):
    assert checkout(payment) in client.get("/sandbox/").content.decode()
    payments.close(payment, status="paid", now=timezone.now())
    assert state(payment) in client.get("/sandbox/").content.decode()
