"""Reminding: planning the steps that fall today, having their letters made, and what staff may do about it.

Planning is one statement for thousands of invoices and decides nothing that costs a patient money: it writes down
candidates. `letters` looks at each again, under locks, when it is made and when it is sent.
"""

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, charges, ladder, letters, plans
from billing.errors import Refused
from billing.invoices import place_hold, release_hold
from billing.ledger import lock_invoice
from billing.letters import report_bounce
from billing.models import Hold, Invoice, Letter, OutboxMessage, PaymentPlan, ReminderStep, StaffItem
from billing.rule_failures import run_alone

__all__ = ["doubt_due", "pause", "plan", "report_bounce", "resume", "run_day", "sweep"]
Step, Status = ReminderStep.Step, ReminderStep.Status

PLAN_CHUNK = 5000
SWEEP_BATCH, SWEEP_SECONDS = 1000, 20

_OPEN = "i.settled_at IS NULL AND i.withdrawn_at IS NULL AND i.next_step_on = %(day)s AND i.id > %(after)s"
_TABLES = {model.__name__: model._meta.db_table for model in (Invoice, ReminderStep, Hold, PaymentPlan)}
_BOUND = """
    SELECT i.id FROM {Invoice} i WHERE {open} ORDER BY i.id LIMIT 1 OFFSET %(last)s
""".format(open=_OPEN, **_TABLES)  # noqa: S608
# The WHERE is also what lets SQLite tell the conflict clause from a join.
_PLAN = """
    INSERT INTO {ReminderStep} (invoice_id, step, due_on, planned_on, status, reason, created_at)
    SELECT i.id, i.next_step, i.due_on, %(today)s, 'planned', '', %(now)s FROM {Invoice} i
    WHERE {open} AND i.id <= %(bound)s
      AND NOT EXISTS (SELECT 1 FROM {Hold} h WHERE h.invoice_id = i.id AND h.released_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM {PaymentPlan} p WHERE p.invoice_id = i.id AND p.status = 'active')
    ON CONFLICT DO NOTHING
""".format(open=_OPEN, **_TABLES)  # noqa: S608  names of our models
_LAST_ID = 2**63 - 1


def run_day(today: date) -> int:
    """The day's rule, as beat runs it: plan what falls today or fell while nobody looked. Twice changes nothing."""
    return plan(today)


def plan(today: date) -> int:
    """Write down the next step of every open invoice whose day has come; returns how many were new.

    Set-based, a few thousand invoices to a transaction, day by day: memory stays flat, and the unique key makes a
    second beat at the same time add nothing. One step for each invoice, the lowest not taken: days that nobody
    planned (a week of downtime) never stack.
    """
    return sum(_plan_day(day, today) for day in _days(today))


def _days(today: date) -> Iterator[date]:
    """The days on which steps fall, walked along the index: never the rows themselves."""
    waiting = Invoice.objects.filter(settled_at=None, withdrawn_at=None, next_step_on__isnull=False)
    day = date.min
    while found := (
        waiting.filter(next_step_on__gt=day, next_step_on__lte=today)
        .order_by("next_step_on", "pk")
        .values_list("next_step_on", flat=True)
        .first()
    ):
        day = found
        yield day


def _plan_day(day: date, today: date) -> int:
    planned, after = 0, 0
    adapt = connection.ops.adapt_datefield_value
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    while True:
        facts = {"day": adapt(day), "today": adapt(today), "now": now, "after": after, "last": PLAN_CHUNK - 1}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_BOUND, facts)
            row = cursor.fetchone()
            bound = row[0] if row else _LAST_ID
            cursor.execute(_PLAN, facts | {"bound": bound})
            planned += cursor.rowcount
        if row is None:
            return planned
        after = bound


