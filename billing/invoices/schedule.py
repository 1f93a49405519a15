"""Where an invoice stands on the ladder of reminders: which step comes next, and on which day it falls.

The steps that were lawfully taken are rows; the pointer on the invoice (`next_step`, `next_step_on`) is computed from
them here and nowhere else, so that it can't disagree with them. It only says when to look: whether a letter may go
out is decided when it is made, and once more when it is sent.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

from billing.invoices.letter_steps import LETTERS
from billing.law import calendar
from billing.models import Invoice, ReminderStep

Step, Status = ReminderStep.Step, ReminderStep.Status
STANDING = (Status.PLANNED, Status.COMPOSED, Status.TAKEN)
_AGAIN = (Status.PLANNED, Status.VOID)


def plan_announcements(new: Iterable[tuple[int, date]]) -> None:
    """Plan the announcement of new invoices, (key, last day to pay) each: a worker makes the mails afterwards.

    The pointer of a new invoice stands at the step after it, as `aim` would set it.
    """
    today = timezone.localdate()
    ReminderStep.objects.bulk_create(
        ReminderStep(invoice_id=pk, step=Step.NOTICE, due_on=due_on, planned_on=today) for pk, due_on in new
    )


def interrupt(invoice: Invoice, *, due_on: date | None = None, today: date | None = None) -> None:
    """Cut short what is under way on a locked invoice, and aim the ladder at its first step not lawfully taken.

    Call it whenever a hold, deferral or plan begins or ends; `due_on` gives the invoice a new last day to pay (it
    must not be before the invoice date). Steps that are planned or in a letter not yet sent are dropped, and a letter
    whose time to pay was still running is void for this invoice: that step is taken again, whole.
    """
    today = today or timezone.localdate()
    for row in ReminderStep.objects.filter(invoice=invoice, status__in=STANDING).select_related("letter__message"):
        if LETTERS[Step(row.step)].interrupted and not _told_of_costs(row):
            _void_if_running(row, today)
    if due_on:
        invoice.due_on = due_on
        Invoice.objects.filter(pk=invoice.pk).update(due_on=due_on)
    reschedule(invoice, today=today)


def _told_of_costs(row: ReminderStep) -> bool:
    """Whether the patient was told of costs that stand: told again, they would look like costs that came twice."""
    message = row.letter.message if row.step == Step.NOTICE_OF_COSTS and row.letter else None
    return message is not None and message.sent_at is not None


def _void_if_running(row: ReminderStep, today: date) -> None:
    if row.status != Status.TAKEN:
        close(row, Status.DROPPED, "interrupted")
    elif runs_until(row) >= today:
        close(row, Status.VOID, "interrupted")


def close(row: ReminderStep, status: ReminderStep.Status, reason: str) -> None:
    """End a step that was not taken after all, or not lawfully. Under the lock of its invoice."""
    ReminderStep.objects.filter(pk=row.pk).update(status=status, reason=reason, closed_at=timezone.now())
    row.status, row.reason = status, reason


def void_final_notice(invoice: Invoice, reason: str) -> None:
    """The 14-day letter of a locked invoice no longer counts, nor does what was built on it: the next is sent whole."""
    built = ReminderStep.objects.filter(invoice=invoice, step__gte=Step.FINAL_NOTICE, status=Status.TAKEN)
    for row in built:
        close(row, Status.VOID, reason)


def runs_until(row: ReminderStep) -> date:
    """The last day on which the step that was taken still gives its reader time: the day that its letter named.

    A 14-day letter that has not led to costs has not run out: interrupted, it must be sent again (6:96 lid 6 BW).
    """
    letter = row.letter
    if letter is None or letter.sent_on is None:
        return row.planned_on
    if row.step == Step.FINAL_NOTICE and not letter.costs_booked_at:
        return date.max
    return named_day(row.step, letter.sent_on)


def named_day(step: int, sent_on: date) -> date:
    """The day that a letter of `step` names as its last: a promise, so nothing further leaves before it has passed.

    Never earlier than a literal reader of the term may count: delivery counts from the day after sending, and
    fifteen days after it is one more than the law's fourteen. A letter is only sent on the day it was made.
    """
    delivery = calendar.delivered_on(sent_on, calendar.Channel.EMAIL)
    return calendar.roll_to_working_day(delivery + timedelta(days=LETTERS[Step(step)].days()))


def reschedule(invoice: Invoice, *, today: date) -> None:
    """Set the pointer of a locked invoice from the steps that stand."""
    invoice.next_step, invoice.next_step_on = _next_step(invoice, today)
    Invoice.objects.filter(pk=invoice.pk).update(next_step=invoice.next_step, next_step_on=invoice.next_step_on)


def suspend(invoice: Invoice) -> None:
    """Take no step until a person acts: the pointer keeps the step and loses its day."""
    invoice.next_step_on = None
    Invoice.objects.filter(pk=invoice.pk).update(next_step_on=None)


def first_note_on(due_on: date) -> date:
    """The day of the friendly note, before anything is late."""
    return due_on - timedelta(days=settings.NOTE_BEFORE_DUE_DAYS)


def time_to_pay(invoice: Invoice, *, today: date) -> date:
    """A last day to pay that leaves at least the days of a late invoice from `today`, never before the one it had."""
    return max(invoice.due_on, today + timedelta(days=settings.LATE_INVOICE_TERM_DAYS))


def reminder_on(due_on: date) -> date:
    """The day of the reminder: payments of the last day have had time to arrive."""
    return calendar.working_days_after(due_on, settings.REMINDER_AFTER_WORKING_DAYS)


def reaction_ends(notice: ReminderStep, step: int) -> date:
    """The first day on which somebody who got the announcement that day may get `step`, be it before or after due."""
    sent_on = notice.letter.sent_on if notice.letter else None
    if sent_on is None:
        return date.min
    if step == Step.NOTE:
        return sent_on + timedelta(days=settings.NOTE_BEFORE_DUE_DAYS)
    return named_day(Step.NOTICE, sent_on) + timedelta(days=1)


def _next_step(invoice: Invoice, today: date) -> tuple[int, date | None]:
    rows = list(ReminderStep.objects.filter(invoice=invoice).select_related("letter").order_by("pk"))
    standing = {row.step: row for row in rows if row.status in STANDING}
    if under_way := [row for row in rows if row.status == Status.COMPOSED and row.step != Step.NOTICE]:
        return under_way[-1].step + 1, None  # its own day is known once it was sent
    if Step.NOTICE not in standing:
        return Step.NOTICE, today
    noted = any(row.step == Step.NOTE and row.due_on == invoice.due_on and row.status not in _AGAIN for row in rows)
    if not noted and Step.REMINDER not in standing and today < invoice.due_on:
        return Step.NOTE, first_note_on(invoice.due_on)
    step = next((s for s in Step if s > Step.NOTE and not _is_taken(standing.get(s))), None)
    if step is None:
        return Step.HAND_OVER, None
    before = standing.get(step - 1) if step > Step.REMINDER else None
    runs = earliest_after(before) if before else reaction_ends(standing[Step.NOTICE], step)
    day = max(runs, reminder_on(invoice.due_on))
    told = [row for row in rows if row.step != Step.NOTICE or row.status in STANDING]
    if any(row.due_on != invoice.due_on or row.reason == "interrupted" for row in told):
        day = max(day, invoice.due_on + timedelta(days=settings.RESUME_AFTER_DAYS))
    return step, day


def _is_taken(row: ReminderStep | None) -> bool:
    return row is not None and row.status == Status.TAKEN


def earliest_after(before: ReminderStep) -> date:
    """The first day for the step after one that was taken: the day it named has passed, and bank days after it."""
    letter = before.letter
    if letter is None or letter.sent_on is None:
        return date.max if before.step == Step.FINAL_NOTICE else before.planned_on
    named = named_day(before.step, letter.sent_on)
    day = calendar.working_days_after(named, calendar.BOOKING_MARGIN_WORKING_DAYS)
    return max(day, letter.book_costs_on) if letter.book_costs_on else day
