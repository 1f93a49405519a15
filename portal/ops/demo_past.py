"""The past of one invoice of the demo: nobody paid it, and each letter of the law was sent, up to what staff decide."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from billing.dunning import planning, staff_acts
from billing.invoices import intake
from billing.models import Invoice, OutboxMessage, ReminderStep
from billing.outbox import delivery

Step, Status = ReminderStep.Step, ReminderStep.Status
ENDING, DAYS = 103, 170
_OTHERS_BEGIN = 46  # days ago: until then there is no other invoice


def live(invoice: Invoice | None, today: date) -> None:
    """Run the days of the dunning schedule from the day of the invoice, as they would have run; once.

    Call it before there are other invoices: their letters would be made in that past as well.
    """
    if invoice is None:
        return
    if ReminderStep.objects.filter(invoice=invoice, step=Step.NOTICE, status=Status.PLANNED).exists():
        note = "Op papier meegegeven."  # a mail of today would give another thirty days to pay
        received = datetime.combine(invoice.issued_on, time(9), tzinfo=timezone.get_default_timezone())
        intake.take_as_received(invoice, at=received)
        staff_acts.mark_announced(invoice, by="demo", note=note, today=invoice.issued_on)
    for day in _days(invoice.issued_on, today - timedelta(days=_OTHERS_BEGIN)):
        if not _goes_on(invoice):
            return
        if not _comes_on(invoice, day):
            continue
        planning.run_day(day)
        for hour in (10, 11):  # what was composed is sent, then followed
            now = datetime.combine(day, time(hour), tzinfo=timezone.get_default_timezone())
            planning.sweep(now=now)
            for message in OutboxMessage.objects.filter(invoice=invoice, status=OutboxMessage.Status.QUEUED):
                delivery.take_as_sent(message, at=now)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _comes_on(invoice: Invoice, day: date) -> bool:
    """Tell whether a letter is planned, or is to be planned on this day."""
    steps = ReminderStep.objects.filter(invoice=invoice, status__in=(Status.PLANNED, Status.COMPOSED))
    return steps.exists() or Invoice.objects.filter(pk=invoice.pk, next_step_on__lte=day).exists()


def _goes_on(invoice: Invoice) -> bool:
    """Tell whether a letter may come yet: at the end the invoice is left to staff."""
    left = ReminderStep.objects.filter(invoice=invoice, step=Step.HAND_OVER)
    return not left.filter(status=Status.TAKEN).exists()
