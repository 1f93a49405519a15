"""The start page of a practice with 5,000 cases, on PostgreSQL: `python -m tests.benchmarks.bench_desk [--rounds N]
[--quick]`.

In every round, one after the other: requests to a bare Django view with one indexed query of 50 cases and a table of
as many bytes as ours (the limit), and to the product's page, which signs in, counts, sums the ledger and writes down
who looked. How many queries that takes is pinned in tests/coulance/desk/test_desk.py.
"""

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from tests.benchmarks import report
from tests.benchmarks.ground import ground

CASES, REQUESTS = 5_000, 60
QUICK_CASES, QUICK_REQUESTS = 200, 10
SHOWN = 50
LIMIT = f"a bare Django view: one indexed query of {SHOWN} rows, a table of as many bytes"
_ROW = "{% for one in cases %}<tr><td>{{ one.invoice.number }}<td>{{ one.provider_since }}<td>FILL{% endfor %}"


@lru_cache
def template(fill: int) -> Any:
    return engines["django"].from_string(f"<!doctype html><table>{_ROW.replace('FILL', 'x' * fill)}</table>")


def table(request: HttpRequest, fill: int) -> HttpResponse:
    """The bare view: the cases that wait longest, each with so many letters more."""
    from coulance.models import CoulanceCase

    found = CoulanceCase.objects.filter(status="at_provider").select_related("invoice").order_by("provider_since", "pk")
    return HttpResponse(template(fill).render({"cases": found[:SHOWN]}, request))


urlpatterns = [path("bare/<int:fill>/", table)]


def signed_in_with(cases: int) -> str:
    """The cookie of somebody at a desk at which so many cases wait."""
    from django.conf import settings
    from django.db import connection

    from tests.coulance.desk.desk_cases import at_desk, staff_of
    from tests.coulance.desk.test_desk import add_many
    from tests.portal.staff.staff_client import signed_in

    case = at_desk()
    add_many(case, cases - 1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={signed_in(staff_of(case)).cookies[name].value}"


def main(options: report.Options) -> None:
    cases, requests = (QUICK_CASES, QUICK_REQUESTS) if options.quick else (CASES, REQUESTS)
    with ground(postgresql=True):
        from portal.wsgi import application
        from tests.benchmarks import wsgi

        cookie, bare = signed_in_with(cases), wsgi.bare_application(__name__)
        size = len(wsgi.ask(application, "/beheer/", cookie=cookie))
        limit = f"/bare/{(size - len(wsgi.ask(bare, '/bare/0/'))) // SHOWN}/"

        def by_bare() -> None:
            for _ in range(requests):
                wsgi.ask(bare, limit)

        def by_ours() -> None:
            for _ in range(requests):
                wsgi.ask(application, "/beheer/", cookie=cookie)

        sides = {"limit": lambda: report.cost_of(by_bare), "ours": lambda: report.cost_of(by_ours)}
        found = report.interleaved(sides, rounds=options.rounds)
        both = {"bytes": size, "bytes_of_the_limit": len(wsgi.ask(bare, limit))}
    what = f"desk with {cases:,} cases"
    rows = [
        report.costs(what, "request", requests, **report.processor(found), limit_is=LIMIT, **both),
        report.rates(what, "requests", requests, **report.clock(found), limit_is=LIMIT, **both),
    ]
    report.publish("desk", database="postgresql", rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    main(report.options())
