"""Agreements to pay later: a deferral (uitstel) or installments (betalingsregeling), both free of charge.

A patient agrees without staff, under the lock of the invoice. While the plan runs, dunning is suspended; a hold
suspends the plan too. `run_day` announces each installment, reminds once of a missed one, and ends a plan that is paid
or broken.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import audit, ledger
from billing.errors import Refused
from billing.failures import isolated
from billing.invoices import schedule
from billing.invoices.addressee import addressee
from billing.invoices.holds import active_hold
from billing.law import calendar
from billing.ledger import lock_invoice
from billing.models import Installment, Invoice, PaymentPlan, StaffTask
from billing.money import ZERO
from billing.outbox.explaining import letter_language
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message
from billing.plans import pauses
from billing.plans.calendar_file import calendar_file
from billing.plans.messages import key_of, last_day_for_rest, queue_broken_notice, queue_notice
from billing.plans.options import Choice, options_for, payment_schedule
from billing.plans.progress import Progress, progress_of
from billing.plans.reminder import did_not_arrive, grace_is_over, needs_new_reminder, reminder_of
from billing.transitions import advance

_OTHER_COUNT = gettext_lazy("Choose one of the numbers of instalments on this page.")
_OTHER_AMOUNT = gettext_lazy("The amount has changed. Look at the new amounts, and choose again.")
CHANGED = (_OTHER_COUNT, _OTHER_AMOUNT)  # what a patient is told here

Kind, Status = PaymentPlan.Kind, PaymentPlan.Status
CHUNK = 500
BY = "system"
UNREMINDED = "installment_missed"  # the note of the task that asks staff to reach the patient


# --- agreeing -------------------------------------------------------------------------------------


def agree_deferral(invoice_id: int, *, until: date, by: str, today: date | None = None) -> PaymentPlan:
    """Give the invoice `until` as its new last day to pay; return the deferral. The same request twice makes one.

    Raises Refused, with a sentence for the patient, when a deferral is not possible, or not until that day.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        invoice = lock_invoice(invoice_id)
        choice = options_for(invoice, today)
        if same := _identical_plan(_standing(invoice), Kind.DEFERRAL, [until]):
            return same
        if choice.no_deferral:
            raise Refused(choice.no_deferral)
        _refuse_unless_between(until, choice.deferral_from, choice.deferral_until)
        return _agree(invoice, Kind.DEFERRAL, [Choice(1, until, choice.outstanding)], by=by, today=today)


