"""Two at once: rest after fraud while the invoice is withdrawn, and two members of staff who answer one message.

Who presses twice rests once without any lock: the database has one active hold of a reason.
"""

import threading
from contextlib import suppress

import pytest
from django.db import connection, transaction
from django.utils import timezone

from billing.errors import Refused
from billing.ledger import lock_invoice
from billing.models import Hold, Invoice
from helpdesk import messages
from helpdesk.genuine import fraud
from helpdesk.models import InvoiceMessage
from tests import factories
from tests.billing.meeting import KEPT_WAITING, PATIENCE, met_before
from tests.billing.outbox.test_outbox_races import in_threads
from tests.helpdesk.test_messages import week, written  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def without_its_lock(monkeypatch, module):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one transaction write at a time, whatever is locked")
    monkeypatch.setattr(module, "lock_invoice", lambda pk: Invoice.objects.get(pk=pk))


def rests_while_it_is_withdrawn(seconds):
    """Somebody withdraws the invoice, and commits when the patient has looked at it, or after `seconds`."""
    invoice = factories.invoice()
    meeting, locked = threading.Barrier(2), threading.Event()

    def withdraw():
        with transaction.atomic():
            lock_invoice(invoice.pk)
            Invoice.objects.filter(pk=invoice.pk).update(withdrawn_at=timezone.now())
            locked.set()
            with suppress(threading.BrokenBarrierError):
                meeting.wait(timeout=seconds)

    def rest():
        assert locked.wait(PATIENCE)
        with met_before(meeting, 'SELECT "billing_hold"'):
            return fraud.rest(invoice.token)

    return in_threads(withdraw, rest)[1]


def answers(seconds):
    """Both meet once they have looked, before either writes; return what each got."""
    staff = [factories.staff(role="operations", provider=None) for _ in range(2)]
    message = written(factories.invoice())
    meeting = threading.Barrier(2)

    def one(number):
        with met_before(meeting, 'INSERT INTO "helpdesk_invoicemessage" ', seconds=seconds):
            return messages.answer(message.invoice_id, f"Antwoord {number}", staff=staff[number], seen=message.pk)

    return in_threads(lambda: one(0), lambda: one(1))


def test_what_was_just_withdrawn_does_not_rest():
    assert isinstance(rests_while_it_is_withdrawn(KEPT_WAITING), Refused)
    assert not Hold.objects.exists()


def test_without_the_lock_a_withdrawn_invoice_would_rest(monkeypatch):
    without_its_lock(monkeypatch, fraud)
    rests_while_it_is_withdrawn(PATIENCE)
    assert Hold.objects.count() == 1


def test_one_answers_and_the_other_reads_it_first():
    got = answers(KEPT_WAITING)
    assert sorted(type(one).__name__ for one in got) == ["InvoiceMessage", "Refused"]
    assert isinstance(next(one for one in got if not isinstance(one, InvoiceMessage)), Refused)
    assert InvoiceMessage.objects.exclude(staff=None).count() == 1


def test_without_the_lock_the_patient_would_get_two_answers(monkeypatch):
    without_its_lock(monkeypatch, messages)
    got = answers(PATIENCE)
    assert [type(one).__name__ for one in got] == ["InvoiceMessage", "InvoiceMessage"]
    assert InvoiceMessage.objects.exclude(staff=None).count() == 2
