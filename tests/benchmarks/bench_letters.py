"""Making announcements, on PostgreSQL: `python -m tests.benchmarks.bench_letters [--rounds N] [--quick]`.

In every round, one after the other: the rows that announcements leave, ready-made and written by executemany in one
transaction (the limit); one worker process that makes all announcements; and two such processes that share them. Each
starts from the same rows. No mail is sent.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.ground import ground

LETTERS, QUICK_LETTERS = 3000, 300
WORKERS = 2
TABLES = ("outboxmessage", "letter")


def fill(letters: int) -> None:
    """So many invoices, each of another patient and not announced."""
    from django.db import connection

    from billing.invoices import schedule
    from billing.models import Invoice
    from tests import factories

    practice = factories.provider()
    for _ in range(letters):
        factories.invoice(patient=factories.patient(provider=practice))
    schedule.plan_announcements(Invoice.objects.values_list("pk", "due_on"))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def forget() -> None:
    """Nothing is announced: as it was."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_reminderstep SET status = 'planned', letter_id = NULL, amount = NULL, principal = NULL"
        )
        for table in reversed(TABLES):
            cursor.execute(f"DELETE FROM billing_{table}")  # noqa: S608  a name of ours
        cursor.execute("VACUUM ANALYZE billing_reminderstep, billing_letter, billing_outboxmessage")


def work() -> None:
    """Make announcements as a sweep does when told to begin, until there are none; say what it took."""
    import django

    django.setup()
    from django.db import transaction
    from django.utils import timezone

    from billing.dunning import announcements

    now = timezone.localtime().replace(hour=12)
    with transaction.atomic():  # what a process does once is not counted: compiling texts, connecting
        announcements._make(announcements._claim(now), now=now)
        transaction.set_rollback(True)
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    began, cpu, made = time.perf_counter(), time.process_time(), 0
    while some := announcements.make_next(now=now):
        made += some
    found = {"made": made, "seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    print(json.dumps(found), flush=True)  # noqa: T201


@contextmanager
def workers(count: int) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """So many processes that wait; what is yielded lets them begin at once, and returns what each took."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_letters", "--work"]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    pipes = [(one.stdin, one.stdout) for one in started if one.stdin and one.stdout]
    try:
        for _, output in pipes:
            assert output.readline() == "ready\n"

        def begin() -> list[dict[str, Any]]:
            for line, _ in pipes:
                line.write("begin\n")
                line.flush()
            return [json.loads(output.readline()) for _, output in pipes]

        yield begin
    finally:
        for one in started:
            one.communicate(timeout=60)


def made_by(count: int, letters: int) -> report.Cost:
    """What so many workers took together, by the clock of the last, and of processor time."""
    from billing.models import OutboxMessage

    forget()
    with workers(count) as begin:
        found = begin()
    assert sum(one["made"] for one in found) == letters
    assert OutboxMessage.objects.values("invoice").distinct().count() == letters == OutboxMessage.objects.count()
    return report.Cost(max(one["seconds"] for one in found), sum(one["cpu"] for one in found))


def main(options: report.Options) -> None:
    letters = QUICK_LETTERS if options.quick else LETTERS
    with ground(postgresql=True):
        from django.db import connection, transaction

        from tests.benchmarks.bench_import import rows_of

        fill(letters)
        made_by(1, letters)
        statements = [rows_of(table) for table in TABLES]

        def ready_made() -> report.Cost:
            forget()

            def write() -> None:
                with transaction.atomic(), connection.cursor() as cursor:
                    for statement, rows in statements:
                        cursor.executemany(statement, rows)
                    cursor.execute("UPDATE billing_reminderstep SET status = 'composed'")

            return report.cost_of(write)

        sides = {
            "limit": ready_made,
            "one": lambda: made_by(1, letters),
            "two": lambda: made_by(WORKERS, letters),
        }
        found = report.interleaved(sides, rounds=options.rounds)
    clock, cpu = report.clock(found), report.processor(found)
    limit: dict[str, Any] = {"limit_is": "the same rows, ready-made, by one executemany a table"}
    rows = [
        report.rates(
            "announcements by one worker", "letters", letters, ours=clock["one"], limit=clock["limit"], **limit
        ),
        report.costs("announcements by one worker", "letter", letters, ours=cpu["one"], limit=cpu["limit"], **limit),
        report.rates(
            "announcements by two workers", "letters", letters, ours=clock["two"], limit=clock["one"],
            limit_is="one worker", target=1.7,
        ),
        report.costs(
            "announcements by two workers", "letter", letters, ours=cpu["two"], limit=cpu["one"], limit_is="one worker"
        ),
    ]  # fmt: skip
    report.publish("letters", database="postgresql", rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    if "--work" in sys.argv:
        work()
    else:
        main(report.options())
