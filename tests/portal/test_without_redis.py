"""The worker where there is no Redis: nothing is published, and slow work holds one thread."""

import threading

import pytest
from celery import shared_task
from celery.signals import before_task_publish

from billing.outbox import wakeup
from portal.celery import app
from tests.portal.processes.worker import Worker

begun, may_end = threading.Semaphore(0), threading.Event()


@shared_task(name="tests.slow")
def slow():
    begun.release()
    assert may_end.wait(20)
    return "done"


@pytest.fixture
def slow_is_under_way():
    may_end.clear()
    thread = threading.Thread(target=app.tasks["tests.slow"])
    thread.start()
    assert begun.acquire(timeout=20)
    yield
    may_end.set()
    thread.join()
    assert app.tasks["tests.slow"]() == "done", "and afterwards it may run again"


@pytest.mark.usefixtures("slow_is_under_way")
def test_what_is_under_way_is_not_begun_again(settings):
    settings.REDIS_URL = ""
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
