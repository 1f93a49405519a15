"""The dunning schedule of an invoice: which step comes next, and on which day.

The steps that were lawfully taken are rows; the pointer on the invoice (`next_step`, `next_step_on`) is computed from
them by this module, its only writer after intake, so that it can't disagree with them. It only says when to check:
whether a letter may be sent is decided when it is composed, and again when it is sent.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.invoices.letter_steps import LETTERS
from billing.law import calendar
from billing.models import Invoice, ReminderStep, StaffTask
from billing.rows import insert_rows

Step, Status = ReminderStep.Step, ReminderStep.Status
STANDING = (Status.PLANNED, Status.COMPOSED, Status.TAKEN)
_UNTAKEN = (Status.PLANNED, Status.VOID)


def plan_announcements(new: Iterable[tuple[int, date]]) -> None:
    """Plan the announcement of new invoices, (key, last day to pay) each; a worker composes the mails afterwards.

    The pointer of a new invoice is at the step after it, as `reschedule` would set it.
    """
    today = timezone.localdate()
    insert_rows(ReminderStep(invoice_id=pk, step=Step.NOTICE, due_on=due_on, planned_on=today) for pk, due_on in new)


def interrupt(
    invoice: Invoice, *, due_on: date | None = None, today: date | None = None, remind_again: bool = False
) -> None:
    """Interrupt what is under way on a locked invoice, and reschedule it at its first step not lawfully taken.

    Call it whenever a hold, deferral or plan begins or ends; `due_on` gives the invoice a new last day to pay (not
    before the invoice date). Steps that are planned, or in a letter not yet sent, are dropped; a letter whose term was
    still running is void for this invoice, and its step is taken again in full. `remind_again` voids the reminder too:
    whoever was told not to pay yet is not late before a new free reminder has named a day (6:81 to 6:83 BW).
    """
    today = today or timezone.localdate()
    for row in ReminderStep.objects.filter(invoice=invoice, status__in=STANDING).select_related("letter__message"):
        if row.step == Step.HAND_OVER:
            _take_back_from_staff(row)
        elif LETTERS[Step(row.step)].interrupted and not _announced_costs(row):
            _void_if_running(row, today)
        if remind_again and row.step == Step.REMINDER and row.status == Status.TAKEN:
            close(row, Status.VOID, "interrupted")
    if due_on:
        invoice.due_on = due_on
        Invoice.objects.filter(pk=invoice.pk).update(due_on=due_on)
    reschedule(invoice, today=today)


def _take_back_from_staff(row: ReminderStep) -> None:
    """Undo that an invoice was left to staff after its last letter: that comes again after the new last day to pay."""
    close(row, Status.VOID if row.status == Status.TAKEN else Status.DROPPED, "interrupted")
    kind = StaffTask.Kind.READY_FOR_HAND_OVER
    waiting = StaffTask.objects.filter(invoice=row.invoice_id, kind=kind, closed_at=None).select_related("invoice")
    audit.close_superseded(waiting, by="system", reason=_("the invoice is on hold, or paid later"))


def _announced_costs(row: ReminderStep) -> bool:
    """Tell whether the patient was notified of costs that stand: a second notice would look like a second charge."""
    message = row.letter.message if row.step == Step.NOTICE_OF_COSTS and row.letter else None
    return message is not None and message.sent_at is not None


def _void_if_running(row: ReminderStep, today: date) -> None:
    if row.status != Status.TAKEN:
        close(row, Status.DROPPED, "interrupted")
    elif runs_until(row) >= today:
        close(row, Status.VOID, "interrupted")


def close(row: ReminderStep, status: ReminderStep.Status, reason: str) -> None:
    """Close a step that was not taken after all, or not lawfully. Call it with the invoice locked."""
    ReminderStep.objects.filter(pk=row.pk).update(status=status, reason=reason, closed_at=timezone.now())
    row.status, row.reason = status, reason


def running_final_notice(invoice: Invoice) -> date | None:
    """Return the day on which the 14-day letter was sent that has led to no costs yet; None when there is none."""
    rows = ReminderStep.objects.filter(
        invoice=invoice, step=Step.FINAL_NOTICE, status=Status.TAKEN, letter__costs_booked_at=None
    )
    return rows.order_by("pk").values_list("letter__sent_on", flat=True).last()


def void_final_notice(invoice: Invoice, reason: str) -> None:
    """Void the 14-day letter of a locked invoice and the steps after it, so that a full new one is sent."""
    taken = ReminderStep.objects.filter(invoice=invoice, step__gte=Step.FINAL_NOTICE, status=Status.TAKEN)
    for row in taken:
        close(row, Status.VOID, reason)


def void_since(invoice: Invoice, day: date, reason: str) -> None:
    """Void what was sent of a locked invoice on `day` or later and asks to pay: its steps are taken again in full."""
    taken = ReminderStep.objects.filter(invoice=invoice, step__gte=Step.REMINDER, status=Status.TAKEN)
    for row in taken.filter(letter__sent_on__gte=day):
        close(row, Status.VOID, reason)


def stop_for_good(invoice: Invoice, reason: str) -> None:
    """Drop what is under way on a locked invoice that is withdrawn, void its letters, and plan nothing any more."""
    for row in ReminderStep.objects.filter(invoice=invoice, status__in=STANDING):
        if row.status != Status.TAKEN:
            close(row, Status.DROPPED, reason)
    void_final_notice(invoice, reason)
    suspend(invoice)


def runs_until(row: ReminderStep) -> date:
    """Return the last day of the term of a step that was taken: the day that its letter named.

    A 14-day letter that has not led to costs has not expired: interrupted, it must be sent again (6:96 lid 6 BW).
    """
    letter = row.letter
    if letter is None or letter.sent_on is None:
        return row.planned_on
    if row.step == Step.FINAL_NOTICE and not letter.costs_booked_at:
        return date.max
    return named_day(row.step, letter.sent_on)


def named_day(step: int, sent_on: date) -> date:
    """Return the last day that a letter of `step` names: a promise, so nothing further is sent before it has passed.

    Never earlier than the most literal reading of the term: delivery counts from the day after sending, and fifteen
    days after it is one more than the law's fourteen. A letter is only sent on the day it was composed.
    """
    delivery = calendar.delivered_on(sent_on, calendar.Channel.EMAIL)
    return calendar.roll_to_working_day(delivery + timedelta(days=LETTERS[Step(step)].days()))


def last_day(invoice: Invoice) -> date:
    """Return the last day to pay that counts: of the newest letter that asks and stands, never before the due date."""
    asking = ReminderStep.objects.filter(
        invoice=invoice, step__gte=Step.REMINDER, status=Status.TAKEN, letter__sent_on__isnull=False
    )
    step, sent_on = asking.order_by("pk").values_list("step", "letter__sent_on").last() or (0, None)
    return max(invoice.due_on, named_day(step, sent_on)) if sent_on else invoice.due_on


def reschedule(invoice: Invoice, *, today: date) -> None:
    """Set the next step of a locked invoice, and its day, from the steps that stand."""
    invoice.next_step, invoice.next_step_on = next_step_of(invoice, steps_of(invoice), today=today)
    Invoice.objects.filter(pk=invoice.pk).update(next_step=invoice.next_step, next_step_on=invoice.next_step_on)


def reschedule_each(invoices: Iterable[tuple[Invoice, date]]) -> None:
    """Do as `reschedule` for many invoices that were read under their locks, each with its today.

    Only those whose next step is another are written.
    """
    of = dict(invoices)
    steps: dict[int, list[ReminderStep]] = {invoice.pk: [] for invoice in of}
    for row in ReminderStep.objects.filter(invoice__in=steps).select_related("letter").order_by("pk"):
        steps[row.invoice_id].append(row)
    changed = defaultdict(list)
    for invoice, today in of.items():
        before = invoice.next_step, invoice.next_step_on
        invoice.next_step, invoice.next_step_on = following = next_step_of(invoice, steps[invoice.pk], today=today)
        if following != before:
            changed[following].append(invoice.pk)
    for (step, day), keys in changed.items():
        Invoice.objects.filter(pk__in=keys).update(next_step=step, next_step_on=day)


def suspend(invoice: Invoice) -> None:
    """Suspend dunning of a locked invoice until a person acts: `next_step` stays and its day is cleared."""
    invoice.next_step_on = None
    Invoice.objects.filter(pk=invoice.pk).update(next_step_on=None)


def first_note_on(due_on: date) -> date:
    """Return the day of the friendly note, before anything is overdue."""
    return due_on - timedelta(days=settings.NOTE_BEFORE_DUE_DAYS)


def time_to_pay(invoice: Invoice, *, today: date) -> date:
    """Return a last day to pay, at least LATE_INVOICE_TERM_DAYS from `today` and never before the current one."""
    return max(invoice.due_on, least_time_to_pay(today))


def least_time_to_pay(today: date) -> date:
    """Return the earliest last day that a mail of `today` may name."""
    return today + timedelta(days=settings.LATE_INVOICE_TERM_DAYS)


def reminder_on(due_on: date) -> date:
    """Return the day of the reminder: payments of the last day have had time to arrive."""
    return calendar.working_days_after(due_on, settings.REMINDER_AFTER_WORKING_DAYS)


def reaction_ends(notice: ReminderStep, step: int) -> date:
    """Return the first day on which `step` may follow the announcement `notice`, before or after the due date."""
    sent_on = notice.letter.sent_on if notice.letter else None
    if sent_on is None:
        return date.min
    if step == Step.NOTE:
        return sent_on + timedelta(days=settings.NOTE_BEFORE_DUE_DAYS)
    return named_day(Step.NOTICE, sent_on) + timedelta(days=1)


def steps_of(invoice: Invoice) -> list[ReminderStep]:
    """Return the dunning steps of `invoice`, oldest first, each with its letter."""
    return list(ReminderStep.objects.filter(invoice=invoice).select_related("letter").order_by("pk"))


def next_step_of(invoice: Invoice, rows: Sequence[ReminderStep], *, today: date) -> tuple[int, date | None]:
    """Return the step that follows `rows`, oldest first, and its first day; None when something else happens before.

    It asks the database nothing, so that a page can also ask what would follow a letter that was not sent yet.
    """
    standing = {row.step: row for row in rows if row.status in STANDING}
    if under_way := [row for row in rows if row.status == Status.COMPOSED and row.step != Step.NOTICE]:
        return under_way[-1].step + 1, None  # its day is known once the letter was sent
    if Step.NOTICE not in standing:
        return Step.NOTICE, today
    noted = any(row.step == Step.NOTE and row.due_on == invoice.due_on and row.status not in _UNTAKEN for row in rows)
    if not noted and Step.REMINDER not in standing and today < invoice.due_on:
        return Step.NOTE, first_note_on(invoice.due_on)
    step = next((s for s in Step if s > Step.NOTE and not _is_taken(standing.get(s))), None)
    if step is None:
        return Step.HAND_OVER, None
    # All of them: a reminder that was sent again, after a hold, may be later than the letters that stand after it.
    before = [row for s, row in standing.items() if Step.REMINDER <= s < step]
    runs = max(map(earliest_after, before)) if before else reaction_ends(standing[Step.NOTICE], step)
    day = max(runs, reminder_on(invoice.due_on))
    history = [row for row in rows if row.step != Step.NOTICE or row.status in STANDING]
    if any(row.due_on != invoice.due_on or row.reason == "interrupted" for row in history):
        day = max(day, invoice.due_on + timedelta(days=settings.RESUME_AFTER_DAYS))
    return step, day


def _is_taken(row: ReminderStep | None) -> bool:
    return row is not None and row.status == Status.TAKEN


def earliest_after(before: ReminderStep) -> date:
    """Return the first day for the step after `before`: the day it named has passed, and bank days after it."""
    letter = before.letter
    if letter is None or letter.sent_on is None:
        return date.max if before.step == Step.FINAL_NOTICE else before.planned_on
    named = named_day(before.step, letter.sent_on)
    day = calendar.working_days_after(named, calendar.BOOKING_MARGIN_WORKING_DAYS)
    return max(day, letter.book_costs_on) if letter.book_costs_on else day


def earliest_join(invoice: Invoice, rows: Sequence[ReminderStep], step: int) -> date:
    """Return the first day on which the invoice may go along in a letter of `step` about other invoices.

    It skips the bank days, but never the day that its own letters named.
    """
    taken = [row for row in rows if Step.REMINDER <= row.step < step and row.status == Status.TAKEN]
    return max([invoice.due_on, *map(runs_until, taken)]) + calendar.DAY
