"""Work that decides row by row, on SQLite: `python -m tests.benchmarks.bench_rows [--rounds N] [--quick]`.

A bank statement that is stored, its transfers matched and booked, the days of complaints that fall due, and a run of
payouts. In every round, one after the other, each into the same state of the same database: one `executemany` for each
table with the rows that the work left there, made beforehand, in one transaction (the limit; rows that the work only
changed are left as they were); and the product, which reads, checks, decides, seals and books.
"""

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

AMOUNT, QUICK_AMOUNT = 500, 50
FIRST = date(2026, 11, 23)
Act = Callable[[], object]
Statements = list[tuple[str, list[tuple[Any, ...]]]]


def places() -> dict[str, int]:
    """The last row of each table."""
    from django.db import connection

    with connection.cursor() as cursor:
        last = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT coalesce(max(rowid), 0) FROM "{table}"')  # noqa: S608  a name of ours
            last[table] = cursor.fetchone()[0]
    return last


def rows_since(before: dict[str, int]) -> Statements:
    """The rows that were added since, and the statements that add them again."""
    from django.db import connection

    found = []
    with connection.cursor() as cursor:
        for table, last in before.items():
            cursor.execute(f'SELECT * FROM "{table}" WHERE rowid > %s ORDER BY rowid', [last])  # noqa: S608
            if rows := list(cursor.fetchall()):
                names = ", ".join(f'"{column[0]}"' for column in cursor.description)
                marks = ", ".join(["%s"] * len(cursor.description))
                found.append((f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows))  # noqa: S608
    return found


def write(statements: Statements) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for statement, rows in statements:
            cursor.executemany(statement, rows)


def beside_its_rows(act: Act, *, kept: Path, rounds: int) -> dict[str, list[report.Cost]]:
    before = places()
    act()
    statements = rows_since(before)
    assert statements, "the work did nothing"

    def cost(side: Act) -> report.Cost:
        start_again(kept)
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


def main(options: report.Options) -> None:
    amount, rows = QUICK_AMOUNT if options.quick else AMOUNT, []
    with ground(), tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, (what, unit, act) in enumerate(works(folder, amount)):
            kept = copied(folder, f"kept{number}")
            found = beside_its_rows(act, kept=kept, rounds=options.rounds)
            start_again(kept)
            clock, cpu = report.clock(found), report.processor(found)
            limit_is = "one executemany a table of the new rows, ready-made"
            rows.append(report.rates(what, f"{unit}s", amount, **clock, limit_is=limit_is, target=0.3))
            rows.append(report.costs(what, unit, amount, **cpu, limit_is=limit_is))
    report.publish("rows", database="sqlite", rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    main(report.options())
