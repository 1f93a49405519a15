"""A breathing space at the same moment as a letter, or as an import: each comes before or after, never in between.

`FORBEARANCE_RACES=1:1000 pytest tests/forbearance/test_races.py --servers` runs a thousand; a seed replays its race.
"""

import os
import random
import threading
import time
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace

import pytest
from django.db import connection, transaction

from billing.dunning import announcements
from billing.invoices import intake
from billing.models import Hold, Invoice, OutboxMessage, Patient
from billing.outbox import delivery
from forbearance import breathing_space, reports, rests
from tests import factories
from tests.billing.conftest import sink  # noqa: F401
from tests.billing.invoices.schedule_walk import MONDAY, REMINDED, at, new_invoice, with_letter
from tests.billing.meeting import KEPT_WAITING, PATIENCE
from tests.billing.outbox.test_outbox_races import in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
Mail = OutboxMessage.Status
FIRST, LAST = map(int, os.environ.get("FORBEARANCE_RACES", "1:4").split(":"))


@pytest.fixture(autouse=True)
def by_day(sink, settings):  # noqa: F811
    settings.NOTICE_HOURS = (7, 22)


def is_held(invoice):
    return Hold.objects.filter(invoice=invoice, reason="breathing_space", released_at=None).exists()


def race_with_letter(rng):
    """No letter is sent by a worker that looks after the breathing space was taken."""
    invoice, message = with_letter()
    taken, late = threading.Event(), []

    def take():
        time.sleep(rng.uniform(0, 0.02))
        breathing_space.take(invoice.pk, today=REMINDED)
        taken.set()

    def send():
        time.sleep(rng.uniform(0, 0.02))
        if taken.is_set() and OutboxMessage.objects.get(pk=message.pk).status == Mail.QUEUED:
            late.append("looked after it was taken")
        delivery.deliver(message.pk, now=at(REMINDED))

    assert [error for error in in_threads(take, send, send) if error] == []
    delivery.deliver(message.pk, now=at(REMINDED))
    message.refresh_from_db()
    assert message.status in ((Mail.CANCELED,) if late else (Mail.SENT, Mail.CANCELED))
    assert is_held(invoice)


def import_one(patient):
    """Take in an invoice as a batch does."""
    with transaction.atomic():
        intake.lock_provider(patient.provider_id)
        invoice = factories.invoice(patient=patient)
        rests.INTAKE.accept([(invoice, None)], REMINDED, "import:x")
    return invoice


def race_with_import(rng):
    """An invoice that comes at the same moment rests too, whichever was first."""
    invoice = factories.invoice(amount="100.00")
    taken = in_threads(
        lambda: (time.sleep(rng.uniform(0, 0.02)), breathing_space.take(invoice.pk))[1],
        lambda: (time.sleep(rng.uniform(0, 0.02)), import_one(invoice.patient))[1],
    )
    assert [error for error in taken if isinstance(error, Exception)] == []
    assert [is_held(row) for row in Invoice.objects.filter(patient=invoice.patient)] == [True, True]


RACES = (race_with_letter, race_with_import)


@pytest.mark.parametrize("seed", range(FIRST, LAST + 1))
def test_whatever_comes_at_once_everything_rests(seed):
    RACES[seed % len(RACES)](random.Random(seed))


def test_twin_without_the_hold_in_the_same_transaction_a_letter_leaves_after_it(monkeypatch):
    invoice, message = with_letter()
    monkeypatch.setattr(rests, "place_hold", lambda *args, **more: None)
    breathing_space.take(invoice.pk, today=REMINDED)
    delivery.deliver(message.pk, now=at(REMINDED))
    message.refresh_from_db()
    assert message.status == Mail.SENT


def test_twin_without_the_lock_an_invoice_that_is_imported_meanwhile_does_not_rest(monkeypatch):
    invoice = factories.invoice(amount="100.00")
    looked, imported = threading.Event(), threading.Event()
    found = rests.open_invoices

    def slow_look(patients):
        rows = found(patients)
        looked.set()
        assert imported.wait(20)
        return rows

    monkeypatch.setattr(rests, "open_invoices", slow_look)
    monkeypatch.setattr(intake, "lock_provider", lambda pk: None)
    monkeypatch.setattr(breathing_space, "transaction", SimpleNamespace(atomic=nullcontext))

    def take_in():
        assert looked.wait(20)
        import_one(invoice.patient)
        imported.set()

    results = in_threads(lambda: breathing_space.take(invoice.pk), take_in)
    assert [error for error in results if isinstance(error, Exception)] == []
    assert [is_held(row) for row in Invoice.objects.filter(patient=invoice.patient).order_by("pk")] == [True, False]


def race_with_announcement(monkeypatch, seconds):
    """Report a death while a worker, for up to `seconds`, has made an announcement and not committed it yet."""
    invoice = new_invoice()
    made, reported = threading.Event(), threading.Event()
    queue = announcements.queue_each

    def slow_queue(*args, **more):
        message = queue(*args, **more)
        made.set()
        reported.wait(seconds)
        return message

    monkeypatch.setattr(announcements, "queue_each", slow_queue)

    def report():
        assert made.wait(20)
        said = reports.Said(kind="deceased", since=MONDAY, why="De dochter belde.", email="dochter@post.example")
        reports.report(invoice.patient_id, said, by="staff:anna", today=MONDAY)
        reported.set()

    announce = partial(announcements.make_next, now=at(MONDAY))
    assert in_threads(announce, report) == [1, None]
    delivery.sweep(now=at(MONDAY, 10, 1))
    return OutboxMessage.objects.get(kind="invoice_notice"), invoice.patient


def test_an_announcement_that_is_made_while_a_death_is_reported_goes_to_the_heirs(monkeypatch):
    mail, _patient = race_with_announcement(monkeypatch, KEPT_WAITING)
    assert (mail.recipient, mail.status) == ("dochter@post.example", Mail.SENT)


def test_twin_without_the_locks_it_goes_to_the_dead(monkeypatch):
    monkeypatch.setattr(reports, "lock_patients", lambda pks: Patient.objects.select_related("provider").in_bulk(pks))
    queued_writers = connection.vendor == "sqlite"  # there a transaction that writes is alone
    mail, patient = race_with_announcement(monkeypatch, KEPT_WAITING if queued_writers else PATIENCE)
    assert mail.recipient == ("dochter@post.example" if queued_writers else patient.email)
