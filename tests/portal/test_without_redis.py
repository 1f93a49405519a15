"""The worker where there is no Redis: nothing is published, and slow work holds one thread."""

import threading

import pytest
from celery import shared_task
from celery.signals import before_task_publish
from celery.worker import state

from billing import tasks
from billing.outbox import wakeup
from portal.celery import app
from tests.portal.processes.worker import Worker

begun, may_end = threading.Semaphore(0), threading.Event()


@shared_task(name="tests.slow")
def slow():
    begun.release()
    assert may_end.wait(20)
    return "done"


@shared_task(name="tests.slow_sweep", alone=True)
def slow_sweep():
    return slow.run()


def under_way(name):
    may_end.clear()
    thread = threading.Thread(target=app.tasks[name])
    thread.start()
    assert begun.acquire(timeout=20)
    yield
    may_end.set()
    thread.join()
    assert app.tasks[name]() == "done", "and afterwards it may run again"


@pytest.fixture
def slow_is_under_way(settings):
    settings.REDIS_URL = ""
    yield from under_way("tests.slow")


@pytest.fixture
def sweep_is_under_way():
    yield from under_way("tests.slow_sweep")


@pytest.mark.usefixtures("slow_is_under_way")
def test_what_is_under_way_is_not_begun_again():
    assert app.tasks["tests.slow"]() is None


@pytest.mark.usefixtures("slow_is_under_way")
def test_with_redis_it_is(settings):
    """The twin: there a task is one message's own, and two of a kind run beside each other."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    second = threading.Thread(target=app.tasks["tests.slow"])
    second.start()
    assert begun.acquire(timeout=20)
    may_end.set()
    second.join()


@pytest.mark.usefixtures("sweep_is_under_way")
def test_a_sweep_runs_once_in_a_process_with_redis_too(settings):
    """Other workers share its work; other threads of this one are for payments and receipts."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert app.tasks["tests.slow_sweep"]() is None


def test_the_sweeps_that_share_their_work_are_alone():
    alone = {name for name, task in app.tasks.items() if getattr(task, "alone", False) and name.startswith("billing.")}
    assert alone == {"billing.sweep_outbox", "billing.sweep_reminders"}


class TestTurns:
    def test_a_sweep_goes_on_while_there_is_more(self):
        left = [True, True, False]
        tasks._in_turns(lambda: left.pop(0))
        assert left == []

    def test_and_leaves_the_rest_to_the_timetable_in_the_end(self):
        turns = []
        tasks._in_turns(lambda: turns.append(1) is None)
        assert len(turns) == tasks.TURNS

    def test_a_worker_that_has_to_stop_begins_no_further_turn(self, monkeypatch):
        turns = []
        monkeypatch.setattr(state, "should_stop", 0)  # as Celery says it
        tasks._in_turns(lambda: turns.append(1) is None)
        assert len(turns) == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_published_without_a_broker(settings):
    published = []
    settings.REDIS_URL = ""

    def see(**what):
        published.append(what)

    before_task_publish.connect(see, weak=False)
    try:
        wakeup.enqueue_on_commit("billing.nothing", 1)
        assert published == []
        app.send_task("billing.nothing", args=[1])  # it would be seen
        assert len(published) == 1
    finally:
        before_task_publish.disconnect(see)


def test_the_worker_starts_and_keeps_no_file_of_its_timetable(tmp_path):
    with Worker(tmp_path) as worker:
        worker.wait_for(" ready.", times=1)
    assert not list(tmp_path.glob("beat-schedule*"))
    assert not any("Traceback" in line for line in worker.lines)
