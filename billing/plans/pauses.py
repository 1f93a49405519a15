"""What a pause does to a plan: while it lasts nothing is asked, and after it nobody is late at once."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

from billing import rooms
from billing.models import Hold
from billing.plans.progress import Progress
from billing.rooms import Stops


def held_until(invoice_ids: Sequence[int]) -> dict[int, date]:
    """Return until which day each of these invoices was on hold; `date.max` while a hold is active."""
    until: dict[int, date] = {}
    holds = Hold.objects.filter(invoice_id__in=invoice_ids, reason__in=rooms.reasons_stopping(Stops.PLANS))
    for invoice_id, end in holds.values_list("invoice_id", "released_at"):
        day = timezone.localtime(end).date() if end else date.max
        until[invoice_id] = max(day, until.get(invoice_id, day))
    return until


def time_until(held_until: date) -> date:
    """Return until when an installment that fell due before may be paid, as the mail about the end of a pause says."""
    return held_until + timedelta(days=settings.LATE_INVOICE_TERM_DAYS)


def last_day_of_next(now: Progress, *, today: date) -> date | None:
    """Return the last day to pay the next installment as it counts, also after a pause; None when all is paid."""
    if now.next is None:
        return None
    first = now.next.installment
    day: date = first.grace_until or first.due_on
    if day >= today:
        return day
    held = held_until([now.plan.invoice_id]).get(now.plan.invoice_id, date.max)
    return day if held == date.max else max(day, time_until(held))
