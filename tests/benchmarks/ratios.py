"""The invoice page beside both bare pages on both databases, in three minutes: `python -m tests.benchmarks.ratios`.

By processor time of one web process, which on a machine with other work says more than the clock. The same sides as in
`bench_pages`, with 20,000 invoices, because the page does not grow with them.
"""

import os
import statistics
from collections.abc import Callable

from tests.benchmarks import report
from tests.benchmarks.bench_pages import a_page, sides
from tests.benchmarks.site import VALUES, Site

INVOICES, REQUESTS, ROUNDS = 20_000, 200, 9
GOALS = {"dense": 0.7, "as_many": 0.6}


def ratios_on(database: str) -> None:
    """Print a line for each bare page: both costs in milliseconds, and how near ours is to it."""
    ends: list[Callable[[], object]] = []
    try:
        site = Site(database, ends.append)
        known = site.fill(INVOICES)
        ours = site.ours(workers=1)
        bare = site.bare(a_page(ours, known), workers=1)
        of_page = sides(ours, bare, known, REQUESTS)
        del of_page["lookup"]
        found = report.interleaved(of_page, rounds=ROUNDS)
    finally:
        for end in reversed(ends):
            end()
    cpu = {name: [one.cpu for one in rounds] for name, rounds in found.items()}
    cost = {name: 1000 * statistics.median(seconds) / REQUESTS for name, seconds in cpu.items()}
    for limit, values in VALUES.items():
        ratio, goal = report.median_ratio(cpu["page"], cpu[limit]), GOALS[limit]
        print(  # noqa: T201
            f"{database:10}  {cost['page']:.2f} ms, bare with {values} values {cost[limit]:.2f} ms:"
            f" {ratio:.2f} (goal {goal})",
            flush=True,
        )


if __name__ == "__main__":
    print(f"load of the machine: {os.getloadavg()[0]:.1f}", flush=True)  # noqa: T201
    ratios_on("sqlite")
    ratios_on("postgresql")