def sweep(*, now: datetime | None = None) -> None:
    """Follow the letters that went out, and make those that are planned, as long as this turn lasts.

    One on which that fails keeps no other waiting.
    """
    now = now or timezone.now()
    stop_at = time.monotonic() + SWEEP_SECONDS
    sent = Letter.objects.filter(sent_on=None, voided_at=None, message__status=OutboxMessage.Status.SENT)
    for letter_id in sent.order_by("pk").values_list("pk", flat=True)[:SWEEP_BATCH]:
        _alone(letters.follow, letter_id, now, Invoice.objects.filter(reminder_steps__letter=letter_id))
    waiting = ReminderStep.objects.filter(status=Status.PLANNED)
    if not letters.may_go_out(Step.REMINDER, now):
        waiting = waiting.filter(step=Step.NOTICE)
    if not letters.may_go_out(Step.NOTICE, now):
        waiting = waiting.exclude(step=Step.NOTICE)
    found = waiting.order_by("pk").values_list("invoice__patient_id", flat=True)[:SWEEP_BATCH]
    for patient_id in dict.fromkeys(found):
        if time.monotonic() > stop_at:
            return
        of_patient = Invoice.objects.filter(patient=patient_id, reminder_steps__status=Status.PLANNED)
        _alone(letters.compose, patient_id, now, of_patient)


def _alone(act: Callable[..., None], row_id: int, now: datetime, about: QuerySet[Invoice]) -> None:
    """A letter that can't be made or followed keeps nobody else's waiting."""
    today = timezone.localdate(now)
    run_alone(partial(act, row_id, now=now), key=f"{act.__name__}:{row_id}", about=about, today=today)


# --- after a backup was restored ------------------------------------------------------------------


def doubt_due(today: date) -> int:
    """Let every ladder rest whose next letter may have left since the backup was made: a person decides.

    That is each open invoice with a planned step or one whose day has come; what was to come later can't have left.
    How many there were. No worker may run yet.
    """
    found = list(_may_have_moved(today).order_by("pk").values_list("pk", flat=True))
    for invoice_id in found:
        with transaction.atomic():
            invoice = lock_invoice(invoice_id)
            for row in ReminderStep.objects.filter(_LETTER_PLANNED, invoice=invoice):
                ladder.close(row, Status.DROPPED, "restored")
            ladder.rest(invoice)
            audit.record("ladder_in_doubt", by="system", invoice=invoice)
            audit.ask_staff(
                StaffItem.Kind.MESSAGE_IN_DOUBT,
                dedupe_key=f"restored:{today}:{invoice_id}",
                invoice=invoice,
                note="a letter may have left after the backup that was restored",
            )
    return len(found)


_LETTER_PLANNED = Q(status=Status.PLANNED, step__lt=Step.HAND_OVER)  # handing over is no letter


def _may_have_moved(today: date) -> QuerySet[Invoice]:
    """Those that a hold or a plan keeps back go on in their own time, when it ends."""
    held = Hold.objects.filter(invoice=OuterRef("pk"), released_at=None)
    agreed = PaymentPlan.objects.filter(invoice=OuterRef("pk"), status=PaymentPlan.Status.ACTIVE)
    due = Q(next_step_on__lte=today, next_step__lt=Step.HAND_OVER) & ~Exists(held) & ~Exists(agreed)
    planned = Exists(ReminderStep.objects.filter(_LETTER_PLANNED, invoice=OuterRef("pk")))
    return Invoice.objects.filter(due | planned, settled_at=None, withdrawn_at=None)


# --- what staff may do ----------------------------------------------------------------------------


def staff_acts(invoice: Invoice) -> tuple[str, ...]:
    """The names of what staff may do about the ladder of this invoice now."""
    if invoice.withdrawn_at or invoice.settled_at:
        return ()
    paused = Hold.objects.filter(invoice=invoice, reason=Hold.Reason.STAFF, released_at=None).exists()
    acts = ["resume"] if paused or _is_stuck(invoice) else []
    if not paused:
        acts.append("pause")
    if not _announcement(invoice).filter(status=Status.TAKEN).exists():
        acts.append("delivered")
    if invoice.next_step > Step.FINAL_NOTICE:
        acts.append("waive")
    if plans.unreminded_miss(invoice, today=timezone.localdate()):
        acts.append("end_plan")
    return tuple(acts)


def _is_stuck(invoice: Invoice) -> bool:
    """Whether the ladder rests until a person acts: nothing is planned, and no letter is on its way."""
    if invoice.next_step_on is not None or invoice.next_step == Step.HAND_OVER:
        return False
    composed = ReminderStep.objects.filter(invoice=invoice, status=Status.COMPOSED).exclude(step=Step.NOTICE)
    failed = OutboxMessage.Status.FAILED
    return not composed.exclude(letter__message__status=failed).exists()


