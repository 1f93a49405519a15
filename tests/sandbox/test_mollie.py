"""The payment API, driven by the real client."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests
from django.utils import timezone
from mollie.api.client import Client
from mollie.api.error import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    UnauthorizedError,
    UnprocessableEntityError,
)

from sandbox import idempotency, payments
from sandbox.models import IdempotentCall, Payment, Refund

pytestmark = pytest.mark.django_db(transaction=True)


def row_of(payment):
    return Payment.objects.get(reference=payment.id)


def paid(mollie, request_body):
    payment = mollie.payments.create(request_body())
    payments.close(row_of(payment), status="paid", now=timezone.now())
    return mollie.payments.get(payment.id)


def test_a_new_payment_is_open_with_a_way_to_the_bank(mollie, request_body, sandbox):
    payment = mollie.payments.create(request_body(webhookUrl=f"{sandbox.url}/mollie/x/"))

    assert payment.id.startswith("tr_")
    assert (payment.status, payment.mode, payment.method) == ("open", "test", "ideal")
    assert payment.amount == {"currency": "EUR", "value": "123.45"}
    assert payment.metadata == {"token": "abc"}
    assert payment.is_cancelable is False
    assert payment.webhook_url == f"{sandbox.url}/mollie/x/"
    assert payment.checkout_url == f"{sandbox.url}/sandbox/mollie/checkout/{payment.id}/"
    assert payment.expires_at > payment.created_at
    assert mollie.payments.get(payment.id)["status"] == "open"


def test_a_paid_payment_shows_details_and_what_can_be_refunded(mollie, request_body):
    payment = paid(mollie, request_body)

    assert payment.is_paid()
    assert payment.checkout_url is None
    assert payment.changepaymentstate_url
    assert (payment.amount_refunded["value"], payment.amount_remaining["value"]) == ("0.00", "123.45")
    assert payment.amount_chargedback is None
    assert set(payment.details) == {"consumerName", "consumerAccount", "consumerBic"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": {"currency": "EUR", "value": 12.5}}, "amount"),
        ({"amount": {"currency": "EUR", "value": "12.5"}}, "amount"),
        ({"amount": {"currency": "EUR", "value": "12,50"}}, "amount"),
        ({"amount": {"currency": "EUR", "value": "1,200.00"}}, "amount"),
        ({"amount": {"currency": "EUR", "value": "0.00"}}, "amount"),
        ({"amount": {"currency": "EUR", "value": "50000.01"}}, "amount"),
        ({"amount": {"currency": "USD", "value": "12.50"}}, "amount"),
        ({"amount": {"currency": "EUR", "value": "-1.00"}}, "amount"),
        ({"amount": None}, "amount"),
        ({"description": None}, "description"),
        ({"redirectUrl": None}, "redirectUrl"),
        ({"redirectUrl": "javascript:alert(1)"}, "redirectUrl"),
        ({"webhookUrl": "not a url"}, "webhookUrl"),
        ({"locale": "nl"}, "locale"),
        ({"locale": ["nl_NL"]}, "locale"),
        ({"method": "barter"}, "method"),
        ({"method": ["ideal", 5]}, "method"),
        ({"method": {"ideal": 1}}, "method"),
        ({"metadata": {"note": "x" * 1024}}, "metadata"),
    ],
)
def test_wrong_parameters_are_refused_by_name(mollie, request_body, changes, field):
    with pytest.raises(UnprocessableEntityError) as refused:
        mollie.payments.create(request_body(**changes))

    assert refused.value.field == field
    assert not Payment.objects.exists()


@pytest.mark.parametrize("value", ["0.01", "50000.00"])
def test_the_limits_themselves_are_allowed(mollie, request_body, value):
    assert mollie.payments.create(request_body(amount={"currency": "EUR", "value": value})).amount["value"] == value


@pytest.mark.parametrize(("method", "shown"), [(["ideal", "wero"], "ideal"), (["wero"], "wero"), (None, None)])
def test_the_method_may_be_a_list_or_absent(mollie, request_body, method, shown):
    assert mollie.payments.create(request_body(method=method)).method == shown


def test_a_wrong_key_and_an_unknown_payment(mollie, request_body, settings):
    with pytest.raises(NotFoundError):
        mollie.payments.get("tr_unknown0000")
    stranger = Client(api_endpoint=settings.MOLLIE_API_URL, retry=0)
    stranger.set_api_key("test_" + "z" * 30)
    with pytest.raises(UnauthorizedError):
        stranger.payments.create(request_body())


def test_errors_are_hal_json_with_a_link(sandbox, settings):
    key = {"Authorization": f"Bearer {settings.MOLLIE_API_KEY}"}
    address = f"{settings.MOLLIE_API_URL}/v2/payments"
    answers = {
        400: requests.post(address, data="{", headers=key, timeout=30),
        401: requests.get(address, timeout=30),
        404: requests.get(f"{settings.MOLLIE_API_URL}/v2/methods", headers=key, timeout=30),
        405: requests.put(address, headers=key, timeout=30),
        422: requests.post(address, json={}, headers=key, timeout=30),
    }
    for status, answer in answers.items():
        body = answer.json()
        assert (answer.status_code, body["status"]) == (status, status)
        assert answer.headers["Content-Type"] == "application/hal+json"
        assert body["title"]
        assert body["detail"]
        assert body["_links"]["documentation"]["type"] == "text/html"


def test_paging_walks_through_every_payment_newest_first(mollie, request_body):
    made = [mollie.payments.create(request_body(description=f"number {i}")).id for i in range(7)]

    page, seen, sizes = mollie.payments.list(limit=3), [], []
    while page is not None:
        seen += [payment.id for payment in page]
        sizes.append(len(page))
        page, last = page.get_next(), page

    assert seen == made[::-1]
    assert sizes == [3, 3, 1]
    assert [payment.id for payment in last.get_previous()] == made[1:4][::-1]
    assert [payment.id for payment in mollie.payments.list(**{"from": made[2]}, limit=2)] == [made[2], made[1]]


@pytest.mark.parametrize("limit", ["0", "251", "x", "-1"])
def test_a_page_has_a_limit(mollie, limit):
    with pytest.raises(BadRequestError):
        mollie.payments.list(limit=limit)


def test_refunds_count_down_and_are_embedded(mollie, request_body):
    payment = paid(mollie, request_body)

    first = payment.refunds.create({"amount": {"currency": "EUR", "value": "100.00"}, "description": "coulance"})
    assert (first.status, first.amount["value"], first["paymentId"]) == ("pending", "100.00", payment.id)
    with pytest.raises(UnprocessableEntityError):
        payment.refunds.create({"amount": {"currency": "EUR", "value": "23.46"}})
    payment.refunds.create({"amount": {"currency": "EUR", "value": "23.45"}})

    after = mollie.payments.get(payment.id, embed="refunds,chargebacks")
    assert after.status == "paid"
    assert (after.amount_refunded["value"], after.amount_remaining["value"]) == ("123.45", "0.00")
    assert [item["amount"]["value"] for item in after["_embedded"]["refunds"]] == ["23.45", "100.00"]
    assert after["_embedded"]["chargebacks"] == []
    assert [refund.id for refund in payment.refunds.list()][-1] == first.id
    assert payment.refunds.get(first.id).id == first.id


def test_a_twin_of_a_refund_within_the_hour_is_a_conflict(mollie, request_body):
    payment = paid(mollie, request_body)
    ten_euros = {"amount": {"currency": "EUR", "value": "10.00"}}
    payment.refunds.create(ten_euros)

    with pytest.raises(ConflictError):
        payment.refunds.create(ten_euros)
    Refund.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    payment.refunds.create(ten_euros)


def test_an_unpaid_payment_cannot_be_refunded_nor_canceled(mollie, request_body):
    payment = mollie.payments.create(request_body())
    with pytest.raises(UnprocessableEntityError):
        payment.refunds.create({"amount": {"currency": "EUR", "value": "1.00"}})
    with pytest.raises(UnprocessableEntityError):
        mollie.payments.delete(payment.id)


def test_a_failed_refund_gives_its_amount_back(mollie, request_body):
    payment = paid(mollie, request_body)
    payment.refunds.create({"amount": {"currency": "EUR", "value": "100.00"}})
    payments.settle_refund(Refund.objects.get(), status="failed", now=timezone.now())

    after = mollie.payments.get(payment.id, embed="refunds")
    assert after["_embedded"]["refunds"][0]["status"] == "failed"
    assert after.amount_remaining["value"] == "123.45"


def test_a_chargeback_and_its_reversal(mollie, request_body):
    payment = paid(mollie, request_body)
    row = payments.charge_back(row_of(payment), cents=12345, now=timezone.now())

    charged_back = mollie.payments.get(payment.id, embed="chargebacks")
    assert charged_back.status == "paid"
    assert charged_back.amount_chargedback["value"] == "123.45"
    assert charged_back.amount_remaining["value"] == "0.00"
    assert charged_back["_embedded"]["chargebacks"][0]["id"] == row.reference
    assert next(iter(payment.chargebacks.list())).reversed_at is None

    payments.reverse_chargeback(row, now=timezone.now())
    assert mollie.payments.get(payment.id).amount_chargedback is None
    assert payment.chargebacks.get(row.reference).reversed_at


def test_the_same_key_and_body_give_the_same_payment(mollie, request_body, settings):
    body = request_body()
    first = mollie.payments.create(body, idempotency_key="key-1")
    again = requests.post(
        f"{settings.MOLLIE_API_URL}/v2/payments",
        json=dict(reversed(body.items())),
        headers={"Authorization": f"Bearer {settings.MOLLIE_API_KEY}", "Idempotency-Key": "key-1"},
        timeout=30,
    )

    assert again.json() == first
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    with pytest.raises(BadRequestError):
        mollie.payments.create(request_body(description="other"), idempotency_key="key-1")
    assert Payment.objects.count() == 1


def test_a_key_expires_after_an_hour(mollie, request_body):
    mollie.payments.create(request_body(), idempotency_key="key-1")
    IdempotentCall.objects.update(started_at=timezone.now() - timedelta(minutes=61))

    mollie.payments.create(request_body(), idempotency_key="key-1")
    assert Payment.objects.count() == 2


def test_a_refused_request_leaves_its_key_free(mollie, request_body):
    with pytest.raises(UnprocessableEntityError):
        mollie.payments.create(request_body(locale="nl"), idempotency_key="key-1")
    mollie.payments.create(request_body(), idempotency_key="key-1")


def test_a_second_call_while_the_first_is_at_work_is_a_conflict(mollie, request_body):
    body = request_body()
    print_ = idempotency.fingerprint(path="/sandbox/mollie/v2/payments", body=body)
    assert idempotency.claim(key="key-1", print_=print_, now=timezone.now()) is None

    with pytest.raises(ConflictError):
        mollie.payments.create(body, idempotency_key="key-1")
    IdempotentCall.objects.update(started_at=timezone.now() - timedelta(seconds=61))
    mollie.payments.create(body, idempotency_key="key-1")  # the server that held it is taken for dead


def create_in_parallel(settings, body, *, times, key):
    def create(number):
        client = Client(api_endpoint=settings.MOLLIE_API_URL, timeout=(10, 60), retry=0)
        client.set_api_key(settings.MOLLIE_API_KEY)
        try:
            return client.payments.create(body, idempotency_key=key or f"own-{number}").id
        except ConflictError:
            return None
        finally:
            client._client.close()  # a kept connection holds a thread of the server, and that one of the database

    with ThreadPoolExecutor(max_workers=times) as pool:
        return list(pool.map(create, range(times)))


def test_a_hundred_parallel_calls_with_one_key_make_one_payment(sandbox, settings, request_body):
    ids = create_in_parallel(settings, request_body(), times=100, key="one-key")

    assert Payment.objects.count() == 1
    assert {found for found in ids if found} == {Payment.objects.get().reference}


def test_without_the_shared_key_the_same_calls_make_a_payment_each(sandbox, settings, request_body):
    create_in_parallel(settings, request_body(), times=20, key=None)

    assert Payment.objects.count() == 20
