"""Planning of dunning steps, and the sweep that has their letters composed and followed up.

Planning is one statement for thousands of invoices and decides nothing that costs a patient money: it records
candidates. `letters` checks each again, under locks, when it is composed and when it is sent.
"""

import time
from collections.abc import Iterator
from datetime import date, datetime
from functools import partial

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from billing import audit, rooms, rows
from billing.dunning import announcements, letters
from billing.dunning.sending_hours import may_be_sent
from billing.failures import due, failed_before, isolated, isolated_together, succeeded
from billing.invoices import schedule
from billing.invoices.holds import stopping
from billing.ledger import lock_invoice
from billing.models import Hold, Invoice, Letter, OutboxMessage, PaymentPlan, ReminderStep, StaffTask
from billing.outbox.delivery import TELL_ROOM
from billing.rooms import Stops

Step, Status = ReminderStep.Step, ReminderStep.Status

PLAN_CHUNK = 5000
SWEEP_BATCH, SWEEP_SECONDS = 1000, 20
FOLLOW, COMPOSE = "follow letter", "compose letters of patient"  # rules that may fail on one of them

_OPEN = "i.settled_at IS NULL AND i.withdrawn_at IS NULL AND i.next_step_on = %(day)s AND i.id > %(after)s"
_TABLES = {model.__name__: model._meta.db_table for model in (Invoice, ReminderStep, Hold, PaymentPlan)}
_BOUND = """
    SELECT i.id FROM {Invoice} i WHERE {open} ORDER BY i.id LIMIT 1 OFFSET %(last)s
""".format(open=_OPEN, **_TABLES)  # noqa: S608
# Without the WHERE, SQLite would parse the conflict clause as part of a join.
_PLAN = """
    INSERT INTO {ReminderStep} (invoice_id, step, due_on, planned_on, status, reason, created_at)
    SELECT i.id, i.next_step, i.due_on, %(today)s, 'planned', '', %(now)s FROM {Invoice} i
    WHERE {open} AND i.id <= %(bound)s
      AND NOT EXISTS (
        SELECT 1 FROM {Hold} h WHERE h.invoice_id = i.id AND h.released_at IS NULL AND h.reason IN {reasons})
      AND NOT EXISTS (SELECT 1 FROM {PaymentPlan} p WHERE p.invoice_id = i.id AND p.status = 'active')
    ON CONFLICT DO NOTHING
"""
_LAST_ID = 2**63 - 1


def run_day(today: date) -> int:
    """Run the day's rule: plan what falls today or was missed before, and return how many. Twice is harmless."""
    return plan(today)


def plan(today: date) -> int:
    """Record the next step of every open invoice whose day has come; return how many were new.

    Set-based, a few thousand invoices per transaction, day by day: memory stays flat, and the unique key makes a
    simultaneous second run add nothing. One step for each invoice, the lowest not taken: missed days (a week of
    downtime) never pile up.
    """
    return sum(_plan_day(day, today) for day in _days(today))


def _days(today: date) -> Iterator[date]:
    """Yield the days on which steps fall, read from the index without touching the rows."""
    waiting = Invoice.objects.filter(settled_at=None, withdrawn_at=None, next_step_on__isnull=False)
    day = date.min
    while following := (
        waiting.filter(next_step_on__gt=day, next_step_on__lte=today)
        .order_by("next_step_on", "pk")
        .values_list("next_step_on", flat=True)
        .first()
    ):
        day = following
        yield day


def _plan_day(day: date, today: date) -> int:
    planned, after = 0, 0
    adapt = connection.ops.adapt_datefield_value
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    reasons = {f"reason{i}": reason for i, reason in enumerate(rooms.reasons_stopping(Stops.REMINDERS))}
    held = f"({', '.join(f'%({name})s' for name in reasons)})"
    statement = _PLAN.format(open=_OPEN, reasons=held, **_TABLES)  # names of our models and placeholders
    while True:
        facts = {"day": adapt(day), "today": adapt(today), "now": now, "after": after, "last": PLAN_CHUNK - 1}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_BOUND, facts)
            row = cursor.fetchone()
            bound = row[0] if row else _LAST_ID
            cursor.execute(statement, facts | reasons | {"bound": bound})
            planned += cursor.rowcount
        if row is None:
            return planned
        after = bound


