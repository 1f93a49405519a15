"""The page of figures of a practice with 100,000 invoices: `python -m tests.benchmarks.bench_figures sqlite|postgresql
[--rounds N] [--quick]`.

Two years of invoices with what insurers and patients paid of them, by three roads, and what was undone. Prints for each
time that can be chosen what the whole page takes, and each of billing's figures, by the clock: the median.
"""

import statistics
import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.benchmarks import report, volume
from tests.benchmarks.ground import ground

INVOICES, QUICK_INVOICES = 100_000, 2_000
DAYS = 730
MOST = 2.0  # seconds
HOST = "127.0.0.1:8000"
TRANSACTION = (*volume.TRANSACTION, "reverses_id")
IN_ALL = 4  # transactions that an invoice may have


def _moment(number: int, later: int) -> datetime:
    return min(volume.NOW, volume.NOW - timedelta(days=DAYS - number % DAYS - later))


def _sum(number: int) -> int:
    return 2000 + number * 37 % 90_000


def transactions(numbers: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    """Yield invoiced, paid by the insurer (one in two), paid (four in five; of these one in ten in cash), undone."""
    for number in numbers:
        key, now, later = IN_ALL * number, _moment(number, 0), _moment(number, 20)
        yield key, "invoiced", f"{number}", now, now, "import", volume.NO_DIGEST, None
        if number % 2:
            yield key + 1, "insurer_paid", f"{number}", now, now, "import", volume.NO_DIGEST, None
        if not volume.is_open(number):
            kind, event = ("receipt", f"receipt:k{number}") if number % 10 == 1 else ("payment", f"tr_{number}")
            yield key + 2, kind, event, later, later, "volume", volume.NO_DIGEST, None
            if number % 40 == 1:
                yield key + 3, kind, f"{event}:undone", later, later, "volume", volume.NO_DIGEST, key + 2


def postings(numbers: Iterable[int], provider: int) -> Iterator[tuple[Any, ...]]:
    for number in numbers:
        key, amount = IN_ALL * number, _sum(number)
        part = amount // 4 if number % 2 else 0
        yield from _sides(key, amount, provider, number)
        if part:
            yield from _sides(key + 1, -part, provider, number)
        if not volume.is_open(number):
            yield from _paid(key + 2, amount - part, provider, number)
            if number % 40 == 1:
                yield from _paid(key + 3, part - amount, provider, number)


def _sides(key: int, amount: int, provider: int, number: int) -> Iterator[tuple[Any, ...]]:
    yield key, "principal", amount, provider, number, volume.NO_DIGEST
    yield key, "claims", -amount, provider, number, volume.NO_DIGEST


def _paid(key: int, amount: int, provider: int, number: int) -> Iterator[tuple[Any, ...]]:
    yield from _sides(key, -amount, provider, number)
    yield key, "practice", -amount, provider, number, volume.NO_DIGEST
    yield key, "gateway", amount, None, number, volume.NO_DIGEST


def _issued(numbers: Iterable[int], patient: int, provider: int) -> Iterator[tuple[Any, ...]]:
    issued, due = map(volume.INVOICE.index, ("issued_on", "due_on"))
    for row in volume.invoices(numbers, [patient], provider):
        day = _moment(row[0], 0).date()
        yield *row[:issued], day, day + timedelta(days=30), *row[due + 1 :]


def fill(invoices: int) -> int:
    """Make one practice with so many invoices; returns its key."""
    from django.db import connection, transaction

    from billing.models import Receipt
    from tests import factories

    patient = factories.patient()
    provider, clerk = patient.provider, factories.staff(provider=patient.provider)
    for begin in range(1, invoices + 1, volume.CHUNK):
        numbers = range(begin, min(begin + volume.CHUNK, invoices + 1))
        with transaction.atomic():
            volume.write("billing_invoice", volume.INVOICE, _issued(numbers, patient.pk, provider.pk))
            volume.write("billing_ledgertransaction", TRANSACTION, transactions(numbers))
            volume.write("billing_posting", volume.POSTING, postings(numbers, provider.pk))
            Receipt.objects.bulk_create(
                Receipt(
                    invoice_id=number, amount=Decimal(_sum(number)) / 100, road="cash",
                    received_on=_moment(number, 20).date(), key=f"k{number}", reported_by=clerk, status="booked",
                )
                for number in numbers
                if number % 10 == 1
            )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")
    return provider.pk


def periods(today: date) -> dict[str, tuple[date, date]]:
    return {
        "this month": (today.replace(day=1), today),
        "62 days": (today - timedelta(days=61), today),
        "a year": (today - timedelta(days=365), today),
        "five years": (today - timedelta(days=5 * 365), today),
    }


def measured(member: Any, rounds: int) -> Iterator[tuple[str, str, float]]:
    """Yield what was asked for, of which time, and the seconds it took."""
    from billing import rooms
    from tests.portal.staff.staff_client import signed_in

    client = signed_in(member)
    for name, (first, last) in periods(volume.TODAY).items():

        def page(first: date = first, last: date = last) -> None:
            answer = client.get("/beheer/cijfers/", {"van": first, "tot": last}, headers={"host": HOST})
            assert answer.status_code == 200, answer.status_code

        yield "page", name, _seconds(page, rounds)
        for figure, of in rooms.figures().items():
            yield figure, name, _seconds(lambda of=of, a=first, b=last: of(member, a, b), rounds)  # type: ignore[misc]


def _seconds(act: Any, rounds: int) -> float:
    return round(statistics.median(report.cost_of(act).seconds for _ in range(rounds)), 3)


def main(database: str, options: report.Options) -> None:
    with ground(postgresql=database == "postgresql"):
        from tests import factories

        provider = fill(QUICK_INVOICES if options.quick else INVOICES)
        for what, time, seconds in measured(factories.staff(provider_id=provider), options.rounds):
            late = "  over the limit" if seconds > MOST else ""
            print(f"{database:12}{what:12}{time:12}{seconds:8}{late}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], report.options(sys.argv[2:]))