def agree_installments(
    invoice_id: int, *, count: int, first_on: date, by: str, amount: Decimal | None = None, today: date | None = None
) -> PaymentPlan:
    """Let the outstanding amount be paid in `count` monthly installments from `first_on` on; return the plan.

    `amount` (euros) is what the patient was shown. The same request twice makes one plan; a running deferral is
    replaced. Raises Refused, with a sentence for the patient, when a plan is not possible or the amount has changed.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        invoice = lock_invoice(invoice_id)
        choice = options_for(invoice, today)
        if same := _identical_plan(_standing(invoice), Kind.INSTALLMENTS, calendar.monthly_dates(first_on, count)):
            return same
        if choice.no_plan:
            raise Refused(choice.no_plan)
        if count not in choice.counts:
            raise Refused(str(_OTHER_COUNT))
        _refuse_unless_between(first_on, choice.first_from, choice.first_until)
        if amount is not None and amount != choice.outstanding:
            raise Refused(str(_OTHER_AMOUNT))
        if standing := _standing(invoice):
            _end(standing, Status.CANCELED, by=by)
        terms = payment_schedule(choice.outstanding, count=count, first_on=first_on)
        return _agree(invoice, Kind.INSTALLMENTS, terms, by=by, today=today)


def _standing(invoice: Invoice) -> PaymentPlan | None:
    return PaymentPlan.objects.filter(invoice=invoice, status=Status.ACTIVE).first()


def _identical_plan(standing: PaymentPlan | None, kind: PaymentPlan.Kind, days: Sequence[date]) -> PaymentPlan | None:
    """Return the running plan when it is exactly the requested one: the button was pressed twice."""
    if standing and standing.kind == kind and [i.due_on for i in standing.installments.all()] == list(days):
        return standing
    return None


def _refuse_unless_between(day: date, first: date, last: date) -> None:
    if not first <= day <= last:
        raise Refused(
            _("Choose a day from %(first)s up to and including %(last)s.")
            % {"first": date_format(first, "DATE_FORMAT"), "last": date_format(last, "DATE_FORMAT")}
        )


def _agree(invoice: Invoice, kind: PaymentPlan.Kind, terms: Sequence[Choice], *, by: str, today: date) -> PaymentPlan:
    """Store the plan, suspend dunning until its last day, and confirm it to the patient."""
    total = sum((term.amount for term in terms), ZERO)
    plan = PaymentPlan.objects.create(invoice=invoice, kind=kind, total=total, agreed_by=by, due_before=invoice.due_on)
    soon = today + timedelta(days=settings.INSTALLMENT_NOTICE_DAYS)
    installments = [
        # The confirmation announces what is due soon: nobody gets two mails about one date within a week.
        Installment(
            plan=plan,
            number=term.number,
            due_on=term.due_on,
            amount=term.amount,
            announced_on=today if term.due_on <= soon else None,
        )
        for term in terms
    ]
    for installment in installments:
        installment.save(force_insert=True)
    voided = schedule.running_final_notice(invoice)
    schedule.interrupt(invoice, due_on=terms[-1].due_on, today=today)
    audit.record("plan_agreed", by=by, invoice=invoice, kind=kind, installments=len(terms), until=str(invoice.due_on))
    queue_message(
        "deferral_agreed" if kind == Kind.DEFERRAL else "plan_agreed",
        invoice=invoice,
        context={
            "amount": total,
            "until": invoice.due_on,
            "terms": terms,
            "voided": voided,
            **open_link_context(invoice, until=invoice.due_on),
        },
        dedupe_key=f"plan_agreed:{plan.pk}",
        calendar=calendar_file(
            installments, language=letter_language(addressee(invoice).language), made_at=plan.agreed_at
        ),
    )
    return plan


def _end(plan: PaymentPlan, to: PaymentPlan.Status, *, by: str) -> bool:
    ended = advance(plan, to, ended_at=timezone.now())
    if ended:
        audit.record(f"plan_{to}", by=by, invoice=plan.invoice, kind=plan.kind)
    return ended


def cancel_running(invoice: Invoice, *, by: str) -> bool:
    """Cancel the running deferral or plan of a locked invoice that is withdrawn; tell whether there was one."""
    plan = PaymentPlan.objects.filter(invoice=invoice, status=Status.ACTIVE).first()
    if plan is None:
        return False
    plan.invoice = invoice
    return _end(plan, Status.CANCELED, by=by)


# --- progress -------------------------------------------------------------------------------------


def progress(invoice_id: int, *, today: date) -> Progress | None:
    """Return how far the running plan of the invoice is paid; None when there is none."""
    plan = PaymentPlan.objects.filter(invoice_id=invoice_id, status=Status.ACTIVE).first()
    return progress_of(plan.installments.all(), ledger.outstanding(invoice_id), today=today) if plan else None


def due_facts(invoice: Invoice, *, today: date) -> dict[str, Any]:
    """Return what decides which sum a mail asks for, and by when: whether it is `on_hold`, and the running `plan`.

    The plan is None without installments to come: a deferral changed the last day to pay itself.
    """
    now = progress(invoice.pk, today=today)
    in_parts = now is not None and not now.is_deferral and now.next is not None
    return {"on_hold": active_hold(invoice.pk) is not None, "plan": now if in_parts else None}


# --- what staff may do ----------------------------------------------------------------------------


def unreminded_miss(invoice: Invoice, *, today: date) -> Installment | None:
    """Return the missed installment whose reminder no mail could deliver, so that staff must reach the patient."""
    now = progress(invoice.pk, today=today)
    missed = now.next.installment if now and now.next and not now.is_deferral else None
    unreminded = missed and missed.missed_on and did_not_arrive(reminder_of(missed))
    return missed if unreminded else None


def end_unreminded(invoice: Invoice, *, by: str, note: str, today: date) -> None:
    """End a plan whose patient staff reminded in another way, in vain, as it would have ended after our own mail.

    Raises Refused while a mail can still remind, while the invoice is on hold, and before the grace period is over.
    """
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        missed = unreminded_miss(locked, today=today)
        now = progress(locked.pk, today=today)
        if missed is None or now is None or pauses.held_until([locked.pk]).get(locked.pk) == date.max:
            raise Refused(_("Only a payment plan whose reminder could not be delivered can be ended here."))
        if missed.grace_until and today <= missed.grace_until:
            last = date_format(missed.grace_until, "DATE_FORMAT")
            raise Refused(_("The patient still has until %(day)s to pay. End the plan after that day.") % {"day": last})
        now.plan.invoice = locked
        _resume_dunning(now, by=by, today=today)
        audit.record("plan_ended_by_hand", by=by, invoice=locked, written=note)
        tasks = StaffTask.objects.filter(invoice=locked, kind=StaffTask.Kind.MESSAGE_FAILED, note=UNREMINDED)
        audit.close_superseded(tasks, by=by, reason="plan_ended_by_hand")


# --- the day's work -------------------------------------------------------------------------------


class Act(StrEnum):
    """What a plan needs today."""

    COMPLETE = "complete"
    CLOSE_MISSES = "close_misses"
    WITHDRAW = "withdraw"
    END_DEFERRAL = "end_deferral"
    ANNOUNCE = "announce"
    MISS = "miss"
    BREAK = "break"


def run_day(today: date) -> None:
    """Announce, remind, complete and end plans, once for each that needs it; a second run of the day changes nothing.

    The plans are read in chunks without a lock, and those that need something are checked again under it. A failure on
    one plan does not delay the others.
    """
    last = 0
    rows = PaymentPlan.objects.filter(status=Status.ACTIVE).select_related("invoice").prefetch_related("installments")
    while plans := list(rows.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        ids = [plan.invoice_id for plan in plans]
        balances = ledger.with_balance(Invoice.objects.filter(pk__in=ids))
        owed = dict(balances.values_list("pk", "balance"))  # type: ignore[misc] # annotated in another function
        held = pauses.held_until(ids)
        for plan in plans:
            now = progress_of(plan.installments.all(), max(owed[plan.invoice_id] or ZERO, ZERO), today=today)
            if _due_act(now, held.get(plan.invoice_id), today):
                about = Invoice.objects.filter(pk=plan.invoice_id)
                act = partial(_act_under_lock, plan.pk, plan.invoice_id, today)
                isolated(act, rule="plan of the day", row=plan.pk, about=about)
        last = plans[-1].pk


def _due_act(now: Progress, held_until: date | None, today: date) -> Act | None:
    """Return the one act that a plan needs today. After a hold nobody is late at once: there is time to pay first."""
    if now.plan.invoice.withdrawn_at:
        return Act.WITHDRAW
    if now.next is None:
        return Act.COMPLETE
    if any(line.is_paid and line.installment.missed_on for line in now.lines):
        return Act.CLOSE_MISSES
    if held_until == date.max:
        return None
    first = now.next.installment
    if held_until:
        held_until = pauses.time_until(held_until)
    late_from = max(first.due_on, held_until or first.due_on)
    if first.missed_on:
        ends = max(first.grace_until or first.missed_on, held_until or first.missed_on)
        return Act.BREAK if ends < today else None
    if now.is_deferral and late_from < today:
        return Act.END_DEFERRAL
    if not now.is_deferral and schedule.reminder_on(late_from) <= today:
        return Act.MISS
    announce_on = first.due_on - timedelta(days=settings.INSTALLMENT_NOTICE_DAYS)
    return Act.ANNOUNCE if announce_on <= today <= first.due_on and not first.announced_on else None


def _act_under_lock(plan_id: int, invoice_id: int, today: date) -> None:
    with transaction.atomic():
        invoice = lock_invoice(invoice_id)
        plan = PaymentPlan.objects.filter(pk=plan_id, status=Status.ACTIVE).first()
        if plan is None:
            return
        plan.invoice = invoice
        now = progress_of(plan.installments.all(), ledger.outstanding(invoice_id), today=today)
        held_until = pauses.held_until([invoice_id]).get(invoice_id)
        act = _due_act(now, held_until, today)
        if act == Act.CLOSE_MISSES:
            _close_misses(now, today)
            act = _due_act(now, held_until, today)
        if act:
            _ACTS[act](now, today)


def _complete(now: Progress, today: date) -> None:
    if _end(now.plan, Status.COMPLETED, by=BY) and not now.is_deferral:
        queue_notice("plan_completed", now, {}, key=str(now.plan.pk))


def _withdraw(now: Progress, today: date) -> None:
    _end(now.plan, Status.CANCELED, by=BY)


def _end_deferral(now: Progress, today: date) -> None:
    """End a deferral whose date has passed: the free reminder comes next, as its mail promised."""
    if _end(now.plan, Status.BROKEN, by=BY):
        schedule.interrupt(now.plan.invoice, today=today, remind_again=True)


def _announce(now: Progress, today: date) -> None:
    if line := now.next:
        line.installment.announced_on = today
        line.installment.save(update_fields=["announced_on"])
        facts = {"amount": line.open, "due_on": line.installment.due_on, "number": line.installment.number}
        facts |= {"count": len(now.lines), "is_deferral": now.is_deferral}
        queue_notice("installment_due", now, facts, key=key_of(line.installment, line.open, today))


def _close_misses(now: Progress, today: date) -> None:
    """Clear misses that were paid after all: if the payment is reversed, a new miss gets its own reminder."""
    for line in now.lines:
        if line.is_paid and line.installment.missed_on:
            _clear_miss(line.installment)


def _clear_miss(installment: Installment) -> None:
    installment.missed_on = installment.grace_until = None
    installment.save(update_fields=["missed_on", "grace_until"])


def _miss(now: Progress, today: date) -> None:
    """Send the one free reminder; its grace period counts from the day on which the mail can have been read."""
    if line := now.next:
        sent_on = calendar.next_sending_moment(calendar.begin_of(today)).date()
        delivered = calendar.delivered_on(sent_on, calendar.Channel.EMAIL)
        line.installment.missed_on = today
        line.installment.grace_until = delivered + timedelta(days=settings.INSTALLMENT_GRACE_DAYS)
        line.installment.save(update_fields=["missed_on", "grace_until"])
        audit.record("installment_missed", by=BY, invoice=now.plan.invoice, number=line.installment.number)
        facts = {"amount": now.due_now, "due_on": line.installment.due_on, "number": line.installment.number}
        facts |= {"grace_until": line.installment.grace_until, "outstanding": now.outstanding}
        if not queue_notice("installment_missed", now, facts, key=key_of(line.installment, now.due_now, today)):
            _leave_to_staff(now.plan.invoice, line.installment)


def _break(now: Progress, today: date) -> None:
    """End the plan, so that the remainder is due and dunning resumes at its first step not lawfully taken.

    This requires a reminder of this very miss that was sent, did not bounce, and whose grace period is over. Without
    one the plan stands: a new reminder is sent when that can help, otherwise a staff task is opened.
    """
    if now.next is None:
        return
    missed, invoice = now.next.installment, now.plan.invoice
    reminder = reminder_of(missed)
    if needs_new_reminder(reminder, invoice):
        _clear_miss(missed)
    elif reminder and reminder.sent_at and not reminder.bounced_at:
        if grace_is_over(reminder.sent_at, today):
            _resume_dunning(now, by=BY, today=today)
    elif did_not_arrive(reminder):
        _leave_to_staff(invoice, missed)


def _resume_dunning(now: Progress, *, by: str, today: date) -> None:
    """End the plan as broken: the remainder has a last day to pay of its own, and dunning resumes after it."""
    if _end(now.plan, Status.BROKEN, by=by):
        schedule.interrupt(now.plan.invoice, due_on=last_day_for_rest(today), today=today)
        queue_broken_notice(now)


def _leave_to_staff(invoice: Invoice, missed: Installment) -> None:
    """Open a staff task, once for each miss: no mail can remind the patient, so the plan stands until staff act."""
    key = f"installment_missed:{missed.pk}:{missed.missed_on}"
    audit.open_task(StaffTask.Kind.MESSAGE_FAILED, dedupe_key=key, invoice=invoice, note=UNREMINDED)


_ACTS: dict[Act, Callable[[Progress, date], None]] = {
    Act.COMPLETE: _complete,
    Act.CLOSE_MISSES: _close_misses,
    Act.WITHDRAW: _withdraw,
    Act.END_DEFERRAL: _end_deferral,
    Act.ANNOUNCE: _announce,
    Act.MISS: _miss,
    Act.BREAK: _break,
}
