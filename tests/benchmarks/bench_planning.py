"""Planning reminders at scale, on PostgreSQL: `python -m tests.benchmarks.bench_planning [invoices] [due] [rounds]`.

In every round, one after the other: one statement written by hand that does nothing but insert (the limit), the
product's planner, and a loop that asks and writes row by row (on a part of the rows, scaled up). Each starts from
the same rows. Prints medians of the ratios, and the most memory the planner used, in a process of its own.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from tests import environment, servers

TODAY = date(2026, 6, 15)
LOOP_ROWS = 1000
BY_HAND = """
    INSERT INTO billing_reminderstep (invoice_id, step, due_on, planned_on, status, reason, created_at)
    SELECT i.id, i.next_step, i.due_on, %(today)s, 'planned', '', now() FROM billing_invoice i
    WHERE i.settled_at IS NULL AND i.withdrawn_at IS NULL AND i.next_step_on <= %(today)s
      AND NOT EXISTS (SELECT 1 FROM billing_hold h WHERE h.invoice_id = i.id AND h.released_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM billing_paymentplan p WHERE p.invoice_id = i.id AND p.status = 'active')
    ON CONFLICT DO NOTHING
"""
INVOICES = """
    INSERT INTO billing_invoice (provider_id, patient_id, number, payment_reference, token, issued_on, due_on,
        created_at, settled_at, withdrawn_at, next_step, next_step_on, fingerprint)
    SELECT %(provider)s, %(patient)s, 'B' || n, lpad(n::text, 16, '0'), md5(n::text), %(today)s::date - 60,
        %(today)s::date - 30, now(), CASE WHEN n %% 5 > 0 THEN now() END, NULL, 2,
        %(today)s::date + CASE WHEN n %% %(each)s = 0 THEN -(n / %(each)s) %% 5 ELSE 1 + n %% 40 END, ''
    FROM generate_series(1, %(invoices)s) n
"""


def fill(invoices: int, due: int) -> int:
    """Rows of which four in five are settled, and `due` (or a few less) wait for their step; how many do."""
    from django.db import connection

    from billing.models import Hold, Invoice, PaymentPlan
    from tests import factories

    patient = factories.patient()
    each = max(5, invoices // due // 5 * 5)  # a multiple of 5: an unsettled one
    facts = {"provider": patient.provider_id, "patient": patient.pk, "today": TODAY, "invoices": invoices, "each": each}
    with connection.cursor() as cursor:
        cursor.execute(INVOICES, facts)
    waiting = Invoice.objects.filter(settled_at=None, next_step_on__lte=TODAY).order_by("pk")
    ids = list(waiting.values_list("pk", flat=True))[::50]  # one in fifty rests
    Hold.objects.bulk_create(Hold(invoice_id=pk, reason="staff", placed_by="bench") for pk in ids[::2])
    PaymentPlan.objects.bulk_create(
        PaymentPlan(invoice_id=pk, kind="deferral", total=Decimal("10.00"), agreed_by="bench") for pk in ids[1::2]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return waiting.count()


def empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE billing_reminderstep")


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    empty()
    started = time.perf_counter()
    result = act()
    return time.perf_counter() - started, result


def by_hand() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(BY_HAND, {"today": TODAY})
        return cursor.rowcount


def row_by_row() -> int:
    """What a plain loop over objects does, on LOOP_ROWS of them."""
    from billing.models import Hold, Invoice, PaymentPlan, ReminderStep

    due = Invoice.objects.filter(settled_at=None, withdrawn_at=None, next_step_on__lte=TODAY).order_by("pk")
    planned = 0
    for invoice in due[:LOOP_ROWS]:
        if Hold.objects.filter(invoice=invoice, released_at=None).exists():
            continue
        if PaymentPlan.objects.filter(invoice=invoice, status="active").exists():
            continue
        facts = {"invoice": invoice, "step": invoice.next_step, "due_on": invoice.due_on}
        planned += ReminderStep.objects.get_or_create(**facts, defaults={"planned_on": TODAY})[1]
    return planned


def main(invoices: int, due: int, rounds: int) -> dict[str, Any]:
    from django.core.management import call_command

    from billing import reminders

    call_command("migrate", verbosity=0)
    waiting = fill(invoices, due)
    limits, ours, loops, again = [], [], [], []
    for _round in range(rounds):
        hand, inserted = timed(by_hand)
        own, planned = timed(lambda: reminders.plan(TODAY))
        assert planned == inserted, (planned, inserted)
        started = time.perf_counter()
        assert reminders.plan(TODAY) == 0
        again.append(time.perf_counter() - started)
        loop, looped = timed(row_by_row)
        limits.append(hand)
        ours.append(own)
        loops.append(loop / looped * planned)
    return {
        "invoices": invoices,
        "due": waiting,
        "planned": planned,
        "rounds": rounds,
        "seconds_by_hand": statistics.median(limits),
        "seconds_planner": statistics.median(ours),
        "seconds_second_run": statistics.median(again),
        "seconds_row_by_row": statistics.median(loops),
        "share_of_the_statement": statistics.median(h / o for h, o in zip(limits, ours, strict=True)),
        "times_the_loop": statistics.median(s / o for s, o in zip(loops, ours, strict=True)),
        "peak_memory_mb": planner_memory(),
    }


def planner_memory() -> float:
    """The most memory of a process that only plans."""
    empty()
    result = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_planning", "--memory"],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(result.stdout)


if __name__ == "__main__":
    started: list[Callable[[], object]] = []
    try:
        if "--memory" in sys.argv:
            import django

            django.setup()
            from billing.reminders import plan

            plan(TODAY)
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)  # noqa: T201
        else:
            environment.prepare(servers=servers.start_all(started.append))
            import django

            django.setup()
            numbers = [int(word) for word in sys.argv[1:]]
            invoices, due, rounds = (numbers + [2_000_000, 50_000, 5][len(numbers) :])[:3]
            print(json.dumps(main(invoices, due, rounds), indent=2))  # noqa: T201
    finally:
        for end in reversed(started):
            end()
