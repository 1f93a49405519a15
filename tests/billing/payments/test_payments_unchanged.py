"""A report that tells nothing new about a payment: nothing is locked or written, and nothing is missed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.channels import mollie
from billing.models import Payment
from billing.payments import attempts, settlement
from tests import factories
from tests.billing.payments import bank

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox"), pytest.mark.both_databases]
Status = Payment.Status


@pytest.fixture
def payment():
    return bank.start(factories.invoice(amount="100.00"))


def statements_of(act) -> list[str]:
    """Return the statements of this connection; the live server has its own."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured if not query["sql"].startswith(("BEGIN", "COMMIT"))]


def test_an_attempt_that_still_waits_is_read_and_not_locked(payment):
    asked = statements_of(lambda: attempts.sync_payment(payment.pk))
    claims = [sql for sql in asked if sql.startswith("UPDATE")]
    assert len(asked) == 3, "\n".join(asked)
    assert len(claims) == 1
    assert "fetched_at" in claims[0]
    assert not any("FOR NO KEY UPDATE" in sql or sql.startswith("INSERT") for sql in asked)


def test_what_became_of_it_meanwhile_is_not_undone_or_hidden(payment):
    """The answer "still open" was on its way when another report confirmed the payment."""
    as_read = Payment.objects.select_related("invoice").get(pk=payment.pk)
    still_open = mollie.get_payment(payment.mollie_id)
    bank.end(payment, "paid")
    attempts.sync_payment(payment.pk)
    found = settlement.settle(as_read, still_open, now=timezone.now())
    assert (found.status, bank.balance(payment.invoice), bank.receipts()) == (Status.PAID, 0, 1)


def test_a_due_check_is_planned_again(payment):
    now = payment.expires_at + timedelta(minutes=2)
    attempts.sync_payment(payment.pk, now=now)
    payment.refresh_from_db()
    assert payment.next_check_at == payment.expires_at + timedelta(minutes=5)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "pending"},
        {"checkout_url": "https://bank.example/other"},
        {"amount": 1},
        {"token": "of-another"},
        {"mode": "live"},
        {"mollie_id": "tr_another"},
    ],
)
def test_whatever_differs_is_news(payment, change):
    payment.refresh_from_db()
    snapshot = mollie.get_payment(payment.mollie_id)
    now = timezone.now()
    assert settlement._is_noop(payment, snapshot, now=now)
    assert not settlement._is_noop(payment, replace(snapshot, **change), now=now)
