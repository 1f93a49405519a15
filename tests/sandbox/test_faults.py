"""Failures on demand, as the real client meets them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.db import connection
from mollie.api.client import Client
from mollie.api.error import ConflictError, RequestError, ResponseError, ResponseHandlingError

from sandbox import faults
from sandbox.models import Payment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(sandbox):
    def post(body):
        answer = requests.post(f"{sandbox.url}/sandbox/faults", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return post


def test_faults_are_set_shown_counted_and_cleared(order, sandbox, mollie, request_body):
    assert order({"create": "503", "times": 2, "webhook": {"drop": True, "times": None}}) == {
        "create": {"kind": "503", "times": 2},
        "webhook": {"drop": True},
    }
    for _ in range(2):
        with pytest.raises(ResponseError) as refused:
            mollie.payments.create(request_body())
        assert refused.value.status == 503
    mollie.payments.create(request_body())
    address = f"{sandbox.url}/sandbox/faults"
    assert requests.get(address, timeout=30).json()["create"]["times"] == 0
    assert requests.delete(address, timeout=30).json() == {}


@pytest.mark.parametrize("body", [{"x": "500"}, {"create": "nonsense"}, {"create": 5}, {"get": "500", "times": "1"}])
def test_what_cannot_be_understood_is_refused(sandbox, body):
    answer = requests.post(f"{sandbox.url}/sandbox/faults", json=body, timeout=30)
    assert answer.status_code == 422
    assert faults.shown() == {}


def test_a_timeout_before_the_commit_leaves_nothing(order, mollie, request_body):
    order({"create": {"kind": "timeout_before_commit", "hang_ms": 600, "times": 1}})
    mollie.set_timeout((1, 0.3))
    with pytest.raises(RequestError):
        mollie.payments.create(request_body(), idempotency_key="key-1")
    assert not Payment.objects.exists()
    with pytest.raises(ConflictError):
        mollie.payments.create(request_body(), idempotency_key="key-1")


def test_a_timeout_after_the_commit_is_found_again_by_its_key(order, mollie, request_body):
    order({"create": {"kind": "timeout_after_commit", "hang_ms": 500, "times": 1}})
    mollie.set_timeout((1, 0.3))
    with pytest.raises(RequestError):
        mollie.payments.create(request_body(), idempotency_key="key-1")
    mollie.set_timeout((2, 8))
    made = mollie.payments.create(request_body(), idempotency_key="key-1")
    assert Payment.objects.get().reference == made.id


@pytest.mark.parametrize(
    ("kind", "error"),
    [("html", ResponseHandlingError), ("bare", KeyError), ("null", TypeError), ("429", ResponseError)],
)
def test_odd_answers(order, mollie, request_body, kind, error):
    order({"create": kind})
    with pytest.raises(error):
        mollie.payments.create(request_body())
    assert not Payment.objects.exists()


def test_reading_and_refunding_can_fail_too(order, mollie, request_body):
    payment = mollie.payments.create(request_body())
    order({"get": {"kind": "500", "times": 1}})
    with pytest.raises(ResponseError):
        mollie.payments.get(payment.id)
    assert mollie.payments.get(payment.id).id == payment.id
    order({"refund": "503"})
    with pytest.raises(ResponseError) as refused:
        payment.refunds.create({"amount": {"currency": "EUR", "value": "1.00"}})
    assert refused.value.status == 503


def test_slowness(order, settings, mollie, request_body):
    order({"delay_ms": 400})
    hasty = Client(api_endpoint=settings.MOLLIE_API_URL, timeout=(1, 0.2), retry=0)
    hasty.set_api_key(settings.MOLLIE_API_KEY)
    with pytest.raises(RequestError):
        hasty.payments.list()
    assert len(mollie.payments.list()) == 0


def take_in_parallel(times):
    def strike(_):
        try:
            return bool(faults.take("create"))
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        return sum(pool.map(strike, range(times)))


def test_a_fault_for_five_calls_strikes_five_of_forty_parallel_calls():
    faults.configure({"create": "500", "times": 5})
    assert take_in_parallel(40) == 5


def test_a_fault_without_a_number_strikes_them_all():
    faults.configure({"create": "500"})
    assert take_in_parallel(40) == 40