def sweep(*, now: datetime | None = None) -> bool:
    """Follow up the letters that were sent and compose those that are planned, within the time of one run.

    Neither a failure on one letter nor a thousand that have to wait delay the others: both are tried again later.
    Announcements take half of the time at most, so that neither they nor reminders wait for all of the others. Return
    whether there was more to do than the time allowed.
    """
    now, begun = now or timezone.now(), time.monotonic()
    _follow(now)
    more = _announce(now, until=begun + SWEEP_SECONDS / 2)
    return _compose(now, until=begun + SWEEP_SECONDS) or more


def _follow(now: datetime) -> None:
    sent = Letter.objects.filter(sent_on=None, voided_at=None, message__status=OutboxMessage.Status.SENT)
    missed = list(due(sent, rule=FOLLOW, now=now).order_by("pk").values_list("pk", flat=True)[:SWEEP_BATCH])
    if missed:
        isolated_together(partial(letters.follow, now=now), missed, rule=FOLLOW, about=_about_letter, now=now)
        followed = Letter.objects.filter(pk__in=missed).exclude(sent_on=None).values_list("message_id", flat=True)
        for message_id in failed_before(list(followed), rule=TELL_ROOM):  # when its mail left: it is done now
            succeeded(rule=TELL_ROOM, row=message_id)


def _about_letter(letter_id: int) -> QuerySet[Invoice]:
    return Invoice.objects.filter(reminder_steps__letter=letter_id)


def _announce(now: datetime, *, until: float) -> bool:
    """Make announcements until there are none or the time is over; tell whether some may be left."""
    while announcements.make_next(now=now):
        if time.monotonic() > until:
            return True
        rows.let_others_write()
    return False


def _compose(now: datetime, *, until: float) -> bool:
    """Compose the other letters, one patient after the other; tell whether the time was over before the last."""
    if not may_be_sent(Step.REMINDER, now):
        return False
    timely = Q(next_try_at=None) | Q(next_try_at__lte=now)
    waiting = ReminderStep.objects.filter(timely, status=Status.PLANNED).exclude(step=Step.NOTICE)
    waiting = due(waiting, rule=COMPOSE, now=now, field="invoice__patient")
    in_turn = waiting.order_by(F("next_try_at").asc(nulls_first=True), "pk")
    patient_ids = in_turn.values_list("invoice__patient_id", flat=True)[:SWEEP_BATCH]
    for patient_id in dict.fromkeys(patient_ids):
        if time.monotonic() > until:
            return True
        about = Invoice.objects.filter(patient=patient_id, reminder_steps__status=Status.PLANNED)
        isolated(partial(letters.compose, patient_id, now=now), rule=COMPOSE, row=patient_id, about=about, now=now)
    return False


# --- after a backup was restored ------------------------------------------------------------------


def suspend_in_doubt(today: date) -> int:
    """Suspend the dunning of every invoice whose next letter may have left since the restored backup was made.

    That is each open invoice with a planned step or one whose day has come; a later one can't have left. A person
    decides about each. Return how many there were. No worker may run yet.
    """
    invoice_ids = list(_may_have_moved(today).order_by("pk").values_list("pk", flat=True))
    for invoice_id in invoice_ids:
        with transaction.atomic():
            invoice = lock_invoice(invoice_id)
            for row in ReminderStep.objects.filter(_LETTER_PLANNED, invoice=invoice):
                schedule.close(row, Status.DROPPED, "restored")
            schedule.suspend(invoice)
            audit.record("dunning_in_doubt", by="system", invoice=invoice)
            audit.open_task(
                StaffTask.Kind.MESSAGE_IN_DOUBT,
                dedupe_key=f"restored:{today}:{invoice_id}",
                invoice=invoice,
                note="a letter may have left after the backup that was restored",
            )
    return len(invoice_ids)


_LETTER_PLANNED = Q(status=Status.PLANNED, step__lt=Step.HAND_OVER)  # handing over is no letter


def _may_have_moved(today: date) -> QuerySet[Invoice]:
    """Select the invoices whose next letter may have left; those on hold or in a plan go on when that ends."""
    held = stopping(Stops.REMINDERS, invoice=OuterRef("pk"))
    agreed = PaymentPlan.objects.filter(invoice=OuterRef("pk"), status=PaymentPlan.Status.ACTIVE)
    due = Q(next_step_on__lte=today, next_step__lt=Step.HAND_OVER) & ~Exists(held) & ~Exists(agreed)
    planned = Exists(ReminderStep.objects.filter(_LETTER_PLANNED, invoice=OuterRef("pk")))
    return Invoice.objects.filter(due | planned, settled_at=None, withdrawn_at=None)
