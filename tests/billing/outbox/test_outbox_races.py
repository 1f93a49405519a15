"""Several workers, and workers that die: never two mails for one message."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from billing.models import OutboxMessage, StaffTask
from billing.outbox import delivery
from billing.outbox.queue import queue_message
from tests import factories
from tests.billing.outbox.test_outbox import FACTS, queued
from tests.smtp_sink import Sink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
Status = OutboxMessage.Status


def in_threads(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts at the same time, each on its own database connection; return their results or errors."""
    results: list[Any] = [None] * len(acts)

    def run(place: int) -> None:
        try:
            results[place] = acts[place]()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=40)
    return results


def wait_after_first_look(meeting: threading.Barrier) -> Callable[..., Any]:
    """Wrap this thread's queries: once the message was read, wait until the other worker has read it too."""
    looked = False

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal looked
        result = execute(sql, params, many, context)
        if not looked and sql.startswith("SELECT") and "billing_outboxmessage" in sql:
            looked = True
            meeting.wait(timeout=20)
        return result

    return wrapper


def two_workers_deliver(message: OutboxMessage) -> list[Any]:
    """Let both read the message as queued before either of them claims it."""
    meeting = threading.Barrier(2)

    def work() -> None:
        with connection.execute_wrapper(wait_after_first_look(meeting)):
            delivery.deliver(message.pk)

    return in_threads(work, work)


def test_two_workers_at_once_send_one_mail(sink):
    message = queued()
    assert two_workers_deliver(message) == [None, None]
    message.refresh_from_db()
    assert (message.status, message.tries, len(sink.mails)) == (Status.SENT, 1, 1)


def test_without_the_compare_and_set_the_same_race_doubles_the_mail(sink, monkeypatch):
    def advance_blindly(row: OutboxMessage, to: str, *_conditions: Q, **changes: Any) -> bool:
        OutboxMessage.objects.filter(pk=row.pk).update(status=to, **changes)
        for name, value in {"status": to, **changes}.items():
            setattr(row, name, value)
        return True

    monkeypatch.setattr(delivery, "advance", advance_blindly)
    two_workers_deliver(queued())
    assert len(sink.mails) == 2


def test_simultaneous_sweeps_and_tasks_send_each_message_once(sink):
    messages = [queued(key=f"payment:{number}") for number in range(12)]

    def ring_all() -> None:
        for message in reversed(messages):
            delivery.deliver(message.pk)

    assert in_threads(delivery.sweep, delivery.sweep, ring_all) == [False, False, None]
    assert sorted(mail["Message-ID"] for mail in sink.mails) == sorted(
        OutboxMessage.objects.values_list("message_id", flat=True)
    )
    assert set(OutboxMessage.objects.values_list("status", "tries")) == {(Status.SENT, 1)}


def test_two_transactions_queue_one_event_once():
    invoice = factories.invoice()
    start = threading.Barrier(2)

    def act() -> bool:
        start.wait(timeout=20)
        with transaction.atomic():
            message = queue_message("receipt", invoice=invoice, context=FACTS, dedupe_key="payment:1")
            assert OutboxMessage.objects.count() == 1  # the loser's transaction is still good
        return message is not None

    assert sorted(in_threads(act, act)) == [False, True]


def test_a_transaction_that_is_rolled_back_sends_nothing(sink):
    with transaction.atomic():
        queued()
        transaction.set_rollback(True)
    delivery.sweep()
    assert (OutboxMessage.objects.count(), sink.connections) == (0, 0)


def test_delivery_inside_a_transaction_is_refused(sink):
    """The claim must be committed before a byte is sent, or a crash would send the mail again."""
    message = queued()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        delivery.deliver(message.pk)
    assert sink.mails == []


def test_a_slow_worker_whose_message_is_in_doubt_still_records_that_it_sent(sink):
    message = queued()
    sink.may_answer.clear()
    worker = threading.Thread(target=in_threads, args=[lambda: delivery.deliver(message.pk)])
    worker.start()
    assert sink.taken.wait(20)
    delivery.sweep(now=timezone.now() + timedelta(minutes=11))
    message.refresh_from_db()
    assert message.status == Status.IN_DOUBT
    sink.may_answer.set()
    worker.join(timeout=20)
    message.refresh_from_db()
    assert (message.status, len(sink.mails)) == (Status.SENT, 1)


CONNECTIONS = 4


def worker_process(sink: Sink, folder: Path) -> subprocess.Popen[bytes]:
    """Start a separate process on the same database that sweeps."""
    database = connection.settings_dict
    url = f"sqlite:///{database['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    code = "import django; django.setup(); from billing.outbox import delivery; delivery.sweep()"
    environment = os.environ | {
        "DATABASE_URL": url,
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        "EMAIL_CONNECTIONS": str(CONNECTIONS),
        "DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    return subprocess.Popen([sys.executable, "-c", code], env=environment, cwd=django_settings.ROOT)


def test_killed_in_mid_delivery_is_in_doubt_and_not_double(sink, tmp_path):
    """kill -9 after the mail server has mails and before we record it: the one moment that can't be recovered.

    In doubt are those that were under way, one on each connection; what waited behind them leaves.
    """
    for number in range(1 + CONNECTIONS + 2):
        queued(key=f"payment:{number}")
    sink.held, sink.awaited = range(2, 100), 1 + CONNECTIONS
    sink.may_answer.clear()
    worker = worker_process(sink, tmp_path)
    assert sink.taken.wait(30)
    worker.send_signal(signal.SIGKILL)
    worker.wait(timeout=10)
    sink.may_answer.set()
    under_way = OutboxMessage.objects.filter(status=Status.SENDING)  # claims were committed before the first byte
    in_doubt = set(under_way.values_list("message_id", flat=True))
    assert len(in_doubt) == CONNECTIONS
    for minutes in (0, 11, 60):
        delivery.sweep(now=timezone.now() + timedelta(minutes=minutes))
    assert in_doubt == set(OutboxMessage.objects.filter(status=Status.IN_DOUBT).values_list("message_id", flat=True))
    assert OutboxMessage.objects.filter(status=Status.SENT).count() == 1 + 2
    assert StaffTask.objects.filter(kind=StaffTask.Kind.MESSAGE_IN_DOUBT).count() == CONNECTIONS
    assert sorted(mail["Message-ID"] for mail in sink.mails) == sorted(
        OutboxMessage.objects.values_list("message_id", flat=True)
    )
