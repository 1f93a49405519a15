"""How soon a mail leaves after its event: `python -m tests.benchmarks.bench_latency BROKER [--rounds N] [--quick]`.

BROKER is `redis` (PostgreSQL and Redis) or `none` (SQLite; the worker looks every second). A real worker
listens, as it is started everywhere. In every round, one after the other: ready-made bytes by smtplib over a new
connection to a mail
server in a process of its own (the limit), and one event that queues a mail, from before its row is written until
that server has it.
"""

import smtplib
import sys
import time

from tests.benchmarks import report
from tests.benchmarks.bench_outbox import mail_server, queue_receipt, ready_made
from tests.benchmarks.ground import ground
from tests.benchmarks.worker import wait_until, worker

TRIES, QUICK_TRIES = {"redis": 100, "none": 30}, 5  # without Redis each waits up to a second
GOAL_MS = {"redis": 50, "none": 2000}


def main(broker: str, options: report.Options) -> None:
    tries = QUICK_TRIES if options.quick else TRIES[broker]
    redis = broker == "redis"
    with mail_server() as (port, taken), ground(postgresql=redis, EMAIL_URL=f"smtp://127.0.0.1:{port}"), worker():
        from tests import factories

        keys, invoice = iter(range(1_000_000)), factories.invoice()

        def one_event() -> float:
            before, began = taken(), time.perf_counter()
            queue_receipt(invoice, next(keys))
            wait_until(lambda: taken() > before)
            return time.perf_counter() - began

        one_event()
        (mail,) = ready_made()

        def one_mail() -> float:
            before, began = taken(), time.perf_counter()
            with smtplib.SMTP("127.0.0.1", port) as server:
                server.sendmail(*mail)
            wait_until(lambda: taken() > before)
            return time.perf_counter() - began

        found = report.interleaved({"event": one_event, "mail": one_mail}, rounds=tries)
    slowest = round(1000 * sorted(found["event"])[-1 - tries // 20], 1)
    row = report.times(
        f"from a change to the mail server, {broker}", ours=found["event"], limit=found["mail"],
        limit_is="ready-made bytes by smtplib over a connection of its own", p95_ms=slowest, goal_ms=GOAL_MS[broker],
    )  # fmt: skip
    report.publish("latency", database="postgresql" if redis else "sqlite", rounds=tries, rows=[row])


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    main(name, report.options(rest))