def _announcement(invoice: Invoice) -> QuerySet[ReminderStep]:
    return ReminderStep.objects.filter(invoice=invoice, step=Step.NOTICE, status__in=ladder.STANDING)


def _require_reason(note: str) -> str:
    if not note.strip():
        raise Refused(_("Say why. Your colleagues read it on the timeline."))
    return note.strip()[:200]


def mark_announced(invoice: Invoice, *, by: str, note: str, today: date | None = None) -> None:
    """The invoice reached the patient in another way (on paper, at the desk): the ladder may begin.

    It gets at least the days of a late invoice to pay. Raises Refused without a reason, or when it was announced.
    """
    note, today = _require_reason(note), today or timezone.localdate()
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        if _announcement(locked).filter(status=Status.TAKEN).exists():
            raise Refused(_("The patient was told about this invoice already."))
        for row in _announcement(locked):
            ladder.close(row, Status.DROPPED, "by_hand")
        due_on = ladder.time_to_pay(locked, today=today)
        ReminderStep.objects.create(
            invoice=locked, step=Step.NOTICE, due_on=due_on, planned_on=today, status=Status.TAKEN,
            reason="by_hand", closed_at=timezone.now(),
        )  # fmt: skip
        ladder.move_ladder(locked, due_on=due_on, today=today)
        audit.record("announced_by_hand", by=by, invoice=locked, note=note)


def waive_charges(invoice: Invoice, *, by: str, note: str) -> None:
    """Take costs and interest off. Raises Refused without a reason, or when there are none."""
    note = _require_reason(note)
    if not charges.waive(invoice, by=by, note=note):
        raise Refused(_("No costs or interest were charged on this invoice."))


def end_plan(invoice: Invoice, *, by: str, note: str, today: date | None = None) -> None:
    """End a payment plan whose reminder could not be delivered. Raises Refused without a reason, or when it may not."""
    plans.end_unreminded(invoice, by=by, note=_require_reason(note), today=today or timezone.localdate())


def pause(invoice: Invoice, *, by: str, note: str) -> None:
    """Let the invoice rest, with the reason. Raises Refused without one, or when staff paused it already."""
    note = _require_reason(note)
    with transaction.atomic():
        lock_invoice(invoice.pk)
        if Hold.objects.filter(invoice=invoice, reason=Hold.Reason.STAFF, released_at=None).exists():
            raise Refused(_("This invoice is paused already."))
        place_hold(invoice, Hold.Reason.STAFF, by=by, note=note)


def resume(invoice: Invoice, *, by: str, note: str, today: date | None = None) -> None:
    """Let the ladder go on: ends the pause of staff, and starts again where a letter did not arrive.

    After a pause, as its page promises, the last day to pay lies ahead; so it does when the invoice was never
    announced and is announced anew. Raises Refused without a reason, or when nothing keeps the ladder back.
    """
    note, today = _require_reason(note), today or timezone.localdate()
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        undelivered = _drop_undelivered(locked)
        announced = _announcement(locked).exists()
        paused = Hold.objects.filter(invoice=locked, reason=Hold.Reason.STAFF, released_at=None).exists()
        if not (paused or undelivered or not announced or _is_stuck(locked)):
            raise Refused(_("Nothing keeps this invoice back."))
        due_on = ladder.time_to_pay(locked, today=today) if paused or not announced else None
        if paused:
            release_hold(locked, Hold.Reason.STAFF, by=by, due_on=due_on, today=today)
        else:
            ladder.move_ladder(locked, due_on=due_on, today=today)
        audit.record("ladder_resumed", by=by, invoice=locked, note=note)


def _drop_undelivered(invoice: Invoice) -> bool:
    """Give up letters that the mail server refused for good: a new one is made in their place."""
    stuck = ReminderStep.objects.filter(
        invoice=invoice, status=Status.COMPOSED, letter__message__status=OutboxMessage.Status.FAILED
    )
    rows = list(stuck)
    for row in rows:
        ladder.close(row, Status.DROPPED, "not_delivered")
    return bool(rows)
