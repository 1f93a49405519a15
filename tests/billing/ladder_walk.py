"""Walking the ladder in tests: days go by, the day's rule runs, letters are made and sent to a real mail server."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from billing import intake, ladder, outbox, reminders
from billing.models import Invoice, OutboxMessage, ReminderStep
from tests import factories

Step = ReminderStep.Step
MONDAY = date(2026, 3, 2)  # weeks without a holiday follow, up to Good Friday on 3 April


def at(day: date, hour: int = 10, minute: int = 0) -> datetime:
    """A moment of that day in Amsterdam."""
    return datetime.combine(day, time(hour, minute), tzinfo=timezone.get_default_timezone())


def new_invoice(*, on: date = MONDAY, days: int = 30, **fields: Any) -> Invoice:
    """An invoice as the import leaves it: announced by nobody yet, due in `days`."""
    invoice = factories.invoice(issued_on=on, due_on=on + timedelta(days=days), **fields)
    ReminderStep.objects.create(invoice=invoice, step=Step.NOTICE, due_on=invoice.due_on, planned_on=on)
    Invoice.objects.filter(pk=invoice.pk).update(next_step=Step.NOTE, next_step_on=ladder.first_note_on(invoice.due_on))
    invoice.refresh_from_db()
    return invoice


def live(day: date, hour: int = 10) -> None:
    """One day: plan, make letters, send them, follow them."""
    reminders.run_day(day)
    for minute in (0, 1):
        now = at(day, hour, minute)
        reminders.sweep(now=now)
        outbox.sweep(now=now)
    reminders.sweep(now=at(day, hour, 2))


def live_through(first: date, last: date) -> None:
    day = first
    while day <= last:
        live(day)
        day += timedelta(days=1)


def sent(invoice: Invoice | None = None) -> list[tuple[str, str]]:
    """(kind, day) of the mails that went out, in their order."""
    rows = OutboxMessage.objects.filter(status=OutboxMessage.Status.SENT).order_by("sent_at", "pk")
    if invoice:
        rows = rows.filter(letter__steps__invoice=invoice)
    return [(m.kind, f"{timezone.localtime(m.sent_at):%Y-%m-%d}") for m in rows]


__all__ = ["MONDAY", "Step", "at", "intake", "live", "live_through", "new_invoice", "sent"]
