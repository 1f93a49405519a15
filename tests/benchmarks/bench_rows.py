"""Work that decides row by row: `python -m tests.benchmarks.bench_rows sqlite|postgresql [--rounds N] [--quick]`.

A bank statement that is stored, its transfers matched and booked, the days of complaints that fall due, and a run of
payouts. In every round, one after the other, each into the same state of the same database: one `executemany` for each
table with the rows that the work added there and one with what it changed in others, all made beforehand, in one
transaction (the limit); and the product, which reads, checks, decides, seals and books. No SQL statement could make
these rows: each has a keyed digest or a sealed text, of a key that the database does not hold. The tables have their
triggers and indexes for both.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.again import copied, start_again
from tests.benchmarks.ground import ground

AMOUNT, QUICK_AMOUNT = 200, 50
FIRST = date(2026, 11, 23)
Act = Callable[[], object]
Table = tuple[str, list[str], dict[Any, tuple[Any, ...]]]
Statements = list[tuple[str, list[tuple[Any, ...]]]]


def rows_now() -> dict[str, Table]:
    """All rows of each table, by key, with the names of its columns."""
    from django.apps import apps
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.managed and not model._meta.proxy:
                table, key = model._meta.db_table, model._meta.pk.column
                cursor.execute(f'SELECT "{key}", * FROM "{table}" ORDER BY 1')  # noqa: S608  names of ours
                columns = [column[0] for column in cursor.description[1:]]
                found[table] = (key, columns, {row[0]: row[1:] for row in cursor.fetchall()})
    return found


def statements_since(before: dict[str, Table]) -> Statements:
    """The statements that add again what was added since, and that change again what was changed, with their rows."""
    found = []
    for table, (key, columns, rows) in rows_now().items():
        known = before[table][2]
        if new := [row for pk, row in rows.items() if pk not in known]:
            names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
            found.append((f'INSERT INTO "{table}" ({names}) VALUES ({marks})', new))  # noqa: S608
        changed = {pk: row for pk, row in rows.items() if pk in known and row != known[pk]}
        places = [n for n in range(len(columns)) if any(row[n] != known[pk][n] for pk, row in changed.items())]
        if places:
            names = ", ".join(f'"{columns[place]}" = %s' for place in places)
            values = [(*(row[place] for place in places), pk) for pk, row in changed.items()]
            found.append((f'UPDATE "{table}" SET {names} WHERE "{key}" = %s', values))  # noqa: S608
    return found


def write(statements: Statements) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for statement, rows in statements:
            cursor.executemany(statement, rows)


def beside_its_rows(act: Act, *, kept: Path, rounds: int) -> dict[str, list[report.Cost]]:
    before = rows_now()
    act()
    statements = statements_since(before)
    assert statements, "the work did nothing"

    from django.db import connection

    def cost(side: Act) -> report.Cost:
        start_again(kept)
        with connection.cursor() as cursor:  # opened beforehand, as that of a worker is
            cursor.execute("SELECT 1 FROM django_migrations")
        return report.cost_of(side)

    sides = {"limit": lambda: cost(lambda: write(statements)), "ours": lambda: cost(act)}
    return report.interleaved(sides, rounds=rounds)


def statement_file(folder: Path, amount: int) -> Path:
    """A file of transfers that each pay an invoice by its reference."""
    from tests import factories
    from tests.banking import camt_files, lines

    lines.account()
    practice = factories.provider()
    pays = []
    for number in range(amount):
        invoice = factories.invoice(amount="45.00", patient=factories.patient(provider=practice))
        told = {"name": "J. de Vries", "iban": "NL20INGB0001234567", "reference": f"B{number}"}
        pays.append(camt_files.Pay("45.00", FIRST, text=f"kenmerk {invoice.payment_reference}", **told))
    path = folder / "statement.xml"
    path.write_bytes(camt_files.document(camt_files.statement(pays, "0.00", FIRST)))
    return path


def complaints_due(amount: int) -> date:
    """Complaints about invoices; the day on which we have to say again how each stands."""
    from complaints import filing
    from complaints.models import Complaint
    from tests import factories

    for _ in range(amount):
        said = filing.Said(story="Nooit een brief gehad.", email="iemand@post.example")
        filing.file(said, subject="letters", invoice_id=factories.invoice().pk)
    return max(day for day in Complaint.objects.values_list("next_state_on", flat=True) if day)


def practices_with_money(amount: int) -> None:
    from django.utils import timezone

    from banking.models import PayoutTerms
    from billing import ledger
    from billing.models import LedgerTransaction, Provider
    from billing.models.ledger import Account
    from tests import factories
    from tests.banking import lines

    lines.account()
    paid_at = timezone.now() - timedelta(days=3)
    for number in range(amount):
        practice = factories.provider()
        terms = {"fees_from": date(2026, 1, 1), "fee_per_invoice": Decimal("1.95")}
        PayoutTerms.objects.create(provider=practice, **terms)
        invoice = factories.invoice(amount="100.00", patient=factories.patient(provider=practice))
        ledger.post(
            invoice, LedgerTransaction.Kind.PAYMENT, Decimal("-100.00"), external_id=f"paid:{number}", by="bench",
            through=Account.BANK, occurred_at=paid_at,
        )  # fmt: skip
    assert Provider.objects.count() >= amount


def works(folder: Path, amount: int) -> Iterator[tuple[str, str, Act]]:
    """What is measured and its unit, each with its rows ready in the database when it is asked for."""
    from django.utils import timezone

    from banking.importing import import_file
    from banking.matching.lines import match_new
    from banking.payouts import run
    from complaints import days

    path = statement_file(folder, amount)
    take_in = partial(import_file, path, by="bench", match=False, today=FIRST + timedelta(days=1))
    yield "bank statement stored", "line", take_in
    take_in()
    yield "transfers matched and booked", "line", match_new
    due = complaints_due(amount)
    yield "state of complaints told", "complaint", partial(days.run_day, due)
    practices_with_money(amount)
    yield "payouts proposed", "payout", partial(run.run_day, timezone.localdate())


def main(database: str, options: report.Options) -> None:
    amount, rows = QUICK_AMOUNT if options.quick else AMOUNT, []
    with ground(postgresql=database == "postgresql"), tempfile.TemporaryDirectory() as name:
        from portal.celery import set_aside_what_stays

        folder = Path(name)
        set_aside_what_stays()  # as every worker does
        for number, (what, unit, act) in enumerate(works(folder, amount)):
            kept = copied(folder, f"kept{number}")
            found = beside_its_rows(act, kept=kept, rounds=options.rounds)
            start_again(kept)
            clock, cpu = report.clock(found), report.processor(found)
            limit_is = "one executemany a table of the new and the changed rows, ready-made"
            rows.append(report.rates(what, f"{unit}s", amount, **clock, limit_is=limit_is, target=0.3))
            rows.append(report.costs(what, unit, amount, **cpu, limit_is=limit_is))
    report.publish("rows", database=database, rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    main(sys.argv[1], report.options(sys.argv[2:]))
