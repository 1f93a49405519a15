"""Announcements and their mails by one worker and by two, on PostgreSQL.

`python -m tests.benchmarks.bench_letters [--rounds N] [--quick]`. In every round, one after the other: the rows that
announcements leave, ready-made and written by executemany in one transaction (the limit); one worker process that makes
all announcements; and two such processes that share them. Then likewise their mails: the ready-made bytes of all
through one connection of smtplib to a mail server in a process of its own (the limit), one process that sweeps the
outbox, and two. Each starts from the same rows. The processes are started once: to start them anew in each round took
more than half of the time of all. `--once`: 60,000 announcements and their mails, by two workers, once.
"""

import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.bench_outbox import mail_server, ready_made, reused_connection, wait_again
from tests.benchmarks.ground import ground

# Of few lots of fifty, who ends one lot later than the other decides what two workers take.
LETTERS, QUICK_LETTERS, LETTERS_ONCE = 800, 100, 60_000
WORKERS = 2
Work = Callable[[], report.Cost]
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


def fill_by_import(letters: int) -> None:
    """As many, handed in by a practice: much faster than one by one."""
    from django.utils import timezone

    from portal.intake.batch import import_file
    from tests import factories
    from tests.benchmarks.bench_import import write_file
    from tests.portal.intake import batches

    factories.provider(agb_code=batches.AGB_CODE)
    with tempfile.TemporaryDirectory() as folder:
        result = import_file(write_file(Path(folder), letters), dry_run=False, today=timezone.localdate(), by="bench")
    assert result.new == letters, result.errors[:1]


