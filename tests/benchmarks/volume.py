"""Invoices by the million: `python -m tests.benchmarks.volume UPTO`, in the product's environment.

Rows go in by COPY or executemany, past the rules: importing two million would take a quarter of an hour. They are
what the rules would have left: every invoice with its ledger, four in five paid, references with a right check digit
spread over the whole range, as random ones are. Prints references and tokens of open ones, to be asked for,
and the size of the database.
"""

import hashlib
import json
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

INVOICES_EACH, CHUNK, ASKED_FOR = 20, 50_000, 2000  # of a patient; of a transaction
SPREAD = 666_666_666_667  # shares no factor with 10**15, so no two numbers get one reference
INVOICE = (
    "id", "provider_id", "patient_id", "number", "payment_reference", "token", "issued_on", "due_on", "created_at",
    "settled_at", "next_step", "next_step_on", "fingerprint", "search_text", "for_goods",
)  # fmt: skip
TRANSACTION = ("id", "kind", "external_id", "occurred_at", "created_at", "by", "digest")
POSTING = ("transaction_id", "account", "amount", "provider_id", "invoice_id", "digest")
NO_DIGEST = ""  # nobody proves these books
NOW = datetime.now(UTC)
TODAY = NOW.date()


def reference_of(number: int) -> str:
    from billing.invoices.references import check_digit

    body = f"{number * SPREAD % 10**15:015d}"
    return check_digit(body) + body


def token_of(number: int) -> str:
    return hashlib.blake2b(str(number).encode(), digest_size=12).hexdigest()


def is_open(number: int) -> bool:
    return number % 5 == 0


def invoices(numbers: Iterable[int], patients: Sequence[int], provider: int) -> Iterator[tuple[Any, ...]]:
    for number in numbers:
        issued = TODAY - timedelta(days=number % 28)
        settled = None if is_open(number) else NOW
        yield (
            number, provider, patients[number % len(patients)], f"V-{number}", reference_of(number), token_of(number),
            issued, issued + timedelta(days=30), NOW, settled, 1, issued + timedelta(days=23), b"",
            f" v{number} {reference_of(number)} ", False,
        )  # fmt: skip


def transactions(numbers: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    for number in numbers:
        yield 2 * number, "invoiced", reference_of(number), NOW, NOW, "import", NO_DIGEST
        if not is_open(number):
            yield 2 * number + 1, "payment", f"V-{number}", NOW, NOW, "volume", NO_DIGEST


def postings(numbers: Iterable[int], provider: int) -> Iterator[tuple[Any, ...]]:
    for number in numbers:
        yield 2 * number, "principal", 5702, provider, number, NO_DIGEST
        yield 2 * number, "claims", -5702, provider, number, NO_DIGEST
        if not is_open(number):
            yield 2 * number + 1, "principal", -5702, provider, number, NO_DIGEST
            yield 2 * number + 1, "claims", 5702, provider, number, NO_DIGEST
            yield 2 * number + 1, "practice", -5702, provider, number, NO_DIGEST
            yield 2 * number + 1, "gateway", 5702, None, number, NO_DIGEST


def write(table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    from django.db import connection

    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        places = ", ".join("?" * len(columns))
        with closing(connection.connection.cursor()) as bare:  # Django's own would rewrite two million rows' places
            plain = (tuple(f"{v}" if hasattr(v, "year") else v for v in row) for row in rows)
            bare.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", plain)  # noqa: S608


def fill(upto: int) -> None:
    """Invoices numbered from where the table ends up to and including `upto`."""
    from django.db import connection, transaction
    from django.db.models import Max

    from billing.models import Invoice, Patient, Provider
    from tests import factories

    have = Invoice.objects.aggregate(last=Max("pk"))["last"] or 0
    provider = Provider.objects.first() or factories.provider()
    one = Patient.objects.first() or factories.patient(provider=provider)
    same = {f.attname: getattr(one, f.attname) for f in Patient._meta.concrete_fields if f.attname != "id"}
    sealed = {"provider_id": provider.pk}  # the identity of each can be read in its own row only
    Patient.objects.bulk_create(
        (
            Patient(**same | {"number": name, "sealed_identity": Patient.sealed(one.identity, number=name, **sealed)})
            for name in (f"V-{i}" for i in range(Patient.objects.count(), upto // INVOICES_EACH + 1))
        ),
        batch_size=1000,
    )
    patients = list(Patient.objects.values_list("pk", flat=True))
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = -1000000")  # 1 GB: references and tokens go all over their indexes
    for begin in range(have + 1, upto + 1, CHUNK):
        numbers = range(begin, min(begin + CHUNK, upto + 1))
        with transaction.atomic():
            write("billing_invoice", INVOICE, invoices(numbers, patients, provider.pk))
            write("billing_ledgertransaction", TRANSACTION, transactions(numbers))
            write("billing_posting", POSTING, postings(numbers, provider.pk))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


def to_ask_for(upto: int) -> list[tuple[str, str]]:
    """References and tokens of open invoices, from all over the table."""
    drawn = random.Random(upto).sample(range(5, upto + 1, 5), min(ASKED_FOR, upto // 5))
    return [(reference_of(number), token_of(number)) for number in drawn]


def megabytes() -> float:
    """What the database takes on disk, with its indexes."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
        else:
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return round(cursor.fetchone()[0] / 1e6, 1)


if __name__ == "__main__":
    import django

    django.setup()
    fill(int(sys.argv[1]))
    print(json.dumps({"known": to_ask_for(int(sys.argv[1])), "megabytes": megabytes()}))  # noqa: T201
