"""The same idempotency key at once from two threads: what is done is done once, and both get the same answer."""

import threading
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from django.test import RequestFactory

from billing.models import AuditEvent, Invoice
from portal.api import once
from portal.models import ApiAnswer
from tests import factories
from tests.billing.meeting import KEPT_WAITING, PATIENCE, met_before
from tests.billing.outbox.test_outbox_races import in_threads
from tests.portal.api.program import Program
from tests.portal.intake.batches import AGB_CODE, invoice

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
REMEMBERING = 'INSERT INTO "portal_apianswer"'


@pytest.fixture
def program():
    return Program(factories.provider(agb_code=AGB_CODE))


def asked_twice(program, seconds):
    """Act twice at once under one key; each has looked whether it was done before either remembers it."""
    meeting, acted = threading.Barrier(2), []

    def ask():
        request = RequestFactory().post("/api/v1/invoices", headers={"Idempotency-Key": "one"})
        with met_before(meeting, REMEMBERING, seconds=seconds):
            return once.once(request, program.key, b"{}", lambda: acted.append(1) or {"numbers": [[len(acted), True]]})

    return in_threads(ask, ask), len(acted)


def test_it_is_done_once_and_answered_the_same(program):
    answers, acted = asked_twice(program, KEPT_WAITING)
    assert (answers, acted) == ([{"numbers": [[1, True]]}] * 2, 1)
    assert ApiAnswer.objects.count() == 1


def test_twin_without_the_lock_it_is_done_twice(program, monkeypatch):
    monkeypatch.setattr(once.intake, "lock_provider", lambda _key: None)
    monkeypatch.setattr(once, "transaction", SimpleNamespace(atomic=nullcontext))
    _answers, acted = asked_twice(program, PATIENCE)
    assert acted == 2


def test_two_requests_at_once_hand_in_one_invoice(program):
    meeting = threading.Barrier(2)

    def send():
        with met_before(meeting, REMEMBERING, seconds=KEPT_WAITING):
            return program.post("/invoices", invoice(1), once="one")

    first, second = in_threads(send, send)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert sorted(answer.headers.get("Idempotency-Replayed", "") for answer in (first, second)) == ["", "true"]
    assert Invoice.objects.count() == 1
    assert AuditEvent.objects.filter(action="batch_imported").count() == 1