def forget() -> None:
    """Nothing is announced: as it was."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE billing_reminderstep SET status = 'planned', letter_id = NULL, amount = NULL, principal = NULL"
        )
        for table in reversed(TABLES):
            cursor.execute(f"DELETE FROM billing_{table}")  # noqa: S608  a name of ours
        # The tables keep their pages. PostgreSQL would read one that was empty when it planned whole for each new row.
        cursor.execute("VACUUM (ANALYZE, TRUNCATE FALSE) billing_reminderstep, billing_letter, billing_outboxmessage")


def take_back() -> None:
    """All is announced, and no mail has left: as it was."""
    from django.db import connection

    wait_again()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_letter SET sent_on = NULL, delivered_on = NULL")
        cursor.execute("UPDATE billing_reminderstep SET status = 'composed', closed_at = NULL")
        cursor.execute("VACUUM ANALYZE billing_reminderstep, billing_letter, billing_outboxmessage")


def work(what: str) -> None:
    """Make announcements, or send their mails, as a sweep does, until there are none, each time that a line says so.

    Say the cost of each time. What a process does once is not counted: compiling texts, connecting.
    """
    import django

    django.setup()
    from django.db import transaction
    from django.utils import timezone

    from billing.dunning import announcements
    from billing.models import OutboxMessage
    from billing.outbox import delivery, mime

    now = timezone.localtime().replace(hour=12)
    if what == "letters":
        with transaction.atomic():
            announcements._make(announcements._claim(now), now=now)
            transaction.set_rollback(True)
    else:
        mime.mail_of(OutboxMessage.objects.all()[0])
    gc.freeze()  # as a worker does
    print("ready", flush=True)  # noqa: T201
    act = (lambda: announcements.make_next(now=now)) if what == "letters" else (lambda: delivery.sweep(now=now))
    for _line in sys.stdin:
        began, cpu = time.perf_counter(), time.process_time()
        while act():
            pass
        print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}), flush=True)  # noqa: T201


@contextmanager
def workers(what: str, count: int) -> Iterator[Work]:
    """So many processes that wait; what is yielded lets them work at once.

    It returns what they took together: by the clock of the last, and of processor time.
    """
    command = [sys.executable, "-m", "tests.benchmarks.bench_letters", "--work", what]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    pipes = [(one.stdin, one.stdout) for one in started if one.stdin and one.stdout]
    try:
        for _, output in pipes:
            assert output.readline() == "ready\n"

        def begin() -> report.Cost:
            for line, _ in pipes:
                line.write("begin\n")
                line.flush()
            found = [json.loads(output.readline()) for _, output in pipes]
            return report.Cost(max(one["seconds"] for one in found), sum(one["cpu"] for one in found))

        yield begin
    finally:
        for one in started:
            one.communicate(timeout=60)


def made_by(work: Work, letters: int) -> report.Cost:
    from billing.models import OutboxMessage

    forget()
    cost = work()
    assert OutboxMessage.objects.values("invoice").distinct().count() == letters == OutboxMessage.objects.count()
    return cost


def sent_by(work: Work, letters: int, taken: Callable[[], int]) -> report.Cost:
    from billing.models import Letter

    take_back()
    before = taken()
    cost = work()
    assert taken() - before == letters == Letter.objects.filter(sent_on__isnull=False).count()
    return cost


def lines(found: dict[str, list[report.Cost]], letters: int, of: dict[str, Any]) -> list[report.Row]:
    """The rows of one kind of work: one worker beside the limit, and two beside one."""
    clock, cpu = report.clock(found), report.processor(found)
    what, thing, limit_is, target = of["what"], of["thing"], of["limit_is"], of["target"]
    one, two = {"ours": clock["one"], "limit": clock["limit"]}, {"ours": clock["two"], "limit": clock["one"]}
    return [
        report.rates(f"{what} by one worker", f"{thing}s", letters, **one, limit_is=limit_is, target=target),
        report.costs(
            f"{what} by one worker", thing, letters, ours=cpu["one"], limit=cpu["limit"], limit_is=limit_is
        ),
        report.rates(f"{what} by two workers", f"{thing}s", letters, **two, limit_is="one worker", target=1.7,
                     ratios=report.spread(**two)),
        report.costs(
            f"{what} by two workers", thing, letters, ours=cpu["two"], limit=cpu["one"], limit_is="one worker"
        ),
    ]  # fmt: skip


def once() -> None:
    """Say what announcements and mails of 60,000 invoices take two workers, made once."""
    with mail_server() as (port, taken), ground(postgresql=True, EMAIL_URL=f"smtp://127.0.0.1:{port}"):
        fill_by_import(LETTERS_ONCE)
        with workers("letters", WORKERS) as two:
            made = made_by(two, LETTERS_ONCE)
        with workers("mails", WORKERS) as two:
            sent = sent_by(two, LETTERS_ONCE, taken)
    for what, cost in (("announcements", made), ("mails", sent)):
        print(f"{LETTERS_ONCE:,} {what}: {cost.seconds:.0f} s, {cost.cpu:.0f} s of processor time")  # noqa: T201


def main(options: report.Options) -> None:
    letters = QUICK_LETTERS if options.quick else LETTERS
    with mail_server() as (port, taken), ground(postgresql=True, EMAIL_URL=f"smtp://127.0.0.1:{port}"):
        from django.db import connection, transaction

        from tests.benchmarks.bench_import import rows_of

        fill(letters)
        with workers("letters", 1) as one, workers("letters", WORKERS) as two:
            made_by(one, letters)
            statements = [rows_of(table) for table in TABLES]

            def written() -> report.Cost:
                forget()

                def write() -> None:
                    with transaction.atomic(), connection.cursor() as cursor:
                        for statement, rows in statements:
                            cursor.executemany(statement, rows)
                        cursor.execute("UPDATE billing_reminderstep SET status = 'composed'")

                return report.cost_of(write)

            making = {"limit": written, "one": lambda: made_by(one, letters), "two": lambda: made_by(two, letters)}
            made = report.interleaved(making, rounds=options.rounds)
            made_by(one, letters)
        mails = ready_made()
        with workers("mails", 1) as one, workers("mails", WORKERS) as two:
            sending = {
                "limit": lambda: report.cost_of(lambda: reused_connection(mails, port)),
                "one": lambda: sent_by(one, letters, taken),
                "two": lambda: sent_by(two, letters, taken),
            }
            sent = report.interleaved(sending, rounds=options.rounds)
    ways: list[dict[str, Any]] = [
        {
            "what": "announcements", "thing": "letter", "target": None,
            "limit_is": "the same rows, ready-made, by one executemany a table",
        },
        {
            "what": "mails of announcements", "thing": "mail", "target": 0.6,
            "limit_is": "ready-made bytes through one smtplib connection",
        },
    ]  # fmt: skip
    rows = lines(made, letters, ways[0]) + lines(sent, letters, ways[1])
    report.publish("letters", database="postgresql", rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    if "--work" in sys.argv:
        work(sys.argv[-1])
    elif "--once" in sys.argv:
        once()
    else:
        main(report.options())
