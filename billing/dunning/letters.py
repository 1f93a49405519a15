"""Dunning letters: composed per patient under locks, checked again when sent, and followed up after sending.

Announcements are made in `announcements`, and sent and followed here as well. A planned step is only a candidate. It is
checked again with the patient and all invoices of the letter locked, in that order everywhere, so that a payment, a
hold or a plan comes either before or after, never in between.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby

from django.db import connection, transaction
from django.db.models import Prefetch
from django.utils import timezone

from billing import audit, ledger
from billing.adjustments import charges
from billing.dunning import letter_facts
from billing.dunning.blockers import Action, Blocker, Known, blockers
from billing.dunning.sending_hours import may_be_sent, next_moment
from billing.invoices import schedule
from billing.invoices.addressee import addressee
from billing.invoices.debtors import patients_counted, patients_of_debtor
from billing.invoices.letter_steps import LETTERS
from billing.law import calendar
from billing.ledger.breakdown import parts_of
from billing.models import Invoice, Letter, OutboxMessage, Patient, ReminderStep, StaffTask
from billing.money import ZERO
from billing.outbox.queue import queue_message
from billing.transitions import advance, advance_each

Step, Status = ReminderStep.Step, ReminderStep.Status
# Without the texts of the message, which are longer than all the rest.
_LETTERS = Letter.objects.select_related("message").defer("message__text", "message__html", "message__calendar")
_STEPS = Prefetch("steps", ReminderStep.objects.order_by("invoice_id"))
_PLANNED = ReminderStep.objects.filter(status=Status.PLANNED).exclude(step=Step.NOTICE)
NOTICE_STALE_AFTER = timedelta(days=7)  # an announcement costs nothing, and its day is looked at apart
RECHECK_AFTER = timedelta(minutes=15)
RETRY_AFTER = timedelta(minutes=5)  # of a planned step that has to wait
# After one of these the invoice keeps its next step: whatever ends the blocker reschedules the invoice.
_KEEPS_STEP = ("withdrawn", "paid", "on_hold", "plan", "superseded")

# What staff have to do where a step is left to them; otherwise they look why nothing reached the patient.
_TASKS = {
    "too_small": StaffTask.Kind.SMALL_REST,
    "minor": StaffTask.Kind.MINOR_WITHOUT_PAYER,
    "limitation": StaffTask.Kind.PAST_ENFORCING,
}


def compose(patient_id: int, *, now: datetime) -> None:
    """Compose the letters to whoever pays for this patient; drop or postpone what may not be sent now.

    Nothing when another worker has the patient or has composed them already: workers share one list.
    """
    with transaction.atomic(durable=True):
        if not _claim(patient_id):
            return
        patients = _lock_debtor(patient_id)
        if not patients:
            return
        invoices = {invoice.pk: invoice for invoice in _lock_invoices(patients, _candidates(patients))}
        planned = _PLANNED.filter(invoice__in=invoices.values())
        rows = [row for row in planned.order_by("step", "invoice_id") if may_be_sent(row.step, now)]
        for row in rows:
            row.invoice = invoices[row.invoice_id]
        for step, group in groupby(rows, key=lambda row: row.step):
            of_step = list(group)
            today = timezone.localtime(now).date()
            if step < Step.NOTICE_OF_COSTS:  # costs look at the real clock, whatever day was planned
                today = max(today, *(row.planned_on for row in of_step))
            others = [i for i in invoices.values() if i.pk not in {row.invoice_id for row in of_step}]
            _take_step(step, of_step, others, now=now, today=today)
        # What still waits (somebody is paying, another claim is not due) is looked at again later, after the others.
        waiting = planned.filter(pk__in=[row.pk for row in rows], status=Status.PLANNED)
        waiting.update(next_try_at=now + RETRY_AFTER)


def _claim(patient_id: int) -> bool:
    """Lock a patient with a planned step; tell whether it was free and there is one."""
    planned = _PLANNED.filter(invoice__patient=patient_id)
    return bool(_lock_patients([patient_id], skip_locked=True)) and planned.exists()


def _lock_debtor(patient_id: int) -> dict[int, Patient]:
    """Lock all patients whose claims count in one sum of costs, so that one worker computes it at a time.

    Return those of this practice, for whom letters are composed; none when another worker has one of them.
    """
    patient = Patient.objects.get(pk=patient_id)
    counted = patients_counted(patient)
    patients = _lock_patients(counted, skip_locked=True)
    if patients.keys() != set(counted):
        return {}
    return {pk: one for pk, one in patients.items() if one.provider_id == patient.provider_id}


def _lock_patients(ids: Iterable[int], *, skip_locked: bool = False) -> dict[int, Patient]:
    """Lock the patients in the order of their keys and return them by key, without those that another worker has."""
    skip = skip_locked and connection.features.has_select_for_update_skip_locked
    rows = Patient.objects.select_for_update(of=("self",), skip_locked=skip, no_key=True).select_related("provider")
    return {patient.pk: patient for patient in rows.filter(pk__in=list(ids)).order_by("pk")}


def _candidates(patients: Iterable[int]) -> Iterable[int]:
    """Return the keys of invoices with a planned step, and of those that may join a 14-day letter."""
    planned = _PLANNED.filter(invoice__patient__in=patients)
    steps = dict(planned.values_list("invoice_id", "step"))
    if Step.FINAL_NOTICE not in steps.values():
        return steps
    joining = Invoice.objects.filter(
        patient__in=patients,
        settled_at=None,
        withdrawn_at=None,
        next_step=Step.FINAL_NOTICE,
        next_step_on__isnull=False,
    )
    return {*steps, *joining.values_list("pk", flat=True)}


def _lock_invoices(patients: Mapping[int, Patient], ids: Iterable[int]) -> list[Invoice]:
    """Lock the invoices in the order of their keys, so that two transactions that need several never deadlock."""
    locked = list(Invoice.objects.select_for_update(no_key=True).filter(pk__in=list(ids)).order_by("pk"))
    for invoice in locked:
        invoice.patient = patients[invoice.patient_id]
        invoice.provider = invoice.patient.provider
    return locked


def _take_step(step: int, rows: list[ReminderStep], others: Sequence[Invoice], *, now: datetime, today: date) -> None:
    checked = [(row, next(blockers(row.invoice, step, now=now, today=today), None)) for row in rows]
    for row, blocker in checked:
        if blocker and blocker.action != Action.RETRY:
            drop(row, blocker, today)
    ready = [row for row, blocker in checked if blocker is None]
    waiting = any(blocker and blocker.action == Action.RETRY for _row, blocker in checked)
    if not ready or (waiting and step >= Step.FINAL_NOTICE):
        return  # claims that belong in one letter wait for each other
    if step == Step.HAND_OVER:
        for row in ready:
            _hand_over(row, today)
    elif not _has_letter_today(ready[0].invoice.patient, step, today):
        if step == Step.FINAL_NOTICE:
            ready += _join_others(others, now=now, today=today)
        _compose_letter(step, ready, now=now, today=today)


def _has_letter_today(patient: Patient, step: int, today: date) -> bool:
    """Tell whether the debtor has a letter of this step of today already."""
    letters = charges.letters_about(patients_of_debtor(patient))
    return letters.filter(step=step, made_on=today, voided_at=None).exists()


def extend_time_to_pay(row: ReminderStep, today: date) -> None:
    """Move the due date when it is too near, so that everybody has LATE_INVOICE_TERM_DAYS from the announcement."""
    fair = schedule.time_to_pay(row.invoice, today=today)
    if row.invoice.due_on < fair:
        row.due_on = fair
        row.save(update_fields=["due_on"])
        schedule.interrupt(row.invoice, due_on=fair, today=today)


def drop(row: ReminderStep, blocker: Blocker, today: date) -> None:
    """Drop a step that may not be taken, and leave it to staff where the blocker says so."""
    schedule.close(row, Status.DROPPED, blocker.reason)
    if blocker.reason == "settled_since":
        schedule.void_final_notice(row.invoice, blocker.reason)
    if blocker.action == Action.ESCALATE:
        kind = _TASKS.get(blocker.reason, StaffTask.Kind.INVOICE_UNDELIVERED)
        leave_to_staff(row.invoice, blocker.reason, key=f"step:{row.pk}", kind=kind)
    elif blocker.reason not in _KEEPS_STEP:
        schedule.reschedule(row.invoice, today=today)


def leave_to_staff(invoice: Invoice, reason: str, *, key: str, kind: str = StaffTask.Kind.INVOICE_UNDELIVERED) -> None:
    """Suspend dunning and open a staff task; meanwhile nothing costs the patient anything."""
    schedule.suspend(invoice)
    audit.open_task(kind, dedupe_key=key, invoice=invoice, note=reason)


def _join_others(others: Sequence[Invoice], *, now: datetime, today: date) -> list[ReminderStep]:
    """Add the patient's other claims that can be reminded too: the law wants one letter for all of them."""
    joining = []
    for invoice in others:
        if not any(blockers(invoice, Step.FINAL_NOTICE, now=now, today=today, joins=True)):
            row = ReminderStep(invoice=invoice, step=Step.FINAL_NOTICE, due_on=invoice.due_on, planned_on=today)
            row.save(force_insert=True)
            joining.append(row)
    return joining


