"""The one free reminder of a missed installment: finding it, its delivery, and the end of its grace period."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from billing.invoices.addressee import addressee
from billing.law import calendar
from billing.models import Installment, Invoice, LedgerTransaction, OutboxMessage
from billing.text.addresses import is_one_address


def reminder_of(missed: Installment) -> OutboxMessage | None:
    """Return the last reminder of this miss, or None; one of an earlier miss of the installment has another day."""
    reminders = OutboxMessage.objects.filter(dedupe_key__startswith=f"installment_missed:{missed.pk}:")
    return reminders.filter(dedupe_key__contains=f":{missed.missed_on}:").order_by("pk").last()


def needs_new_reminder(reminder: OutboxMessage | None, invoice: Invoice) -> bool:
    """Tell whether to remind again: the mail was withdrawn, a chargeback came later, or a new address is known."""
    if reminder and reminder.status == OutboxMessage.Status.CANCELED:
        return True
    if reminder and reminder.sent_at and not reminder.bounced_at:
        return LedgerTransaction.objects.filter(
            postings__invoice=invoice, kind=LedgerTransaction.Kind.CHARGEBACK, created_at__gt=reminder.sent_at
        ).exists()
    never_arrived = reminder is None or reminder.bounced_at or reminder.status == OutboxMessage.Status.FAILED
    email = addressee(invoice).email
    return bool(never_arrived and is_one_address(email) and (reminder is None or reminder.recipient != email))


def did_not_arrive(reminder: OutboxMessage | None) -> bool:
    """Tell whether, as far as we know, no reminder reached the patient and none is on its way."""
    lost = (OutboxMessage.Status.FAILED, OutboxMessage.Status.IN_DOUBT)
    return reminder is None or reminder.bounced_at is not None or reminder.status in lost


def grace_is_over(sent_at: datetime, today: date) -> bool:
    """Tell whether the grace period after a reminder sent at `sent_at` is over on `today`."""
    delivered = calendar.delivered_on(timezone.localtime(sent_at).date(), calendar.Channel.EMAIL)
    return delivered + timedelta(days=settings.INSTALLMENT_GRACE_DAYS) < today
