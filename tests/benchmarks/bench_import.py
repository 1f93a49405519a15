"""Taking in a practice's file: `python -m tests.benchmarks.bench_import postgresql|sqlite [--rounds N] [--quick]`.

In every round, one after the other, each into the same state of the same database: `json.loads` of the whole file and
one `executemany` for each table with the rows that an import left there, made beforehand, in one transaction (the
limit); and the product's import of the file, which reads it as a stream, checks every field, seals and books. After
the rounds it runs once more beside somebody else who writes under the lock of the practice again and again.
"""

import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.again import copied, start_again
from tests.benchmarks.ground import ground

QUICK_INVOICES, INVOICES, LARGE_INVOICES = 1_000, 4_000, 20_000
TODAY = date(2026, 11, 16)
BY = "bench"
BREATH = 0.005  # between two writes of somebody else
TABLES = (
    "patient",
    "invoice",
    "caredetail",
    "ledgertransaction",
    "posting",
    "reminderstep",
)  # each may point at those before it


def write_file(folder: Path, amount: int) -> Path:
    from tests.portal.intake import batches

    return batches.written(folder, batches.batch(*(batches.invoice(place) for place in range(amount))))


def rows_of(table: str) -> tuple[str, list[tuple[Any, ...]]]:
    """What an import wrote into `table`: the statement that writes it again, and the rows."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM billing_{table} ORDER BY 1")  # noqa: S608  a name of ours
        columns = [column[0] for column in cursor.description]
        marks = ", ".join(["%s"] * len(columns))
        return f"INSERT INTO billing_{table} ({', '.join(columns)}) VALUES ({marks})", list(cursor.fetchall())  # noqa: S608


def raw(path: Path, statements: list[tuple[str, list[tuple[Any, ...]]]]) -> None:
    from django.db import connection, transaction

    json.loads(path.read_bytes())
    with transaction.atomic(), connection.cursor() as cursor:
        for statement, rows in statements:
            cursor.executemany(statement, rows)


def waits_beside(act: Callable[[], None]) -> list[float]:
    """How long somebody else took, each time that they wrote under the lock of the practice while `act` ran."""
    from django.db import connection, transaction

    from billing import audit
    from billing.invoices import intake
    from billing.models import Provider

    over, waits = threading.Event(), list[float]()

    def write() -> None:
        while not over.wait(BREATH):
            began = time.perf_counter()
            with transaction.atomic():
                intake.lock_provider(Provider.objects.get().pk)
                audit.record("others_write", by=BY)
            waits.append(time.perf_counter() - began)
        connection.close()

    another = threading.Thread(target=write)
    another.start()
    try:
        act()
    finally:
        over.set()
        another.join()
    return waits


def main(database: str, options: report.Options) -> None:
    amount = options.of(QUICK_INVOICES, INVOICES, LARGE_INVOICES)
    with ground(postgresql=database == "postgresql"), tempfile.TemporaryDirectory() as folder:
        from billing.models import Invoice, Provider
        from portal.intake.batch import import_file
        from tests.portal.intake import batches

        Provider.objects.create(agb_code=batches.AGB_CODE, name="Tandartspraktijk De Linde")
        path, kept = write_file(Path(folder), amount), copied(Path(folder))

        def ours() -> None:
            result = import_file(path, dry_run=False, today=TODAY, by=BY)
            assert not result.errors, result.errors[0]

        def cost(act: Callable[[], None]) -> report.Cost:
            start_again(kept)
            spent = report.cost_of(act)
            assert Invoice.objects.count() == amount
            return spent

        ours()
        statements = [rows_of(table) for table in TABLES]
        sides = {"limit": lambda: cost(lambda: raw(path, statements)), "ours": lambda: cost(ours)}
        found = report.interleaved(sides, rounds=options.rounds)
        start_again(kept)
        waits = waits_beside(ours)
    clock, cpu = report.clock(found), report.processor(found)
    limit_is, what = "json.loads and one executemany a table of the same rows, ready-made", f"import of {amount:,}"
    another = {
        "another_wrote": len(waits),
        "waited_median_and_longest_ms": [round(1000 * one) for one in (statistics.median(waits), max(waits))],
    }
    rows = [
        report.rates(what, "invoices", amount, **clock, limit_is=limit_is, target=0.5, **another),
        report.costs(what, "invoice", amount, **cpu, limit_is=limit_is),
    ]
    report.publish("import", database=database, rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    main(sys.argv[1], report.options(sys.argv[2:]))