def _hand_over(row: ReminderStep, today: date) -> None:
    """Leave the invoice to staff: nothing automatic follows the last letter."""
    advance(row, Status.TAKEN, closed_at=timezone.now())
    audit.open_task(StaffTask.Kind.READY_FOR_HAND_OVER, dedupe_key=f"step:{row.pk}", invoice=row.invoice)
    schedule.reschedule(row.invoice, today=today)


def _compose_letter(step: int, rows: list[ReminderStep], *, now: datetime, today: date) -> None:
    """Book what this step makes due, record what the letter states, and queue it."""
    invoices = [row.invoice for row in rows]
    if step == Step.NOTICE_OF_COSTS:
        charges.book_costs(rows, today=today, now=now)
    if step >= Step.NOTICE_OF_COSTS:
        charges.book_interest(invoices, today=today, now=now)
    if step == Step.FINAL_NOTICE:
        for invoice in invoices:  # the letter says "nothing is added if you pay now": so nothing may stand already
            charges.reverse_charges(invoice, by=charges.BY, note="new_letter")
    parts = [parts_of(invoice) for invoice in invoices]
    if step == Step.NOTICE_OF_COSTS and not any(part.costs or part.interest for part in parts):
        _skip(rows, "nothing_booked", today=today)
        return
    letter = Letter(
        patient=invoices[0].patient, step=step, made_on=today, interest_until=charges.last_day_of_interest(today)
    )
    letter.principal = sum((part.principal for part in parts), ZERO)
    if step == Step.FINAL_NOTICE:
        provider = invoices[0].provider
        letter.costs_announced = charges.costs_to_announce(invoices, letter.principal, provider, today=today)
    letter.save(force_insert=True)
    letter.message = queue_message(
        LETTERS[Step(step)].message,
        invoice=invoices[0],
        context=letter_facts.facts(letter, invoices, parts, today=today),
        dedupe_key=f"letter:{letter.pk}",
        now=now,
    )
    letter.save(update_fields=["message"])
    for row, part in zip(rows, parts, strict=True):
        amount = ledger.outstanding(row.invoice_id)
        advance(row, Status.COMPOSED, letter=letter, amount=amount, principal=part.principal)
        schedule.reschedule(row.invoice, today=today)


