"""What staff may do about the dunning of an invoice: pause, resume, mark as announced, waive, end a plan."""

from datetime import date, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.adjustments import taken_off, write_offs
from billing.dunning import hold_messages
from billing.errors import Refused
from billing.failures import isolated
from billing.invoices import schedule
from billing.invoices.holds import place_hold, release_hold
from billing.ledger import lock_invoice
from billing.models import Hold, Invoice, OutboxMessage, PaymentPlan, ReminderStep
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message
from billing.plans import agreements

Step, Status = ReminderStep.Step, ReminderStep.Status
MAX_PAUSE = timedelta(days=366)


def staff_acts(invoice: Invoice) -> tuple[str, ...]:
    """Return the names of what staff may do about the dunning of this invoice now.

    It reads the relations and the annotated balance of the invoice, so a page that has prefetched them pays nothing.
    """
    if invoice.withdrawn_at:
        return ()
    paused = any(hold.reason == Hold.STAFF and hold.released_at is None for hold in invoice.holds.all())
    if invoice.settled_at:
        undone = ("undo_write_off",) if write_offs.standing(invoice) else ()
        return ("resume", *undone) if paused else undone
    acts = ["resume"] if paused or _is_stuck(invoice) else []
    if not paused:
        acts.append("pause")
    if not any(row.step == Step.NOTICE and row.status == Status.TAKEN for row in invoice.reminder_steps.all()):
        acts.append("delivered")
    if invoice.next_step > Step.FINAL_NOTICE:
        acts += ["waive", "waive_and_start_again"]
    if write_offs.may_write_off(invoice, today=timezone.localdate(), owed=getattr(invoice, "balance", None)):
        acts.append("write_off")
    in_parts = any(plan.status == PaymentPlan.Status.ACTIVE for plan in invoice.plans.all())
    if in_parts and agreements.unreminded_miss(invoice, today=timezone.localdate()):
        acts.append("end_plan")
    return tuple(acts)


def _is_stuck(invoice: Invoice) -> bool:
    """Tell whether dunning is suspended until a person acts: nothing is planned, and no letter is on its way."""
    if invoice.next_step_on is not None or invoice.next_step == Step.HAND_OVER:
        return False
    composed = ReminderStep.objects.filter(invoice=invoice, status=Status.COMPOSED).exclude(step=Step.NOTICE)
    failed = OutboxMessage.Status.FAILED
    return not composed.exclude(letter__message__status=failed).exists()


def _announcement(invoice: Invoice) -> QuerySet[ReminderStep]:
    return ReminderStep.objects.filter(invoice=invoice, step=Step.NOTICE, status__in=schedule.STANDING)


def _require_reason(note: str) -> str:
    if not note.strip():
        raise Refused(_("Say why. Your colleagues read it on the timeline."))
    return note.strip()[:200]


def _refuse_if_over(invoice: Invoice) -> None:
    """Raise Refused when nobody can be asked to pay a locked invoice: what is done about it would only puzzle."""
    if invoice.withdrawn_at:
        raise Refused(_("This invoice was withdrawn."))
    if invoice.settled_at:
        raise Refused(_("Nothing is left to pay on this invoice."))


def write_note(invoice: Invoice, *, by: str, note: str) -> None:
    """Write a note on the timeline. Raises Refused for an empty one."""
    audit.record("note_written", by=by, invoice=invoice, written=_require_reason(note))


def send_link(invoice: Invoice, *, by: str, note: str = "") -> None:
    """Queue a mail with a new link to the invoice for whoever pays it, once a day at most.

    Raises Refused when it was sent today, there is no e-mail address, or the invoice was withdrawn.
    """
    today = timezone.localdate()
    key = f"invoice_again:{invoice.pk}:{today}"
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        if locked.withdrawn_at:
            raise Refused(_("This invoice was withdrawn."))
        if OutboxMessage.objects.filter(dedupe_key=key).exists():
            raise Refused(_("The patient was sent this link today already."))
        context = open_link_context(locked, until=today)
        if queue_message("invoice_again", invoice=locked, context=context, dedupe_key=key) is None:
            raise Refused(_("There is no e-mail address to which it can be sent."))
        audit.record("invoice_sent_again", by=by, invoice=locked, written=note)


def mark_announced(invoice: Invoice, *, by: str, note: str, today: date | None = None) -> None:
    """Record that the invoice reached the patient in another way (on paper, at the desk), so that dunning may begin.

    The patient gets at least the payment term of a late invoice. Raises Refused without a reason, when the invoice was
    announced already, and when nothing is to be paid.
    """
    note, today = _require_reason(note), today or timezone.localdate()
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        _refuse_if_over(locked)
        if _announcement(locked).filter(status=Status.TAKEN).exists():
            raise Refused(_("The patient was told about this invoice already."))
        for row in _announcement(locked):
            schedule.close(row, Status.DROPPED, "by_hand")
        due_on = schedule.time_to_pay(locked, today=today)
        ReminderStep.objects.create(
            invoice=locked, step=Step.NOTICE, due_on=due_on, planned_on=today, status=Status.TAKEN,
            reason="by_hand", closed_at=timezone.now(),
        )  # fmt: skip
        schedule.interrupt(locked, due_on=due_on, today=today)
        audit.record("announced_by_hand", by=by, invoice=locked, written=note)


