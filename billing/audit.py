"""Writing down what was done, and asking a person where no rule can decide."""

import logging
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing.models import AuditEvent, Invoice, Payment, StaffTask

log = logging.getLogger(__name__)


def record(action: str, *, by: str, invoice: Invoice | None = None, **details: Any) -> None:
    """One line on the timeline, in the transaction of the act itself. `details` holds no personal data."""
    AuditEvent.objects.create(invoice=invoice, action=action, by=by, details=details)


def record_each(action: str, *, by: str, invoices: Iterable[Invoice], **details: Any) -> None:
    """The same line on the timeline of many invoices."""
    AuditEvent.objects.bulk_create(
        AuditEvent(invoice=invoice, action=action, by=by, details=details) for invoice in invoices
    )


def open_task(
    kind: str,
    *,
    dedupe_key: str,
    invoice: Invoice | None = None,
    payment: Payment | None = None,
    note: str = "",
) -> None:
    """Open a task for staff, once per `dedupe_key`: the same cause seen again adds nothing."""
    StaffTask.objects.bulk_create(
        [StaffTask(kind=kind, invoice=invoice, payment=payment, note=note[:200], dedupe_key=f"{kind}:{dedupe_key}")],
        ignore_conflicts=True,
    )
    log.warning("staff item %s", kind)


def close_task(item: StaffTask, *, staff: Any) -> bool:
    """The item is settled, by this person; False when somebody closed it before. A closed item stays closed."""
    with transaction.atomic():
        closed = StaffTask.objects.filter(pk=item.pk, closed_at=None).update(closed_at=timezone.now(), closed_by=staff)
        if closed:
            record("task_closed", by=name_of(staff), invoice=item.invoice, kind=item.kind)
    return bool(closed)


def close_superseded(items: Iterable[StaffTask], *, by: str, reason: str) -> None:
    """Close what a rule made and what has come out otherwise since, so that nobody acts on it; the note says why."""
    for item in items:
        note = f"{item.note}: {reason}" if item.note else reason
        mine = StaffTask.objects.filter(pk=item.pk, closed_at=None)
        if mine.update(closed_at=timezone.now(), note=note[:200]):
            record("task_closed", by=by, invoice=item.invoice, kind=item.kind, reason=reason)


def name_of(staff: Any) -> str:
    """How a member of staff stands in a timeline and in `by` of a rule."""
    return f"staff:{staff.username}"[:60]