def _skip(rows: Iterable[ReminderStep], reason: str, *, today: date) -> None:
    """Take a step that has nothing to say without a letter: the next one comes at its own time."""
    for row in rows:
        advance(row, Status.TAKEN, reason=reason, closed_at=timezone.now())
        schedule.reschedule(row.invoice, today=today)


# --- sending ------------------------------------------------------------------------------------


def may_send(message: OutboxMessage, now: datetime) -> datetime | str | None:
    """Check a letter for the last time, in the transaction that claims its message.

    Return None when it may leave, the moment to ask again, or why it is withdrawn. Whatever was paid, held, agreed or
    booked since it was composed withdraws the whole letter and plans its steps again, so that the next letter speaks
    only of what is still open.
    """
    letter = _LETTERS.select_related("patient__provider").get(message=message)
    if not _is_queued(letter):
        return None  # another worker was first: the claim will fail
    provider = letter.patient.provider
    if not may_be_sent(letter.step, now, provider):
        return next_moment(letter.step, now, provider)
    letter, rows, invoices = _lock_letter(letter.pk)
    if not _is_queued(letter):
        return None  # another worker was first meanwhile, and a message being sent can't be withdrawn
    today = max(timezone.localtime(now).date(), letter.made_on)
    for row in rows:
        row.invoice = invoices[row.invoice_id]
        blocker = _blocker_to_sending(row, now=now, today=today)
        if blocker and blocker.action == Action.RETRY:
            return now + RECHECK_AFTER
        if blocker or is_stale(letter, row.invoice, today):
            reason = blocker.reason if blocker else "stale"
            _withdraw(letter, rows, invoices, reason, today=today)
            return reason
    return None


