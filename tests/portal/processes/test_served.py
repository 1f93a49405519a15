"""`manage.py demo` with real processes: what it says, and what it survives."""

import os
import re
import signal
import sqlite3
from pathlib import Path

import requests

from tests.journeys.product import wait_for


def worker_pid(product):
    """The process whose parent is the product and that runs Celery."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            command = (folder / "cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == product.process.pid and "celery" in command:
            return int(folder.name)
    return None


COPY = """
from django.utils import timezone
from billing.models import OutboxMessage
from billing.links import new_code
one = OutboxMessage.objects.order_by("-pk").first()  # the first ones are of a past whose letters do not leave again
one.pk, one.dedupe_key, one.status, one.tries, one.next_try_at = None, "copy", "queued", 0, timezone.now()
one.code = new_code()
one.save()
"""


def status_of_copy(product):
    with sqlite3.connect(product.folder / "zorgrekening.sqlite3", timeout=20) as database:
        return database.execute("SELECT status FROM billing_outboxmessage WHERE dedupe_key = 'copy'").fetchone()[0]


def test_each_warning_of_the_checks_is_printed_once(product):
    codes = re.findall(r"\(portal\.W\d+\)", "\n".join(product.output))
    assert len(codes) == len(set(codes))


def test_a_killed_worker_comes_back_and_sends_what_was_queued_meanwhile(product):
    killed = worker_pid(product)
    os.kill(killed, signal.SIGKILL)
    queued = product.manage("shell", "-v", "0", "-c", COPY)
    assert queued.returncode == 0, queued.stderr
    wait_for(lambda: worker_pid(product) not in (None, killed), seconds=30)
    wait_for(lambda: status_of_copy(product) == "sent", seconds=90)
    assert any("exited: worker (terminated by SIGKILL" in line for line in product.output)
    assert requests.get(f"{product.url}/healthz", timeout=10).ok


def last_run_of(product, what):
    with sqlite3.connect(product.folder / "zorgrekening.sqlite3", timeout=20) as database:
        return database.execute("SELECT at FROM billing_lastrun WHERE what = ?", (what,)).fetchone()[0]


def test_the_timetable_ticks_again_within_seconds_of_a_kill(product):
    """Without Redis it is a thread of the worker: what is killed is both, and both are back."""
    wait_for(lambda: worker_pid(product) is not None, seconds=30)
    os.kill(worker_pid(product), signal.SIGKILL)
    before = {what: last_run_of(product, what) for what in ("beat", "billing.sweep_outbox", "billing.sweep_payments")}
    for what, at in before.items():
        wait_for(lambda what=what, at=at: last_run_of(product, what) > at, seconds=40)
