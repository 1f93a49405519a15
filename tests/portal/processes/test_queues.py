"""Mails have a queue of their own in Redis: a morning of letters keeps no payment waiting."""

import pytest

from tests import servers
from tests.portal.processes.worker import Worker

LETTERS = 60
ENQUEUE = """
from celery import current_app
from billing.outbox import wakeup
current_app.conf.task_routes = {routes}
for number in range({letters}):
    wakeup.enqueue_on_commit("billing.deliver_message", number)
wakeup.enqueue_on_commit("billing.take_webhooks", 1)
"""
AS_SHIPPED, ONE_QUEUE = "current_app.conf.task_routes", "{}"


@pytest.fixture
def broker(request, tmp_path):
    """The URL of a Redis."""
    return servers.start_redis(tmp_path, request.addfinalizer)


def letters_received_before_the_payment(worker, routes):
    """Enqueue all tasks before the worker starts, the payment's last; return how many letters it received first."""
    worker.manage("shell", "-v", "0", "-c", ENQUEUE.format(routes=routes, letters=LETTERS))
    with worker:
        worker.wait_for("take_webhooks[", times=2)  # received, succeeded
        worker.wait_for("deliver_message[", times=2 * LETTERS)
        received = [line for line in worker.lines if " received" in line]
    place = next(i for i, line in enumerate(received) if "take_webhooks" in line)
    return sum("deliver_message" in line for line in received[:place])


def test_a_payment_does_not_wait_for_the_letters_that_were_enqueued_before_it(tmp_path, broker):
    assert letters_received_before_the_payment(Worker(tmp_path, broker), AS_SHIPPED) < LETTERS / 10


def test_in_one_queue_it_would(tmp_path, broker):
    """The twin: what the second queue is for."""
    assert letters_received_before_the_payment(Worker(tmp_path, broker), ONE_QUEUE) == LETTERS