def _is_queued(letter: Letter) -> bool:
    return letter.message is not None and letter.message.status == OutboxMessage.Status.QUEUED


def is_stale(letter: Letter, invoice: Invoice, today: date) -> bool:
    """Tell whether a letter must be composed again: the days that it names count from the day on which it is sent."""
    if letter.step != Step.NOTICE:
        return today > letter.made_on
    soon = invoice.due_on < schedule.time_to_pay(invoice, today=today)
    return today > letter.made_on + NOTICE_STALE_AFTER or (today > letter.made_on and soon)


def _blocker_to_sending(row: ReminderStep, *, now: datetime, today: date) -> Blocker | None:
    if row.status != Status.COMPOSED:
        return Blocker(row.reason or "interrupted", Action.SKIP)
    if row.due_on != row.invoice.due_on and row.step != Step.NOTICE:
        return Blocker("superseded", Action.SKIP)
    joins = row.step == Step.FINAL_NOTICE  # whether it came early or joined was decided when the letter was composed
    owed = ledger.balance(row.invoice_id)
    # Of an announcement nothing else is looked at.
    known = Known(owed, (), addressee(row.invoice)) if row.step == Step.NOTICE else None
    found = blockers(row.invoice, row.step, now=now, today=today, composed=True, joins=joins, known=known)
    blocker = next(found, None)
    if blocker is None and max(owed, ZERO) != row.amount:
        return Blocker("changed", Action.SKIP)
    return blocker


def _withdraw(
    letter: Letter, rows: Sequence[ReminderStep], invoices: dict[int, Invoice], reason: str, *, today: date
) -> None:
    Letter.objects.filter(pk=letter.pk).update(voided_at=timezone.now(), void_reason=reason)
    for row in rows:
        ReminderStep.objects.filter(pk=row.pk, status=Status.COMPOSED).update(
            status=Status.PLANNED, letter=None, amount=None, principal=None, planned_on=today
        )
        schedule.reschedule(invoices[row.invoice_id], today=today)


# --- after sending ------------------------------------------------------------------------------


