"""Lookup and invoice page at several sizes: `python -m tests.benchmarks.bench_pages DATABASE [--rounds N] [--quick]`.

In every round, one after the other, on one database and under the same number of workers and threads: two bare pages
(the limits; as long as ours, one with as many values as ours and a denser one), our lookup (throttle, search, new
session), our invoice page. The load comes from this process.
"""

import sys
from collections.abc import Callable
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.load import request
from tests.benchmarks.site import VALUES, Guest, Server, Site, Spent, pages

SIZES = {"postgresql": (20_000, 400_000), "sqlite": (20_000, 100_000)}  # SQLite has no COPY to fill it by
LARGE_SIZES, QUICK_SIZES = (20_000, 200_000, 2_000_000), (2_000, 20_000)
REQUESTS, QUICK_REQUESTS = 300, 100
LIMIT = "bare Django page: one indexed query, a template as long with {} values, its default middleware"
TARGETS = {"as_many": None, "dense": 0.5}  # the target was set beside a page as dense as that


def sides(ours: Server, bare: Server, known: list[tuple[str, str]], count: int) -> dict[str, Callable[[], Spent]]:
    guest = Guest.at(ours)
    lookups = guest.lookups(known, count)
    looked_up = ours.ask(lookups, expect=303).run
    views = list(pages(looked_up, count, guest=guest))
    return {
        "as_many": lambda: bare.ask(plain(known, count, "as_many"), expect=200),
        "dense": lambda: bare.ask(plain(known, count, "dense"), expect=200),
        "lookup": lambda: ours.ask(lookups, expect=303),
        "page": lambda: ours.ask(views, expect=200),
    }


def plain(known: list[tuple[str, str]], count: int, page: str) -> list[bytes]:
    """Requests for the bare page of that name."""
    asked = (f"/{page}/{known[i % len(known)][1]}/" for i in range(count))
    return [request("GET", path, Host="localhost", Accept_Encoding="gzip") for path in asked]


def a_page(server: Server, known: list[tuple[str, str]]) -> bytes:
    """The invoice page as it is, before compression."""
    guest = Guest.at(server)
    looked_up = server.ask(guest.lookups(known, 1), expect=303).run
    (view,) = pages(looked_up, 1, guest=guest)
    return server.ask([view.replace(b"Accept-Encoding: gzip\r\n", b"")], expect=200, users=1).run.answers[0].body


def rows_of(site: Site, size: int, count: int, rounds: int) -> list[report.Row]:
    known = site.fill(size)
    ours = site.ours()
    bare = site.bare(a_page(ours, known))
    found = report.interleaved(sides(ours, bare, known, count), rounds=rounds)
    ours.stop()
    bare.stop()
    rows = []
    for name, what in (("lookup", "lookup by reference"), ("page", "invoice page")):
        last = found[name][-1].run
        more: dict[str, Any] = {f"p{percent}_ms": round(last.milliseconds(percent)) for percent in (50, 95, 99)}
        more |= {"database_mb": site.megabytes, "bytes": len(last.answers[-1].body)}
        for limit in VALUES:
            rows += beside(f"{what}, {size:,} invoices", found[name], found[limit], limit, count, more)
    return rows


def beside(
    what: str, ours: list[Spent], bare: list[Spent], limit: str, count: int, more: dict[str, Any]
) -> list[report.Row]:
    """One of ours beside one of the bare pages: by the clock and by the processor."""
    same: dict[str, Any] = {"limit_is": LIMIT.format(VALUES[limit]), "target": TARGETS[limit]}
    clock = {"ours": [one.seconds for one in ours], "limit": [one.seconds for one in bare]}
    cpu = {"ours": [one.cpu for one in ours], "limit": [one.cpu for one in bare]}
    what += f", beside {VALUES[limit]} values"
    return [
        report.rates(what, "requests", count, **clock, **same, **more),
        report.costs(what, "request", count, **cpu, **same),
    ]


def main() -> None:
    database, *rest = sys.argv[1:]
    options = report.options(rest)
    ends: list[Callable[[], object]] = []
    try:
        site = Site(database, ends.append)
        sizes = QUICK_SIZES if options.quick else LARGE_SIZES if options.large else SIZES[database]
        count = QUICK_REQUESTS if options.quick else REQUESTS
        rows = [row for size in sizes for row in rows_of(site, size, count, options.rounds)]
    finally:
        for end in reversed(ends):
            end()
    report.publish("pages", database=database, rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    main()