def waive_charges(invoice: Invoice, *, by: str, note: str, today: date | None = None) -> None:
    """Waive costs and interest, and tell the patient. Raises Refused without a reason, or when there are none."""
    _waive(invoice, by=by, note=note, today=today, start_again=False)


def waive_and_start_again(invoice: Invoice, *, by: str, note: str, today: date | None = None) -> None:
    """Waive costs and interest because the patient was right: a new last day to pay, then the free reminder.

    Raises Refused as `waive_charges`.
    """
    _waive(invoice, by=by, note=note, today=today, start_again=True)


def _waive(invoice: Invoice, *, by: str, note: str, today: date | None, start_again: bool) -> None:
    note, today = _require_reason(note), today or timezone.localdate()
    if not taken_off.waive(invoice, by=by, written=note, today=today, start_again=start_again):
        raise Refused(_("No costs or interest were charged on this invoice."))


def write_off(invoice: Invoice, *, by: str, note: str) -> None:
    """Write off a small rest, or a claim past enforcing. Raises Refused without a reason, or when it is neither."""
    write_offs.write_off(invoice, by=by, note=_require_reason(note))


def undo_write_off(invoice: Invoice, *, by: str, note: str) -> None:
    """Undo what was written off. Raises Refused without a reason, or when nothing was."""
    write_offs.undo(invoice, by=by, note=_require_reason(note))


def end_plan(invoice: Invoice, *, by: str, note: str, today: date | None = None) -> None:
    """End a payment plan whose reminder could not be delivered. Raises Refused without a reason, or if it may not."""
    agreements.end_unreminded(invoice, by=by, note=_require_reason(note), today=today or timezone.localdate())


def pause(invoice: Invoice, *, by: str, note: str, until: date | None = None, today: date | None = None) -> None:
    """Put the invoice on hold with a reason, through the day `until` or until somebody resumes.

    Raises Refused without a reason, for a day that is past or further away than MAX_PAUSE, when paused already, or
    when nothing is to pay.
    """
    note, today = _require_reason(note), today or timezone.localdate()
    if until and not today < until <= today + MAX_PAUSE:
        raise Refused(_("Choose a day from tomorrow on, and within a year; or none, and resume it yourself."))
    with transaction.atomic():
        _refuse_if_over(lock_invoice(invoice.pk))
        if Hold.objects.filter(invoice=invoice, reason=Hold.STAFF, released_at=None).exists():
            raise Refused(_("This invoice is paused already."))
        place_hold(invoice, Hold.STAFF, by=by, until=until, written=note)


def end_pauses(today: date) -> None:
    """Resume what was paused through a day before `today`, each on its own. Again it changes nothing."""
    for hold in list(_over(today).order_by("pk")):
        about = Invoice.objects.filter(pk=hold.invoice_id)
        isolated(partial(_end_pause, hold.invoice_id, today), rule="pause that ends", row=hold.pk, about=about)


def _over(today: date) -> QuerySet[Hold]:
    return Hold.objects.filter(reason=Hold.STAFF, released_at=None, until__lt=today)


def _end_pause(invoice_id: int, today: date) -> None:
    with transaction.atomic():
        locked = lock_invoice(invoice_id)
        if _over(today).filter(invoice=locked).exists():
            due_on = schedule.time_to_pay(locked, today=today)
            release_hold(locked, Hold.STAFF, by="system", due_on=due_on, today=today)


def resume(invoice: Invoice, *, by: str, note: str, today: date | None = None) -> None:
    """Resume dunning: end the pause of staff, and start again where a letter did not arrive.

    After a pause, as its page promises, the last day to pay lies ahead; the same holds for an invoice that was never
    announced and is announced now, and when the mail about the end of a pause did not arrive: it is sent again. Raises
    Refused without a reason, or when nothing blocks the invoice.
    """
    note, today = _require_reason(note), today or timezone.localdate()
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        paused = Hold.objects.filter(invoice=locked, reason=Hold.STAFF, released_at=None).exists()
        if locked.withdrawn_at or not paused:
            _refuse_if_over(locked)
        undelivered = _drop_undelivered(locked)
        announced = _announcement(locked).exists()
        if not (paused or undelivered or not announced or _is_stuck(locked)):
            raise Refused(_("Nothing keeps this invoice back."))
        untold = hold_messages.did_not_arrive(hold_messages.last_ended(locked))
        due_on = schedule.time_to_pay(locked, today=today) if paused or untold or not announced else None
        if paused:
            release_hold(locked, Hold.STAFF, by=by, due_on=due_on, today=today)
        else:
            schedule.interrupt(locked, due_on=due_on, today=today, remind_again=untold)
        if untold and not paused:
            hold_messages.queue_ended(locked, today)
        audit.record("dunning_resumed", by=by, invoice=locked, written=note)


def _drop_undelivered(invoice: Invoice) -> bool:
    """Drop the letters that the mail server refused for good, so that new ones are composed; tell whether any were."""
    stuck = ReminderStep.objects.filter(
        invoice=invoice, status=Status.COMPOSED, letter__message__status=OutboxMessage.Status.FAILED
    )
    rows = list(stuck)
    for row in rows:
        schedule.close(row, Status.DROPPED, "not_delivered")
    return bool(rows)