def follow(letter_ids: Collection[int], *, now: datetime) -> None:
    """Mark the steps of letters as taken once the mail server accepted them; their terms run from their delivery."""
    with transaction.atomic(durable=True):
        letters, invoices = _lock_letters(letter_ids)
        followed = {letter: timezone.localtime(at).date() for letter in letters if (at := _to_follow(letter))}
        alike = defaultdict(list)  # one statement writes them; a CASE of a row each takes far longer
        for letter, day in followed.items():
            alike[day, letter.step == Step.FINAL_NOTICE].append(letter.pk)
        for (day, is_final_notice), keys in alike.items():
            Letter.objects.filter(pk__in=keys).update(**_days(day, is_final_notice=is_final_notice))
        steps = [(row, day) for letter, day in followed.items() for row in letter.steps.all()]
        taken = [(row, day) for row, day in steps if row.status == Status.COMPOSED]
        advance_each([row for row, _day in taken], Status.TAKEN, closed_at=now)
        schedule.reschedule_each((invoices[row.invoice_id], day) for row, day in taken)


def _days(sent_on: date, *, is_final_notice: bool) -> dict[str, date]:
    """Return the days of a letter that was sent by mail on that day."""
    days = {"sent_on": sent_on, "delivered_on": calendar.delivered_on(sent_on, calendar.Channel.EMAIL)}
    if not is_final_notice:
        return days
    term = calendar.fourteen_day_term(sent_on, calendar.Channel.EMAIL)
    return days | {"last_day": term.rolled_last_day, "book_costs_on": term.book_costs_on}


def _to_follow(letter: Letter) -> datetime | None:
    """Return when the mail server accepted a letter whose terms don't run yet."""
    if letter.sent_on or letter.voided_at or letter.message is None:
        return None
    return letter.message.sent_at


def messages_sent(messages: Collection[int]) -> None:
    """Start the terms of letters as soon as their mails left; the sweep does so for one that was missed."""
    follow(Letter.objects.filter(message__in=messages).values_list("pk", flat=True), now=timezone.now())


def _lock_letter(letter_id: int) -> tuple[Letter, list[ReminderStep], dict[int, Invoice]]:
    """Lock patients and invoices of a letter; return the letter with its steps and its invoices by key."""
    (letter,), invoices = _lock_letters([letter_id])
    return letter, list(letter.steps.all()), invoices


def _lock_letters(letter_ids: Collection[int]) -> tuple[list[Letter], dict[int, Invoice]]:
    """Lock patients and invoices of letters; return the letters, each with its steps, and the invoices by key."""
    keys = list(letter_ids)
    named = Letter.objects.filter(pk__in=keys).values_list("patient_id", "steps__invoice", "steps__invoice__patient")
    rows = list(named)
    patients = _lock_patients({key for own, _invoice, of in rows for key in (own, of)} - {None})
    invoices = {one.pk: one for one in _lock_invoices(patients, {invoice for _own, invoice, _of in rows} - {None})}
    return list(_LETTERS.prefetch_related(_STEPS).filter(pk__in=keys).order_by("pk")), invoices


def message_bounced(message: OutboxMessage, by: str) -> None:
    """Void a letter whose mail bounced, and waive its costs: for the law it was never sent."""
    letter = Letter.objects.filter(message=message.pk, voided_at=None).first()
    if letter is None:
        return
    letter, rows, invoices = _lock_letter(letter.pk)
    if letter.message is None or letter.message.bounced_at:
        return  # reported twice at the same moment
    Letter.objects.filter(pk=letter.pk).update(voided_at=timezone.now(), void_reason="bounced")
    for row in rows:
        if row.status in (Status.COMPOSED, Status.TAKEN):
            schedule.close(row, Status.VOID, "bounced")
        if letter.step == Step.FINAL_NOTICE:
            schedule.void_final_notice(invoices[row.invoice_id], "bounced")
        if letter.costs_booked_at:
            charges.take_off(invoices[row.invoice_id], by=by, note="bounced")
        leave_to_staff(invoices[row.invoice_id], "bounced", key=f"letter:{letter.pk}:{row.invoice_id}")
