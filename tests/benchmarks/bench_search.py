"""Searches among a million patients, on PostgreSQL: `python -m tests.benchmarks.bench_search [--rounds N] [--quick]`.

Filling takes far longer than searching: `--folder F` searches what `python -m tests.benchmarks.people F` filled before.

Each search is posted to the product as the field on every page of the desk posts it, up to the answer that leads to
what was found, for somebody of a large practice, of a small one, and of operations, who search all. What is typed is
of another patient each time. Prints median and 95th percentile, in processor time of web and database, and by the
clock.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks import people, report
from tests.benchmarks.ground import ground

QUICK_PATIENTS = 2_000
HOST = "127.0.0.1:8000"
KINDS: dict[str, Callable[[Any], str]] = {
    "name": lambda row: f"{row.infix} {row.surname}".strip(),
    "beginning of a name": lambda row: row.surname[:4],
    "name and year of birth": lambda row: f"{row.surname} {row.identity['date_of_birth'][:4]}",
    "date of birth": lambda row: row.identity["date_of_birth"],
    "postcode": lambda row: row.postcode,
    "postcode and house number": lambda row: f"{row.postcode} {row.house_number}",
    "phone": lambda row: f"06 {str(row.mobile)[4:]}",
    "part of a number (3 digits)": lambda row: row.number[-3:],
    "part of a number (5 digits)": lambda row: row.number[-5:],
    "mail address": lambda row: row.email,
}


def seconds_of_postgresql() -> float:
    """The processor time of the server's process that answers us."""
    from django.db import connection

    connection.ensure_connection()
    spent = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    return int(spent.split()[0]) / 1e9


def cost_of(client: Any, typed: str) -> report.Cost:
    """What a search takes by the clock, and in processor time of the web and of the database together."""

    def search() -> None:
        answer = client.post("/beheer/zoeken/", {"sought": typed}, headers={"host": HOST})
        assert answer.status_code in (200, 302), answer.status_code

    before = seconds_of_postgresql()
    cost = report.cost_of(search)
    return report.Cost(cost.seconds, cost.cpu + seconds_of_postgresql() - before)


def measured(client: Any, provider: int | None, times: int) -> Iterator[tuple[str, list[float], list[float]]]:
    """Yield what was typed, and the seconds by the clock and of processor time, in order."""
    from billing.models import Patient

    rows = Patient.objects.filter(provider=provider) if provider else Patient.objects.all()
    ends = rows.order_by("pk").values_list("pk", flat=True)[:1].get(), rows.order_by("-pk").values_list("pk")[0][0]
    chances = random.Random(times)
    for what, typed in KINDS.items():
        drawn = [Patient.objects.get(pk=chances.randint(*ends)) for _ in range(times + 1)]
        costs = [cost_of(client, typed(row)) for row in drawn][1:]
        yield what, sorted(cost.seconds for cost in costs), sorted(cost.cpu for cost in costs)


def line(of: str, what: str, clock: list[float], spent: list[float]) -> str:
    found = [1000 * one for seconds in (spent, clock) for one in (statistics.median(seconds), _late(seconds))]
    return f"| {of} | {what} | " + " | ".join(f"{one:.0f}" for one in found) + " |"


def _late(seconds: list[float]) -> float:
    """The 95th percentile of seconds in order."""
    return seconds[int(0.95 * (len(seconds) - 1))]


def practices_of(patients: int, folder: Path | None) -> list[int]:
    """The keys of the practices, the largest first, whose patients are there or are made now."""
    from billing.models import Provider

    if folder:
        found = list(Provider.objects.order_by("pk").values_list("pk", flat=True))
        assert found, f"nothing was filled in {folder}"
        return found
    began = time.perf_counter()
    made = people.fill(patients)
    print(f"{patients:,} patients in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
    return made


def searcher(role: str, provider: int | None) -> Any:
    """Somebody signed in who searches: the one of a run before, or a new one."""
    from billing.models import Provider, Staff
    from tests import factories
    from tests.portal.staff.staff_client import signed_in

    known = Staff.objects.filter(role=role, provider_id=provider).first()
    practice = Provider.objects.filter(pk=provider).first()
    return signed_in(known or factories.staff(role=role, provider=practice, username=f"zoeker{provider or ''}"))


def main(options: report.Options) -> None:
    patients, times = (QUICK_PATIENTS, 5) if options.quick else (people.PATIENTS, 8 * options.rounds)
    with ground(postgresql=True, kept_in=options.folder.resolve() if options.folder else None):
        practices = practices_of(patients, options.folder)
        members = {
            "large practice": ("clerk", practices[0]),
            "small practice": ("clerk", practices[-1]),
            "operations": ("operations", None),
        }
        print("| of | typed | processor, ms | p95 | by the clock, ms | p95 |\n|---|---|---|---|---|---|")  # noqa: T201
        for of, (role, provider) in members.items():
            for what, clock, spent in measured(searcher(role, provider), provider, times):
                print(line(of, what, clock, spent), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(report.options())
