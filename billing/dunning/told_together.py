"""One mail that tells of several invoices, or with other news, that a pause is over.

Each hold keeps which mail told of its end, so that letters wait for it as for the mail about one invoice. When what it
says is no longer true, each invoice gets a mail of its own.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from billing import ledger
from billing.dunning import hold_messages
from billing.invoices.holds import stopping
from billing.law import calendar
from billing.ledger import lock_invoices
from billing.models import Invoice, OutboxMessage, PaymentPlan
from billing.money import to_cents
from billing.rooms import Stops

told = hold_messages.told
bounced = hold_messages.ended_bounced


def has_plan(invoice: Invoice) -> bool:
    """Tell whether the invoice is paid later or in parts: then its end is told in a mail of its own."""
    return PaymentPlan.objects.filter(invoice=invoice, status=PaymentPlan.Status.ACTIVE).exists()


def stated(invoices: Iterable[Invoice]) -> str:
    """Return a digest of what is owed on each invoice and until when: the end of the mail's `dedupe_key`."""
    rows = sorted(
        f"{invoice.pk}:{to_cents(ledger.outstanding(invoice.pk))}:{invoice.due_on}:{has_plan(invoice):d}"
        for invoice in invoices
    )
    return hashlib.sha256(" ".join(rows).encode()).hexdigest()[:16]


def may_send(message: OutboxMessage, now: datetime) -> datetime | str | None:
    """Check it as the mail about one invoice: in the hours of the law, and only while all that it says is true."""
    if not calendar.is_sending_moment(now):
        return calendar.next_sending_moment(now)
    return "changed" if tell_anew(message, now) else None


def tell_anew(message: OutboxMessage, now: datetime) -> bool:
    """Queue a mail of its own for each invoice when what a waiting mail says is no longer true; tell whether it is so.

    Its day must lie at least LATE_INVOICE_TERM_DAYS after the day on which it leaves.
    """
    invoices = lock_changed(message, now)
    for invoice in invoices:
        if goes_on(invoice):
            hold_messages.queue_ended(invoice, timezone.localdate(now))
    return bool(invoices)


def lock_changed(message: OutboxMessage, now: datetime) -> list[Invoice]:
    """Lock and return the invoices of a waiting mail when what it says is no longer true; none when it still is."""
    invoices = lock_invoices(hold_messages.told_of(message))
    queued = OutboxMessage.objects.filter(pk=message.pk, status=OutboxMessage.Status.QUEUED)
    if not invoices or not queued.exists() or not _has_changed(message, invoices, timezone.localdate(now)):
        return []
    return invoices


def goes_on(invoice: Invoice) -> bool:
    """Tell whether no other pause is active and the invoice counts."""
    return invoice.withdrawn_at is None and not stopping(Stops.REMINDERS, invoice=invoice).exists()


def _has_changed(message: OutboxMessage, invoices: list[Invoice], today: date) -> bool:
    if any(stopping(Stops.REMINDERS, invoice=invoice).exists() for invoice in invoices):
        return True
    least = today + timedelta(days=settings.LATE_INVOICE_TERM_DAYS)
    owing = [one for one in invoices if ledger.outstanding(one.pk) and not has_plan(one)]
    return any(one.due_on < least for one in owing) or message.dedupe_key.rpartition(":")[2] != stated(invoices)
