"""Two people who want the last place of a slot at the same moment."""

import threading

import pytest
from django.db import connection

from billing.errors import Refused
from helpdesk import callbacks
from helpdesk.models import Callback, CallbackSlot
from tests.billing.meeting import KEPT_WAITING, PATIENCE, met_before
from tests.billing.outbox.test_outbox_races import in_threads
from tests.helpdesk.test_callbacks import MONDAY, asked, at, week  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
BEGINS, NOW = at(MONDAY, 10), at(MONDAY, 9)


def race_for_the_last_place(settings, seconds):
    """Both meet once they have counted, before either takes the place; return what each got."""
    settings.CALLBACK_PLACES = 2
    asked(BEGINS, NOW, phone="+31612345670", network="192.0.2.9")
    meeting = threading.Barrier(2)

    def one(number):
        with met_before(meeting, 'INSERT INTO "helpdesk_callback" ', seconds=seconds):
            return asked(BEGINS, NOW, phone=f"+3161234567{number}", network=f"192.0.2.{number}")

    return in_threads(lambda: one(1), lambda: one(2))


def test_one_gets_it_and_the_other_is_told(settings):
    got = race_for_the_last_place(settings, KEPT_WAITING)
    assert sorted(type(one).__name__ for one in got) == ["Callback", "Refused"]
    assert isinstance(next(one for one in got if not isinstance(one, Callback)), Refused)
    assert Callback.objects.count() == 2


def test_without_the_lock_both_would_get_it(settings, monkeypatch):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one transaction write at a time, whatever is locked")
    CallbackSlot.objects.create(begins=BEGINS)
    monkeypatch.setattr(callbacks, "_locked", lambda begins: CallbackSlot.objects.get(begins=begins))
    got = race_for_the_last_place(settings, PATIENCE)
    assert [type(one).__name__ for one in got] == ["Callback", "Callback"]
    assert Callback.objects.count() == 3
