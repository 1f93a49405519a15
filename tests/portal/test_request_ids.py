"""One id from the request through the broker to the log lines of the task."""

import json
import logging

import pytest
from celery import shared_task
from celery.signals import before_task_publish
from structlog.contextvars import bound_contextvars, clear_contextvars, get_contextvars

from billing.outbox import wakeup
from portal.celery import app
from portal.ops.logs import formatter


@pytest.fixture(autouse=True)
def _nobody_asked():
    clear_contextvars()


@pytest.fixture
def published():
    seen = []

    def see(headers=None, **_):
        seen.append(headers)

    before_task_publish.connect(see, weak=False)
    yield seen
    before_task_publish.disconnect(see)


@shared_task(name="tests.say")
def say():
    logging.getLogger("billing").warning("said")


@pytest.mark.django_db(transaction=True)
def test_the_id_of_the_request_is_published_with_the_task(published, settings):
    settings.REDIS_URL = settings.REDIS_URL or "redis://set"  # without one nothing is published
    with bound_contextvars(request_id="r-1"):
        wakeup.enqueue_on_commit("billing.nothing", 1)
    wakeup.enqueue_on_commit("billing.nothing", 1)
    asked, by_itself = (headers["id"] for headers in published)
    assert asked.startswith("r-1.")
    assert len(asked) == len("r-1.") + 8
    assert "." not in by_itself


@pytest.mark.parametrize(("task_id", "shown"), [("r-1.0a1b2c3d", "r-1"), ("task-9", "task-9")])
def test_what_a_task_logs_carries_it(caplog, task_id, shown):
    caplog.handler.setFormatter(formatter(as_json=True))
    task = app.tasks["tests.say"]
    task.push_request(id=task_id)  # as a worker does
    task()
    task.pop_request()
    (line,) = [line for line in caplog.text.splitlines() if '"said"' in line]
    assert f'"request_id": "{shown}"' in line
    assert "request_id" not in get_contextvars()


@pytest.mark.django_db
def test_what_django_says_of_a_request_carries_its_own_id(client, caplog):
    caplog.handler.setFormatter(formatter(as_json=True))
    ids = [client.get("/nowhere")["X-Request-ID"] for _ in range(2)]
    assert [json.loads(line)["request_id"] for line in caplog.text.splitlines()] == ids
