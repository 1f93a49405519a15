"""Two people of one practice who choose different rules at once: both choices count. The lock has a twin without it."""

import threading
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from billing.models import Provider
from billing.practices import choosing
from tests import factories
from tests.billing.meeting import KEPT_WAITING, PATIENCE, met_before
from tests.billing.outbox.test_outbox_races import in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
WANTED = {"PAYMENT_TERM_DAYS": "21", "DEFERRAL_DAYS": "28"}


def chosen_at_once(seconds):
    """Choose one rule each in two threads, of which each has read what was chosen before either writes."""
    practice, meeting = factories.provider(), threading.Barrier(2)

    def choose(name):
        with met_before(meeting, 'UPDATE "billing_provider"', seconds=seconds):
            choosing.choose(practice, {name: WANTED[name]}, by="staff:a", may_relax=False)

    in_threads(*(lambda name=name: choose(name) for name in WANTED))
    return Provider.objects.get(pk=practice.pk).chosen


def test_both_count():
    assert chosen_at_once(KEPT_WAITING) == WANTED


def test_twin_without_the_lock_one_is_lost(monkeypatch):
    unlocked = SimpleNamespace(select_for_update=lambda **_how: Provider.objects)
    monkeypatch.setattr(choosing, "Provider", SimpleNamespace(objects=unlocked))
    monkeypatch.setattr(choosing, "transaction", SimpleNamespace(atomic=nullcontext))
    assert len(chosen_at_once(PATIENCE)) == 1
