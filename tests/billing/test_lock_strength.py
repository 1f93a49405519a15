"""The locks of a command block other commands, but not rows that only refer to the locked row."""

import threading
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from billing import ledger
from billing.dunning import letters
from billing.models import Invoice, Payment, WebhookCall
from tests import factories
from tests.billing.outbox.test_outbox_races import in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_a_letter_and_a_payment_of_the_same_patient_never_deadlock():
    """PostgreSQL checks the patient again, with a lock, at the commit of an invoice that was written twice."""
    invoice = factories.invoice()
    meeting = threading.Barrier(2)

    def settle_and_open_again():
        with transaction.atomic():
            ledger.lock_invoice(invoice.pk)
            for moment in (timezone.now(), None):
                Invoice.objects.filter(pk=invoice.pk).update(settled_at=moment)
            if connection.vendor != "sqlite":  # there the writers are queued already
                meeting.wait(timeout=20)

    def check_letter():
        with transaction.atomic():
            patients = letters._lock_patients([invoice.patient_id])
            if connection.vendor != "sqlite":
                meeting.wait(timeout=20)
            return [row.pk for row in letters._lock_invoices(patients, [invoice.pk])]

    assert in_threads(settle_and_open_again, check_letter) == [None, [invoice.pk]]


@pytest.mark.parametrize("locked", ["invoice", "payment"])
def test_a_call_of_the_gateway_is_kept_while_its_payment_is_settled(locked):
    """The gateway gets no answer for as long as we wait, and gives up after fifteen seconds."""
    payment = Payment.objects.create(
        invoice=factories.invoice(),
        amount=Decimal("10.00"),
        token="t" * 20,
        webhook_token="w" * 20,
        idempotency_key="k",
    )
    is_kept, is_locked = threading.Event(), threading.Event()

    def settle():
        with transaction.atomic():
            ledger.lock_invoice(payment.invoice_id)
            if locked == "payment":
                Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
            is_locked.set()
            queued = connection.vendor == "sqlite"  # writers wait for each other there, whatever the row
            return queued or is_kept.wait(timeout=20)

    def keep():
        is_locked.wait(timeout=20)
        WebhookCall.objects.create(payment=payment, mollie_id="tr_1234567")
        is_kept.set()

    assert in_threads(settle, keep) == [True, None]
