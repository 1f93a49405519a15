"""Delivering mails, on PostgreSQL: `python -m tests.benchmarks.bench_outbox [--rounds N] [--quick]`.

In every round, one after the other: the ready-made bytes of N receipts through one connection of smtplib to a mail
server in a process of its own (the limit), the product's sweep over N queued rows (each claimed, built, sent and
marked, with a commit before and after), the same rows by one task each, one after the other, and the same tasks in
Redis for a real worker with its four threads. `--connections`: the sweep over 1, 2, 4 and 8 connections instead, to
that server and to one that waits 30 ms before it answers to the content of a mail.
"""

import multiprocessing
import smtplib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.ground import ground
from tests.benchmarks.worker import wait_until, worker

MAILS, QUICK_MAILS = 300, 50
FAR_ANSWER = 0.03  # seconds
FACTS = {
    "amount": Decimal("45.00"), "outstanding": Decimal("0.00"), "credit": Decimal("0.00"),
    "went_to": [("principal", Decimal("45.00"))], "left_until": None, "next_part": None, "on_hold": False,
    "is_over": False, "withdrawn": False,
}  # fmt: skip


def serve_mail(line: Connection, answer_after: float) -> None:
    """Take mails until told to stop; answer every message with how many there were."""
    from tests.smtp_sink import Sink

    with Sink(answer_after=answer_after) as sink:
        line.send(sink.port)
        while line.recv() == "count":
            line.send(len(sink.mails))


@contextmanager
def mail_server(*, answer_after: float = 0) -> Iterator[tuple[int, Callable[[], int]]]:
    """Its port, and how many mails it has taken; it waits so many seconds before it takes one."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve_mail, args=[there, answer_after])
    process.start()

    def count() -> int:
        here.send("count")
        return int(here.recv())

    try:
        yield int(here.recv()), count
    finally:
        here.send("stop")
        process.join(timeout=30)


def queue_receipt(invoice: Any, number: int) -> int:
    """A receipt of its own, waiting to be sent; its key."""
    from django.utils import timezone

    from billing.outbox.queue import queue_message

    facts = FACTS | {"received_at": datetime(2026, 6, 15, 12, tzinfo=timezone.get_default_timezone())}
    one = queue_message("receipt", invoice=invoice, context=facts, dedupe_key=f"bench:{number}")
    assert one is not None
    return one.pk


def fill(mails: int) -> list[int]:
    from tests import factories

    invoices = [factories.invoice() for _ in range(20)]
    return [queue_receipt(invoices[number % 20], number) for number in range(mails)]


def wait_again() -> None:
    """Every message is as it was before it was sent."""
    from billing.models import OutboxMessage

    rows = OutboxMessage.objects.all()
    rows.update(status="queued", tries=0, message_id="", claimed_at=None, sent_at=None)


def ready_made() -> list[tuple[str, str, bytes]]:
    """Sender, recipient and bytes of each mail, built by the product."""
    from django.conf import settings

    from billing.models import OutboxMessage
    from billing.outbox import mime

    return [
        (settings.DEFAULT_FROM_EMAIL, row.recipient, mime.mail_of(row)) for row in OutboxMessage.objects.order_by("pk")
    ]


def reused_connection(mails: list[tuple[str, str, bytes]], port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as server:
        for sender, recipient, content in mails:
            server.sendmail(sender, recipient, content)


def main(options: report.Options) -> None:
    amount = QUICK_MAILS if options.quick else MAILS
    with mail_server() as (port, taken), ground(postgresql=True, EMAIL_URL=f"smtp://127.0.0.1:{port}"):
        from billing.models import OutboxMessage
        from billing.outbox import delivery, wakeup

        def all_sent() -> bool:
            return not OutboxMessage.objects.exclude(status="sent").exists()

        keys = fill(amount)
        mails = ready_made()

        def sent_by(act: Callable[[], object]) -> report.Cost:
            wait_again()
            before = taken()
            cost = report.cost_of(act)
            wait_until(lambda: not OutboxMessage.objects.filter(status="sending").exists())
            assert taken() - before == amount
            return cost

        def deliver_each() -> None:
            for key in keys:
                delivery.deliver(key)

        def by_worker() -> None:
            before = taken()
            for key in keys:
                wakeup.enqueue_on_commit("billing.deliver_message", key)
            wait_until(lambda: taken() - before == amount)

        sides = {
            "limit": lambda: sent_by(lambda: reused_connection(mails, port)),
            "sweep": lambda: sent_by(delivery.sweep),
            "tasks": lambda: sent_by(deliver_each),
            "worker": lambda: sent_by(by_worker),
        }
        with worker():
            wait_until(all_sent)  # it took the tasks that were enqueued with the rows
            found = report.interleaved(sides, rounds=options.rounds)
    clock, cpu = report.clock(found), report.processor(found)
    limit_is = "ready-made bytes through one smtplib connection"
    rows = []
    ways = (("one sweep", "sweep", 0.6), ("one task each, in turn", "tasks", None), ("a worker", "worker", 0.6))
    for way, name, target in ways:
        what = f"mails by {way}"
        limit: dict[str, Any] = {"limit": clock["limit"], "limit_is": limit_is, "target": target}
        rows.append(report.rates(what, "mails", amount, ours=clock[name], **limit))
        if name != "worker":  # that one is a process of its own
            rows.append(report.costs(what, "mail", amount, ours=cpu[name], limit=cpu["limit"], limit_is=limit_is))
    report.publish("outbox", database="postgresql", rounds=options.rounds, rows=rows)


def by_connections(options: report.Options) -> None:
    amount = QUICK_MAILS if options.quick else MAILS
    with (
        mail_server() as near, mail_server(answer_after=FAR_ANSWER) as far,
        ground(postgresql=True, EMAIL_URL=f"smtp://127.0.0.1:{near[0]}"),
    ):  # fmt: skip
        from django.conf import settings

        from billing.outbox import delivery

        fill(amount)
        mails, rows = ready_made(), []

        def swept_over(connections: int, taken: Callable[[], int]) -> report.Cost:
            settings.EMAIL_CONNECTIONS = connections
            wait_again()
            before = taken()
            cost = report.cost_of(sweep_all)
            assert taken() - before == amount
            return cost

        def sweep_all() -> None:
            while delivery.sweep():
                pass

        for name, (port, taken) in {"the tests' mail server": near, "one that answers after 30 ms": far}.items():
            settings.EMAIL_PORT = port
            sides: dict[str, Callable[[], report.Cost]] = {
                "limit": partial(report.cost_of, partial(reused_connection, mails, port)),
                **{f"{connections}": partial(swept_over, connections, taken) for connections in (1, 2, 4, 8)},
            }
            found = report.interleaved(sides, rounds=options.rounds)
            clock, cpu = report.clock(found), report.processor(found)
            for connections in list(sides)[1:]:
                what = f"mails by a sweep over {connections} connections to {name}"
                limit_is = "ready-made bytes through one smtplib connection"
                of_clock = {"ours": clock[connections], "limit": clock["limit"], "limit_is": limit_is}
                of_cpu = {"ours": cpu[connections], "limit": cpu["limit"], "limit_is": limit_is}
                rows += [
                    report.rates(what, "mails", amount, **of_clock),
                    report.costs(what, "mail", amount, **of_cpu),
                ]
    report.publish("outbox, connections", database="postgresql", rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    if "--connections" in sys.argv:
        sys.argv.remove("--connections")
        by_connections(report.options())
    else:
        main(report.options())
