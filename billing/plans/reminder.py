"""The one free reminder of a missed installment: which it was, whether it arrived, whether its days are over."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from billing.law import calendar
from billing.models import Installment, Invoice, LedgerEntry, OutboxMessage
from billing.outbox.addresses import is_one_address


def reminder_of(missed: Installment) -> OutboxMessage | None:
    """The last reminder of this miss; those of an earlier miss of the same installment bear another day."""
    reminders = OutboxMessage.objects.filter(dedupe_key__startswith=f"installment_missed:{missed.pk}:")
    return reminders.filter(dedupe_key__contains=f":{missed.missed_on}:").order_by("pk").last()


def needs_another(reminder: OutboxMessage | None, invoice: Invoice) -> bool:
    """Whether the next run must remind anew: withdrawn, overtaken by money taken back, or another address is known."""
    if reminder and reminder.status == OutboxMessage.Status.CANCELED:
        return True
    if reminder and reminder.sent_at and not reminder.bounced_at:
        return LedgerEntry.objects.filter(
            invoice=invoice, kind=LedgerEntry.Kind.CHARGEBACK, created_at__gt=reminder.sent_at
        ).exists()
    never_arrived = reminder is None or reminder.bounced_at or reminder.status == OutboxMessage.Status.FAILED
    email = invoice.patient.email
    return bool(never_arrived and is_one_address(email) and (reminder is None or reminder.recipient != email))


def did_not_arrive(reminder: OutboxMessage | None) -> bool:
    """Whether no mail reached the patient, as far as anybody knows, and none is on its way."""
    lost = (OutboxMessage.Status.FAILED, OutboxMessage.Status.IN_DOUBT)
    return reminder is None or reminder.bounced_at is not None or reminder.status in lost


def days_over(sent_at: datetime, today: date) -> bool:
    """Whether the last of the days of grace after a reminder that left at `sent_at` has gone by."""
    delivered = calendar.delivered_on(timezone.localtime(sent_at).date(), calendar.Channel.EMAIL)
    return delivered + timedelta(days=settings.INSTALLMENT_GRACE_DAYS) < today
