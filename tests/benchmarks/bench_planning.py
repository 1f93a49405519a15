"""Planning reminders at scale, on PostgreSQL: `python -m tests.benchmarks.bench_planning [--rounds N] [--quick]`.

In every round, one after the other: one statement written by hand that does nothing but insert (the limit), the
product's planner, and a loop that asks and writes row by row (on a part of the rows, scaled up). Each starts from
the same rows. Says too how much memory the planner used at most, in a process of its own.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from tests.benchmarks import report
from tests.benchmarks.ground import ground

QUICK_INVOICES, INVOICES, LARGE_INVOICES = 20_000, 400_000, 2_000_000
QUICK_DUE, DUE, LARGE_DUE = 500, 20_000, 50_000
QUICK_LOOP_ROWS, LOOP_ROWS = 50, 400
TODAY = date(2026, 6, 15)
BY_HAND = """
    INSERT INTO billing_reminderstep (invoice_id, step, due_on, planned_on, status, reason, created_at)
    SELECT i.id, i.next_step, i.due_on, %(today)s, 'planned', '', now() FROM billing_invoice i
    WHERE i.settled_at IS NULL AND i.withdrawn_at IS NULL AND i.next_step_on <= %(today)s
      AND NOT EXISTS (SELECT 1 FROM billing_hold h WHERE h.invoice_id = i.id AND h.released_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM billing_paymentplan p WHERE p.invoice_id = i.id AND p.status = 'active')
    ON CONFLICT DO NOTHING
"""
INSERT_INVOICES = """
    INSERT INTO billing_invoice (provider_id, patient_id, number, payment_reference, token, issued_on, due_on,
        created_at, settled_at, withdrawn_at, next_step, next_step_on, fingerprint, for_goods, search_text)
    SELECT %(provider)s, %(patient)s, 'B' || n, lpad(n::text, 16, '0'), md5(n::text), %(today)s::date - 60,
        %(today)s::date - 30, now(), CASE WHEN n %% 5 > 0 THEN now() END, NULL, 2,
        %(today)s::date + CASE WHEN n %% %(each)s = 0 THEN -(n / %(each)s) %% 5 ELSE 1 + n %% 40 END, '', false, ''
    FROM generate_series(1, %(invoices)s) n
"""


def fill(invoices: int, due: int) -> None:
    """Rows of which four in five are settled, and `due` (or a few less) wait for their step."""
    from django.db import connection

    from billing.models import Hold, Invoice, PaymentPlan
    from tests import factories

    patient = factories.patient()
    each = max(5, invoices // due // 5 * 5)  # a multiple of 5: an unsettled one
    facts = {"provider": patient.provider_id, "patient": patient.pk, "today": TODAY, "invoices": invoices, "each": each}
    with connection.cursor() as cursor:
        cursor.execute(INSERT_INVOICES, facts)
    waiting = Invoice.objects.filter(settled_at=None, next_step_on__lte=TODAY).order_by("pk")
    ids = list(waiting.values_list("pk", flat=True))[::50]  # one in fifty is on hold
    Hold.objects.bulk_create(Hold(invoice_id=pk, reason="staff", placed_by="bench") for pk in ids[::2])
    PaymentPlan.objects.bulk_create(
        PaymentPlan(invoice_id=pk, kind="deferral", total=Decimal("10.00"), agreed_by="bench") for pk in ids[1::2]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE billing_reminderstep")


def by_hand() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(BY_HAND, {"today": TODAY})
        return cursor.rowcount


def row_by_row(most: int) -> int:
    """What a plain loop over objects does, on the first `most` of them."""
    from billing.models import Hold, Invoice, PaymentPlan, ReminderStep

    due = Invoice.objects.filter(settled_at=None, withdrawn_at=None, next_step_on__lte=TODAY).order_by("pk")
    planned = 0
    for invoice in due[:most]:
        if Hold.objects.filter(invoice=invoice, released_at=None).exists():
            continue
        if PaymentPlan.objects.filter(invoice=invoice, status="active").exists():
            continue
        facts = {"invoice": invoice, "step": invoice.next_step, "due_on": invoice.due_on}
        planned += ReminderStep.objects.get_or_create(**facts, defaults={"planned_on": TODAY})[1]
    return planned


def planner_memory() -> float:
    """The most megabytes of a process that only plans."""
    empty()
    command = [sys.executable, "-m", "tests.benchmarks.bench_planning", "--memory"]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ).stdout)


def plan_once() -> None:
    """In the environment of the process that asks for it."""
    import django

    django.setup()
    from billing.dunning.planning import plan

    plan(TODAY)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)  # noqa: T201


def main(options: report.Options) -> None:
    invoices = options.of(QUICK_INVOICES, INVOICES, LARGE_INVOICES)
    due, loop_rows = options.of(QUICK_DUE, DUE, LARGE_DUE), QUICK_LOOP_ROWS if options.quick else LOOP_ROWS
    with ground(postgresql=True):
        from billing.dunning import planning

        fill(invoices, due)
        amount = by_hand()

        def seconds(act: Callable[[], int]) -> float:
            """For as many rows as the statement writes."""
            empty()
            began = time.perf_counter()
            planned = act()
            return (time.perf_counter() - began) * amount / planned

        def ours() -> float:
            took = seconds(lambda: planning.plan(TODAY))
            assert planning.plan(TODAY) == 0  # all at once, and nothing twice
            return took

        sides = {
            "limit": lambda: seconds(by_hand),
            "ours": ours,
            "loop": lambda: seconds(lambda: row_by_row(loop_rows)),
        }
        found = report.interleaved(sides, rounds=options.rounds)
        memory = planner_memory()
    what, planner = f"reminders planned of {invoices:,} invoices", {"ours": found["ours"]}
    rows = [
        report.rates(
            what, "reminders", amount, **planner, limit=found["limit"], limit_is="one INSERT … SELECT by hand",
            target=0.7, reminders=amount, peak_memory_mb=memory,
        ),
        report.rates(
            f"{what} (loop)", "reminders", amount, **planner, limit=found["loop"], limit_is="a loop over objects"
        ),
    ]  # fmt: skip
    report.publish("planning", database="postgresql", rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    if "--memory" in sys.argv:
        plan_once()
    else:
        main(report.options())
