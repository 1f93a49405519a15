"""The timetable goes on, whatever its file holds and whatever fails in it."""

import gc
import shelve
import threading
from typing import Any

import pytest
from celery.beat import PersistentScheduler, Scheduler, Service
from celery.signals import worker_ready

from billing import rooms
from billing.models import StaffTask
from portal import daily
from portal.celery import FileTimetable, SeenScheduler, TimetableThread, app
from tests import factories


@pytest.mark.parametrize("damage", ["an empty value", "no entries", "text", "empty"])
def test_a_file_that_cannot_be_used_is_put_aside_and_made_anew(tmp_path, damage):
    path = tmp_path / "beat-schedule"
    scheduler = FileTimetable(app, schedule_filename=str(path))
    names = set(scheduler.schedule)
    scheduler.close()
    if damage == "an empty value":
        with shelve.open(str(path)) as file:  # noqa: S301  our own
            file.dict[b"entries"] = b""
        with pytest.raises(EOFError):  # which ended beat
            PersistentScheduler(app, schedule_filename=str(path))
    elif damage == "no entries":
        with shelve.open(str(path)) as file:  # noqa: S301  our own
            file["entries"] = ["what is this"]
    else:
        for part in tmp_path.iterdir():
            part.write_bytes(b"nonsense" * 100 if damage == "text" else b"")
    again = FileTimetable(app, schedule_filename=str(path))
    assert set(again.schedule) == names
    again.close()


def test_a_timetable_that_fails_begins_again(monkeypatch):
    ticked, failed = threading.Event(), []

    def tick(_self: Any) -> float:
        if len(failed) < 2:
            failed.append(1)
            raise OSError("no queue")
        ticked.set()
        return 0.1

    monkeypatch.setattr(Scheduler, "tick", tick)
    thread = TimetableThread(app)
    thread.start()
    assert ticked.wait(10)
    thread.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_without_the_thread_of_ours_the_same_failure_is_the_end(monkeypatch):
    def tick(_self: Any) -> float:
        raise OSError("no queue")

    monkeypatch.setattr(Scheduler, "tick", tick)
    with pytest.raises(OSError, match="no queue"):
        Service(app, scheduler_cls=SeenScheduler).start()


@pytest.mark.django_db
def test_a_rule_that_fails_keeps_no_other_from_the_day(monkeypatch):
    factories.invoice()
    ran: list[str] = []
    rules = [rooms.Daily(1, lambda _today: 1 / 0), rooms.Daily(2, lambda _today: ran.append("second"))]
    monkeypatch.setattr(rooms, "announcements", lambda: (rooms.Announcement(daily=rules),))
    daily.run_day(factories.TODAY)
    assert ran == ["second"]
    assert StaffTask.objects.get().note == "ZeroDivisionError"


def test_what_a_worker_has_loaded_is_left_out_of_every_search_for_garbage():
    try:
        worker_ready.send(sender=None)
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()
