"""A patient stops at the moment at which a worker asks whether "do not pay yet" is still true."""

import threading
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.utils import timezone

from billing.models import OutboxMessage
from billing.outbox import delivery
from coulance import cases
from coulance.models import CoulanceCase
from tests.billing.conftest import sink  # noqa: F401
from tests.billing.outbox.test_outbox_races import in_threads
from tests.coulance.desk.desk_cases import at_desk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def waiting():
    """A case at its provider whose mail, that nothing has to be paid yet, has not left."""
    case = at_desk()
    with transaction.atomic():
        CoulanceCase.objects.filter(pk=case.pk).update(status=CoulanceCase.Status.WAITING_FOR_SPECIFICATION)
        cases.reach_provider(cases.lock(case.pk), now=timezone.now())
    return case, OutboxMessage.objects.get(kind="coulance_received")


def stop_between_check_and_claim(case, message, monkeypatch, *, seconds):
    """The patient withdraws within `seconds` after the check passed; return whether that came before the claim."""
    checked, stopped, before = threading.Event(), threading.Event(), []
    verdict = delivery._verdict

    def slow_verdict(*given):
        found = verdict(*given)
        checked.set()
        before.append(stopped.wait(seconds))
        return found

    def stop():
        assert checked.wait(60)
        cases.withdraw(case.pk, today=timezone.localdate())
        stopped.set()

    monkeypatch.setattr(delivery, "_verdict", slow_verdict)
    assert in_threads(lambda: delivery.deliver(message.pk), stop) == [None, None]
    for row in (case, message):
        row.refresh_from_db()
    assert (case.status, message.status) == (CoulanceCase.Status.WITHDRAWN, OutboxMessage.Status.SENT)
    return before[0]


def test_who_stops_during_the_check_waits_until_the_mail_is_claimed(waiting, sink, monkeypatch):  # noqa: F811
    """So the mail was true when it was sent, and the next mail comes after it."""
    assert not stop_between_check_and_claim(*waiting, monkeypatch, seconds=1)


def test_who_stopped_before_the_check_gets_no_mail_that_says_not_to_pay(waiting, sink):  # noqa: F811
    case, message = waiting
    cases.withdraw(case.pk, today=timezone.localdate())
    delivery.deliver(message.pk)
    message.refresh_from_db()
    assert (message.status, sink.mails) == (OutboxMessage.Status.CANCELED, [])


@pytest.fixture
def lock_off(monkeypatch):
    """The check looks without a lock, and no transaction (the lock on SQLite) holds check and claim together."""
    no_transaction = SimpleNamespace(atomic=lambda **_options: nullcontext())
    monkeypatch.setattr(delivery, "transaction", no_transaction)
    unlocked = lambda pk: CoulanceCase.objects.select_related("invoice").get(pk=pk)  # noqa: E731
    monkeypatch.setattr("coulance.last_check.cases", SimpleNamespace(lock=unlocked, is_on_hold=cases.is_on_hold))


def test_twin_without_the_lock_a_mail_says_not_to_pay_after_the_patient_stopped(waiting, sink, lock_off, monkeypatch):  # noqa: F811
    assert stop_between_check_and_claim(*waiting, monkeypatch, seconds=60)
