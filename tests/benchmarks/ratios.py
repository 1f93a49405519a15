"""The invoice page beside both bare pages on both databases: `python -m tests.benchmarks.ratios [FOLDER]`.

By processor time of one web process, which on a machine with other work says more than the clock. The same sides as in
`bench_pages`, with 20,000 invoices, in three minutes. With a FOLDER also with 2,000,000, in the same rounds: databases
are filled there once, in half an hour each, and stay for the next time.
"""

import os
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks import report
from tests.benchmarks.bench_pages import a_page, sides
from tests.benchmarks.site import VALUES, Site, Spent

INVOICES, MANY, REQUESTS, ROUNDS = 20_000, 2_000_000, 200, 9
GOALS = {"dense": 0.7, "as_many": 0.6}
Sides = dict[str, Callable[[], Spent]]


def sides_of(site: Site, size: int) -> Sides:
    """Return our page and both bare pages among so many invoices, each of one web process."""
    known = site.fill(size)
    ours = site.ours(workers=1)
    found = sides(ours, site.bare(a_page(ours, known), workers=1), known, REQUESTS)
    return {f"{name} {size}": side for name, side in found.items() if name != "lookup"}


def measured(database: str, folder: Path | None, sizes: Sequence[int]) -> dict[str, list[Spent]]:
    """Return what every side of every size took, round by round."""
    ends: list[Callable[[], object]] = []
    try:
        of_all: Sides = {}
        for size in sizes:
            kept_in = folder / f"{database}-{size}" if folder else None
            of_all |= sides_of(Site(database, ends.append, kept_in=kept_in), size)
        return report.interleaved(of_all, rounds=ROUNDS)
    finally:
        for end in reversed(ends):
            end()


def ratios_on(database: str, folder: Path | None) -> None:
    """Print a line for each bare page at each size: both costs in milliseconds, and how near ours is to it."""
    sizes = (INVOICES, MANY) if folder else (INVOICES,)
    found = measured(database, folder, sizes)
    cpu = {name: [one.cpu for one in rounds] for name, rounds in found.items()}
    clock = {name: [one.seconds for one in rounds] for name, rounds in found.items()}
    for size in sizes:
        page = f"page {size}"
        for limit, values in VALUES.items():
            ratio = report.median_ratio(cpu[page], cpu[f"{limit} {size}"])
            _say(
                f"{database:10}  {size:9,} invoices: {_each(cpu[page])} ms, {_each(clock[page])} by the clock,"
                f" bare with {values} values {_each(cpu[f'{limit} {size}'])}: {ratio:.2f} (goal {GOALS[limit]})"
            )
    if len(sizes) > 1:
        few, many = (f"page {size}" for size in sizes)
        costs = (report.median_ratio(of[few], of[many]) for of in (cpu, clock))
        _say(f"{database:10}  {MANY:,} cost {' and by the clock '.join(f'{cost:.2f}' for cost in costs)} times as much")


def _each(seconds: Sequence[float]) -> str:
    """Return the milliseconds of one request."""
    return f"{1000 * statistics.median(seconds) / REQUESTS:.2f}"


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    kept = Path(sys.argv[1]).resolve() if sys.argv[1:] else None
    _say(f"load of the machine: {os.getloadavg()[0]:.1f}")
    for name in ("sqlite", "postgresql"):
        ratios_on(name, kept)
