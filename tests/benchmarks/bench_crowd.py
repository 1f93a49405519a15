"""Many users at once: `python -m tests.benchmarks.bench_crowd [--rounds N] [--quick]`, on PostgreSQL.

The invoice page for 1 to 64 users, who each ask again as soon as they were answered, on 1 and on 2 worker processes.
Beside it, in the same round, the bare page. How long the slowest waited, and from how many users on more users only
wait longer. Then many pages in a row: whether the processes grow.
"""

import statistics
from collections.abc import Callable
from itertools import chain

from tests.benchmarks import report
from tests.benchmarks.bench_pages import LIMIT, a_page, plain
from tests.benchmarks.site import VALUES, Guest, Server, Site, Spent, pages

USERS = (1, 4, 16, 64)
REQUESTS = 256  # of every number of users in a round
INVOICES, LARGE_INVOICES, QUICK_INVOICES = 200_000, 2_000_000, 20_000
GROWTH, LARGE_GROWTH, QUICK_GROWTH = 10_000, 50_000, 500  # pages in a row
ENOUGH = 0.9  # of the most requests per second that were seen: more users bring nothing then


def of_workers(
    site: Site, known: list[tuple[str, str]], workers: int, *, users: tuple[int, ...], count: int, rounds: int
) -> list[report.Row]:
    """Every round walks through all numbers of users, so that they are compared with each other too."""
    ours = site.ours(workers=workers)
    bare = site.bare(a_page(ours, known), workers=workers)
    guest = Guest.at(ours)
    looked_up = ours.ask(guest.lookups(known, 100), expect=303).run
    views, bares = list(pages(looked_up, count, guest=guest)), plain(known, count, "as_many")
    sides: dict[str, Callable[[], Spent]] = {}
    for at_once in users:
        sides |= {f"page {at_once}": asking(ours, views, at_once), f"bare {at_once}": asking(bare, bares, at_once)}
    found = report.interleaved(sides, rounds=rounds)
    ours.stop()
    bare.stop()
    saturated = saturated_from({at_once: found[f"page {at_once}"] for at_once in users})
    return [
        row_of(workers, at_once, found[f"page {at_once}"], found[f"bare {at_once}"], saturated) for at_once in users
    ]


def asking(server: Server, requests: list[bytes], users: int) -> Callable[[], Spent]:
    return lambda: server.ask(requests, expect=200, users=users)


def saturated_from(found: dict[int, list[Spent]]) -> int:
    """The fewest users who get ENOUGH of the most requests per second: the median over the rounds."""
    shares: dict[int, list[float]] = {at_once: [] for at_once in found}
    for one_round in zip(*found.values(), strict=True):
        most = max(one.run.per_second for one in one_round)
        for at_once, one in zip(found, one_round, strict=True):
            shares[at_once].append(one.run.per_second / most)
    return min(at_once for at_once, share in shares.items() if statistics.median(share) >= ENOUGH)


def row_of(workers: int, users: int, ours: list[Spent], bare: list[Spent], saturated: int) -> report.Row:
    waits = sorted(answer.seconds for one in ours for answer in one.run.answers)
    at = {f"p{percent}_ms": round(1000 * waits[len(waits) * percent // 100], 1) for percent in (50, 95, 99)}
    return report.rates(
        f"invoice page, {workers} worker(s), {users} user(s)", "requests", len(ours[0].run.answers),
        ours=[one.seconds for one in ours], limit=[one.seconds for one in bare],
        limit_is=LIMIT.format(VALUES["as_many"]), **at, saturated_from=saturated,
    )  # fmt: skip


def growth(site: Site, known: list[tuple[str, str]], total: int, parts: int) -> report.Row:
    """Megabytes of the web server after the first part of so many requests, and after the last."""
    server = site.ours()
    guest = Guest.at(server)
    looked_up = server.ask(guest.lookups(known, 100), expect=303).run
    seen = []
    for _part in range(parts):
        server.ask(list(pages(looked_up, total // parts, guest=guest)), expect=200)
        seen.append(round(server.memory(), 1))
    server.stop()
    ratio = float(f"{seen[0] / seen[-1]:.3g}")
    first, what = f"after {total // parts:,} requests", f"memory of the web server after {total:,} requests"
    return report.Row(what, "MB", seen[-1], seen[0], first, ratio, 0.98, {"each_part": seen})


def main() -> None:
    options = report.options()
    ends: list[Callable[[], object]] = []
    try:
        site = Site("postgresql", ends.append)
        known = site.fill(options.of(QUICK_INVOICES, INVOICES, LARGE_INVOICES))
        users, count = (USERS[::3], 64) if options.quick else (USERS, REQUESTS)
        crowds = (
            of_workers(site, known, workers, users=users, count=count, rounds=options.rounds) for workers in (1, 2)
        )
        rows = list(chain.from_iterable(crowds))
        rows.append(growth(site, known, options.of(QUICK_GROWTH, GROWTH, LARGE_GROWTH), 10))
    finally:
        for end in reversed(ends):
            end()
    report.publish("crowd", database="postgresql", rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    main()
