"""Searches among a million patients, on PostgreSQL: `python -m tests.benchmarks.bench_search [--rounds N] [--quick]`.

Each search is posted to the product as the field on every page of the desk posts it, up to the answer that leads to
what was found, for somebody of a large practice, of a small one, and of operations, who search all. What is typed is
of another patient each time. Prints median and 95th percentile, by the clock and in processor time of this process.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmarks import people, report
from tests.benchmarks.ground import ground

PATIENTS, QUICK_PATIENTS = 1_000_000, 2_000
MOST = 0.1  # seconds
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


def cost_of(client: Any, typed: str) -> report.Cost:
    def search() -> None:
        answer = client.post("/beheer/zoeken/", {"sought": typed}, headers={"host": HOST})
        assert answer.status_code in (200, 302), answer.status_code

    return report.cost_of(search)


def measured(of: str, client: Any, provider: int | None, patients: int, times: int) -> Iterator[dict[str, Any]]:
    from billing.models import Patient

    rows = Patient.objects.filter(provider=provider) if provider else Patient.objects.all()
    ends = rows.order_by("pk").values_list("pk", flat=True)[:1].get(), rows.order_by("-pk").values_list("pk")[0][0]
    chances = random.Random(patients)
    for what, typed in KINDS.items():
        drawn = [Patient.objects.get(pk=chances.randint(*ends)) for _ in range(times + 1)]
        costs = [cost_of(client, typed(row)) for row in drawn][1:]
        clock, cpu = sorted(cost.seconds for cost in costs), [cost.cpu for cost in costs]
        middle, late = statistics.median(clock), clock[int(0.95 * (len(clock) - 1))]
        yield {"of": of, "what": what, "ms": _ms(middle), "p95": _ms(late), "cpu": _ms(statistics.median(cpu))}


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


def main(options: report.Options) -> None:
    patients, times = (QUICK_PATIENTS, 5) if options.quick else (PATIENTS, 8 * options.rounds)
    with ground(postgresql=True):
        from tests import factories
        from tests.portal.staff.staff_client import signed_in

        began = time.perf_counter()
        practices = people.fill(patients)
        print(f"{patients:,} patients in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
        members = {
            "large practice": (factories.staff(provider_id=practices[0]), practices[0]),
            "small practice": (factories.staff(provider_id=practices[-1]), practices[-1]),
            "operations": (factories.staff(role="operations", provider=None), None),
        }
        print(f"{'who':16}{'what':30}{'median':>8}{'p95':>8}{'CPU':>8}  ms")  # noqa: T201
        for of, (member, provider) in members.items():
            for row in measured(of, signed_in(member), provider, patients, times):
                late = "  over the limit" if row["p95"] > 1000 * MOST else ""
                print(f"{of:16}{row['what']:30}{row['ms']:8}{row['p95']:8}{row['cpu']:8}{late}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(report.options())
