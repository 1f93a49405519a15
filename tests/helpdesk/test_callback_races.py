"""Two people who want the last place of a slot, and a call that ends while we look for those that were missed."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection

from billing.errors import Refused
from billing.models import StaffTask
from helpdesk import callbacks
from helpdesk.models import Callback, CallbackSlot
from tests import factories
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


def ends_while_it_is_looked_at(seconds):
    """The call has ended before its task is opened, or after `seconds` the task is; return the tasks that are open."""
    row, staff = asked(BEGINS, NOW), factories.staff(role="operations", provider=None)
    looked, ended = threading.Barrier(2), threading.Barrier(2)
    opens = 'INSERT INTO "billing_stafftask"'

    def watch():
        with met_before(looked, opens), met_before(ended, opens, seconds=seconds):
            callbacks.watch(MONDAY + timedelta(days=1))

    def end():
        looked.wait(timeout=PATIENCE)
        callbacks.called(row.pk, reached=True, seen=0, staff=staff)
        with suppress(threading.BrokenBarrierError):
            ended.wait(timeout=seconds)

    assert in_threads(watch, end) == [None, None]
    assert Callback.objects.get().end == Callback.End.REACHED
    return StaffTask.objects.filter(kind=callbacks.MISSED, closed_at=None).count()


def test_of_a_call_that_ends_meanwhile_no_task_stays():
    assert ends_while_it_is_looked_at(KEPT_WAITING) == 0
    assert StaffTask.objects.filter(kind=callbacks.MISSED).count() == 1, "it was opened, and closed"


def test_without_the_lock_a_task_would_stay_for_a_call_that_is_over(monkeypatch):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one transaction write at a time, whatever is locked")
    monkeypatch.setattr(Callback.objects, "select_for_update", lambda **_how: Callback.objects.all())
    assert ends_while_it_is_looked_at(PATIENCE) == 1
