"""Queues in Redis: a morning of letters keeps no payment waiting, and slow scans and webhooks keep no mail waiting."""

import socket
import time

import pytest

from portal.management.commands.serve import processes
from tests import servers
from tests.guests.files.test_checking_for_viruses import FakeScanner
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


SCAN_SECONDS = 6
UPLOAD = """
from django.utils import timezone
from coulance import intake, specifications
from tests import factories
from tests.guests.files import hostile
(case,) = intake.offer([factories.invoice(amount="100.00")], today=timezone.localdate(), by="test")
files = [specifications.Upload("x.png", hostile.picture("PNG", (9, number))) for number in range(1, 5)]
specifications.receive(case.pk, files)
"""
MAIL = """
from billing.outbox import wakeup
wakeup.enqueue_on_commit("billing.deliver_message", 1_000_000)
"""


def seconds_until_a_mail_is_taken(worker, work=UPLOAD, task="check_specification[", times=2):
    """Let slow work be taken, then enqueue a mail; return how long that one waited."""
    worker.wait_for(" ready.", times=len(worker.parts))
    worker.manage("shell", "-v", "0", "-c", work)
    worker.wait_for(task, times=times)  # received
    worker.manage("shell", "-v", "0", "-c", MAIL)
    started = time.monotonic()
    worker.wait_for("deliver_message[", times=2)  # received, succeeded
    return time.monotonic() - started


def test_a_mail_does_not_wait_for_four_slow_scans(tmp_path, broker):
    with FakeScanner(seconds=SCAN_SECONDS) as url:
        with Worker(tmp_path, broker, parts=("files",), CLAMAV_URL=url) as worker:
            assert seconds_until_a_mail_is_taken(worker) < 2
        assert not any("Traceback" in line for line in worker.lines)


def one_worker_for_everything():
    return {"worker": [*processes()["worker"], "--queues", "celery,mail,files,webhooks"]}


def test_twin_one_worker_for_everything_lets_it_wait(tmp_path, broker, monkeypatch):
    monkeypatch.setattr("tests.portal.processes.worker.processes", one_worker_for_everything)
    with FakeScanner(seconds=3 * SCAN_SECONDS) as url, Worker(tmp_path, broker, CLAMAV_URL=url) as worker:
        assert seconds_until_a_mail_is_taken(worker) > 2


SENDERS = 4  # as many as a worker has threads
# Each address is given five seconds to say something, and a sweep goes on to the next for twenty: there are enough of
# them for that, since on a busy machine the mail may come ten seconds later.
TELL = """
from portal import tasks
from portal.webhooks import endpoints
from tests import factories
for practice in range(3 * {senders}):
    provider = factories.provider()
    for place in range(endpoints.MAX_ENDPOINTS):
        endpoint, _secret = endpoints.add(provider, f"http://127.0.0.1:{port}/{{place}}", by="test")
        endpoints.test(endpoint)
for _sender in range({senders}):
    tasks.send_to_webhooks.delay()
"""


def seconds_beside_silent_programs(worker):
    """Let addresses that never answer be told, and return how long a mail waited."""
    with worker, socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        work = TELL.format(senders=SENDERS, port=silent.getsockname()[1])
        return seconds_until_a_mail_is_taken(worker, work, "send_to_webhooks[", SENDERS)


def test_a_mail_does_not_wait_for_programs_that_do_not_answer(tmp_path, broker):
    worker = Worker(tmp_path, broker, parts=("webhooks",))
    assert seconds_beside_silent_programs(worker) < 2
    assert not any("Traceback" in line for line in worker.lines)


def test_twin_one_worker_for_everything_lets_it_wait_for_them(tmp_path, broker, monkeypatch):
    monkeypatch.setattr("tests.portal.processes.worker.processes", one_worker_for_everything)
    assert seconds_beside_silent_programs(Worker(tmp_path, broker)) > 2
