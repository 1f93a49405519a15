"""Running the dunning schedule in tests: days pass, the day's rule runs, and letters go to a real mail server."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing import ledger
from billing.dunning import planning
from billing.invoices import schedule
from billing.models import Invoice, LedgerTransaction, OutboxMessage, ReminderStep
from billing.outbox import delivery
from tests import factories
from tests.books import booked

Step = ReminderStep.Step
MONDAY = date(2026, 3, 2)  # weeks without a holiday follow, up to Good Friday on 3 April
DUE = MONDAY + timedelta(days=30)  # Wednesday 1 April 2026
REMINDED, NOTICED = date(2026, 4, 8), date(2026, 4, 23)
LAST_DAY, COSTS_ON, FINAL_ON = date(2026, 5, 8), date(2026, 5, 18), date(2026, 6, 3)


def at(day: date, hour: int = 10, minute: int = 0) -> datetime:
    """Return a moment of that day in Amsterdam."""
    return datetime.combine(day, time(hour, minute), tzinfo=timezone.get_default_timezone())


def new_invoice(*, on: date = MONDAY, days: int = 30, **fields: Any) -> Invoice:
    """Create an invoice as the import leaves it: not announced yet, due in `days`."""
    invoice = factories.invoice(issued_on=on, due_on=on + timedelta(days=days), **fields)
    ReminderStep.objects.create(invoice=invoice, step=Step.NOTICE, due_on=invoice.due_on, planned_on=on)
    Invoice.objects.filter(pk=invoice.pk).update(
        next_step=Step.NOTE, next_step_on=schedule.first_note_on(invoice.due_on)
    )
    invoice.refresh_from_db()
    return invoice


def live(day: date, hour: int = 10) -> None:
    """Run one day: plan, compose letters, send and follow them up, at two moments of the day."""
    for now in (at(day, hour), at(day, hour, 1)):
        planning.run_day(day)
        planning.sweep(now=now)
        delivery.sweep(now=now)
    planning.sweep(now=at(day, hour, 2))


def live_through(first: date, last: date, *, every: int = 1) -> None:
    """Run the days from `first` through `last`; with `every` only each so many of them, where nothing is expected."""
    day = first
    while day <= last:
        live(day)
        day += timedelta(days=every)


def sent(invoice: Invoice | None = None) -> list[tuple[str, str]]:
    """Return (kind, day) of the sent mails, in their order."""
    rows = OutboxMessage.objects.filter(status=OutboxMessage.Status.SENT).order_by("sent_at", "pk")
    if invoice:
        rows = rows.filter(letter__steps__invoice=invoice)
    return [(m.kind, f"{timezone.localtime(m.sent_at):%Y-%m-%d}") for m in rows]


def until(invoice: Invoice, day: date) -> Invoice:
    """Run the days on which a step falls, through `day`, and return the invoice."""
    days = (MONDAY, DUE - timedelta(days=7), REMINDED, NOTICED, LAST_DAY, COSTS_ON, FINAL_ON)
    for one in days:
        if one <= day:
            live(one)
    if day not in days:
        live(day)
    invoice.refresh_from_db()
    return invoice


def with_letter() -> tuple[Invoice, OutboxMessage]:
    """An invoice of € 100 whose reminder waits for a worker."""
    invoice = until(new_invoice(amount="100.00"), REMINDED.replace(day=REMINDED.day - 1))
    planning.run_day(REMINDED)
    planning.sweep(now=at(REMINDED))
    return invoice, OutboxMessage.objects.get(invoice=invoice, kind="reminder")


def pay(invoice: Invoice, amount: str, on: date) -> None:
    key = f"pay:{invoice.pk}:{on}"
    locked = ledger.lock_invoice(invoice.pk)
    ledger.post(
        locked, LedgerTransaction.Kind.PAYMENT, -Decimal(amount), external_id=key, occurred_at=at(on), by="test"
    )


def kinds(**fields: Any) -> list[str]:
    return list(OutboxMessage.objects.filter(**fields).order_by("pk").values_list("kind", flat=True))


def charged(invoice: Invoice) -> dict[str, Decimal]:
    charges = booked(invoice, LedgerTransaction.Kind.COSTS, LedgerTransaction.Kind.INTEREST)
    return {kind: sum(e.amount for e in charges if e.kind == kind) for kind in {e.kind for e in charges}}


def reasons(invoice: Invoice, status: str) -> list[tuple[int, str]]:
    rows = ReminderStep.objects.filter(invoice=invoice, status=status)
    return list(rows.order_by("pk").values_list("step", "reason"))
