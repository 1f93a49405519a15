"""The mails about a pause by staff: that it began, that it ended with a new last day, that a payment was taken back.

Without the second nobody is late: the pause was ours, and a day that was never told binds nobody (6:81 to 6:83 BW).
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from billing import audit, ledger
from billing.dunning import sending_hours
from billing.invoices import schedule
from billing.invoices.holds import stopping
from billing.law import calendar
from billing.ledger import lock_invoice, lock_invoices
from billing.models import Hold, Invoice, OutboxMessage, PaymentPlan, ReminderStep, StaffTask
from billing.money import ZERO, to_cents
from billing.outbox.facts import moment_of, open_link_context
from billing.outbox.queue import queue_message
from billing.payments import chargebacks
from billing.rooms import Stops

Status = OutboxMessage.Status
ENDED = "hold_ended"


def queue_placed(invoice: Invoice, voided: date | None) -> None:
    """Tell the patient that the invoice is paused; `voided` is the day of the 14-day letter that no longer counts."""
    queue_message(
        "hold_placed",
        invoice=invoice,
        context={
            "outstanding": ledger.outstanding(invoice.pk),
            "voided": voided,
            **open_link_context(invoice, until=timezone.localdate()),
        },
        dedupe_key=f"hold_placed:{_key(invoice)}",
    )


def queue_ended(invoice: Invoice, today: date) -> None:
    """Tell the patient that the pause is over: what is left to pay, and until which day.

    Call it with the invoice locked: its mails are counted, so that each end has its own mail.
    """
    owed = ledger.outstanding(invoice.pk)
    plan = PaymentPlan.objects.filter(invoice=invoice, status=PaymentPlan.Status.ACTIVE).exists()
    mail = queue_message(
        ENDED,
        invoice=invoice,
        context={
            "outstanding": owed,
            "due_on": invoice.due_on,
            "plan": plan,
            "plan_until": schedule.least_time_to_pay(today),
            **open_link_context(invoice, until=max(today, invoice.due_on)),
        },
        dedupe_key=f"{ENDED}:{_key(invoice)}:{to_cents(owed)}:{invoice.due_on}:{int(plan)}",
        now=moment_of(today),
    )
    told([invoice], mail)


def told(invoices: Iterable[Invoice], mail: OutboxMessage | None) -> None:
    """Keep which mail tells that the last pause of these locked invoices is over; None: none could be made."""
    for invoice in invoices:
        ended = Hold.objects.filter(invoice=invoice).exclude(released_at=None)
        last = ended.order_by("released_at", "pk").values_list("pk", flat=True).last()
        if mail is not None and last is not None:
            Hold.objects.filter(pk=last).update(told_by=mail)


def _key(invoice: Invoice) -> str:
    return f"{invoice.pk}:{OutboxMessage.objects.filter(invoice=invoice).count()}"


def last_ended(invoice: Invoice) -> OutboxMessage | None:
    """Return the mail about the last pause that ended, unless it was withdrawn; None when there is none."""
    mails = OutboxMessage.objects.filter(ended_holds__invoice=invoice).exclude(status=Status.CANCELED)
    return mails.order_by("pk").last()


def did_not_arrive(mail: OutboxMessage | None) -> bool:
    """Tell whether the mail about the end of a pause was refused or came back."""
    return mail is not None and (mail.status == Status.FAILED or mail.bounced_at is not None)


def may_send_placed(message: OutboxMessage, now: datetime) -> datetime | str | None:
    """Check the mail that a pause began: not at night, nor when the pause is over or nothing is left to pay."""
    if later := _not_at_night(now):
        return later
    if message.invoice_id is not None and ledger.balance(message.invoice_id) <= ZERO:
        return "paid"  # or withdrawn: "do not pay yet" would say that something is to be paid
    return None if stopping(Stops.REMINDERS, invoice_id=message.invoice_id).exists() else "hold_ended"


def may_send_reversed(message: OutboxMessage, now: datetime) -> datetime | str | None:
    """Check the mail that the bank took a payment back: not at night, and withdrawn only when the bank undid that.

    Whoever paid again meanwhile is told too: it is a fact about their money and no noise. The receipt of the first
    payment is no longer true, and only this mail says why their account shows two payments and one return, and that
    nothing is owed. If the invoice changed since it was written, it is written anew with what is owed now.
    """
    if later := _not_at_night(now):
        return later
    if message.invoice_id is None:
        return None
    invoice = lock_invoice(message.invoice_id)
    if not OutboxMessage.objects.filter(pk=message.pk, status=Status.QUEUED).exists():
        return None  # another worker was first (the claim will fail)
    chargeback = chargebacks.about(message)
    if chargeback.reversed_at is not None:
        return "undone"
    if chargebacks.still_true(message, invoice):
        return None
    chargebacks.tell(chargeback, invoice)
    return "changed"


def _not_at_night(now: datetime) -> datetime | None:
    if sending_hours.may_be_sent(ReminderStep.Step.NOTICE, now):
        return None
    return sending_hours.next_moment(ReminderStep.Step.NOTICE, now)


def may_send_ended(message: OutboxMessage, now: datetime) -> datetime | str | None:
    """Check the mail that a pause ended: in the hours of the law, about the amount and the day that are true then.

    The day that it names lies at least LATE_INVOICE_TERM_DAYS after the day on which it leaves.
    """
    if not calendar.is_sending_moment(now):
        return calendar.next_sending_moment(now)
    if message.invoice_id is None:
        return None
    invoice = lock_invoice(message.invoice_id)
    if not OutboxMessage.objects.filter(pk=message.pk, status=Status.QUEUED).exists():
        return None  # another worker was first (the claim will fail)
    if invoice.withdrawn_at:
        return "withdrawn"
    if stopping(Stops.REMINDERS, invoice=invoice).exists():
        return "on_hold"
    today = timezone.localdate(now)
    owed = ledger.outstanding(invoice.pk)
    plan = PaymentPlan.objects.filter(invoice=invoice, status=PaymentPlan.Status.ACTIVE).exists()
    if owed and not plan and invoice.due_on < today + timedelta(days=settings.LATE_INVOICE_TERM_DAYS):
        schedule.interrupt(invoice, due_on=schedule.time_to_pay(invoice, today=today), today=today, remind_again=True)
    stated = message.dedupe_key.split(":")[3:]
    if stated == [str(to_cents(owed)), str(invoice.due_on), str(int(plan))]:
        return None
    queue_ended(invoice, today)
    return "changed"


def ended_bounced(message: OutboxMessage, by: str) -> None:
    """Stop the letters that followed a mail which came back: the patient was never told that the pause was over."""
    for invoice in lock_invoices(told_of(message)):
        if ledger.balance(invoice.pk) <= ZERO:
            continue
        schedule.interrupt(invoice, remind_again=True)
        schedule.suspend(invoice)
        key = f"hold_ended:{message.pk}:{invoice.pk}"
        audit.open_task(StaffTask.Kind.INVOICE_UNDELIVERED, dedupe_key=key, invoice=invoice, note="bounced")


def told_of(message: OutboxMessage) -> list[int]:
    """Return the keys of the invoices of which this mail tells that a pause is over."""
    return list(Hold.objects.filter(told_by=message).order_by("invoice_id").values_list("invoice_id", flat=True))
