"""The audit trail, and tasks for staff where no rule can decide."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models import AuditEvent, Invoice, Payment, StaffNote, StaffTask
from billing.rows import insert_rows

log = logging.getLogger(__name__)
NOTE = "note"  # in the details of an event: the key of a StaffNote
# How staff read who did something, when it was no member of staff.
_ACTORS = {
    "patient": _("patient"),
    "anonymous": _("somebody who was not signed in"),
    "mollie": "Mollie",
    "bank": _("bank"),
    "agency": _("collection agency"),
    "command": _("somebody of operations, by a command"),
    "import": _("somebody of operations, by a command"),
    "mail server": _("mail server"),
    **dict.fromkeys(("system", "outbox", "settings", "folder", "operator", "dunning", "payouts"), _("by itself")),
}


def record(
    action: str,
    *,
    by: str,
    invoice: Invoice | None = None,
    patient: Any = None,
    written: str = "",
    **details: Any,
) -> None:
    """Add one event to the timeline, in the transaction of the act itself. `details` must hold no personal data.

    `written` is what a person typed: it is sealed in a row of its own, which can be erased, and the event keeps the
    key of that row. It is about the invoice, or about a `patient`.
    """
    if written:
        note = StaffNote(invoice=invoice, patient=patient, by=by)
        note.text = written
        note.save(force_insert=True)
        details[NOTE] = note.key
    record_all([event(action, by=by, invoice=invoice, **details)])


def event(action: str, *, by: str, invoice: Invoice | None, **details: Any) -> AuditEvent:
    """Return an event that `record_all` adds to the timeline; `details` as for `record`."""
    return AuditEvent(invoice=invoice, action=action, by=by, details=details)


def record_all(events: Iterable[AuditEvent]) -> None:
    """Add events to the timelines of their invoices, in the transaction of the acts themselves."""
    insert_rows(events)


def words_of(events: Iterable[AuditEvent]) -> dict[str, str]:
    """Return what staff typed with these events, by key; medical data, so the caller has written the access log."""
    keys = [event.details[NOTE] for event in events if NOTE in event.details]
    return {note.key: note.text for note in StaffNote.objects.filter(key__in=keys)} if keys else {}


def record_each(action: str, *, by: str, invoices: Iterable[Invoice], **details: Any) -> None:
    """Add the same event to the timelines of many invoices."""
    record_all(event(action, by=by, invoice=invoice, **details) for invoice in invoices)


def open_task(
    kind: str,
    *,
    dedupe_key: str,
    invoice: Invoice | None = None,
    payment: Payment | None = None,
    note: str = "",
) -> None:
    """Open a task for staff, once per kind and `dedupe_key`: a repeated cause adds nothing."""
    open_tasks([task(kind, dedupe_key=dedupe_key, invoice=invoice, payment=payment, note=note)])


def task(
    kind: str, *, dedupe_key: str, invoice: Invoice | None = None, payment: Payment | None = None, note: str = ""
) -> StaffTask:
    """Return a task that `open_tasks` opens."""
    return StaffTask(
        kind=kind,
        invoice=invoice,
        payment=payment,
        note=note[:200],
        dedupe_key=f"{kind}:{dedupe_key}",
        provider_id=invoice.provider_id if invoice else None,
    )


def open_tasks(tasks: Sequence[StaffTask]) -> None:
    """Open tasks for staff, each as `open_task` does."""
    StaffTask.objects.bulk_create(tasks, ignore_conflicts=True)
    for kind, count in Counter(one.kind for one in tasks).items():
        log.warning("staff task %s (%s)", kind, count)


def open_alarm(
    kind: str,
    *,
    cause: str,
    invoice: Invoice | None = None,
    payment: Payment | None = None,
    note: str = "",
    now: datetime | None = None,
) -> None:
    """Open a task about something that goes on until it is mended: once a cause, while that task is open.

    When it was closed and the cause is still there, a new task opens, not more than one a day. Another cause always
    makes another task.
    """
    cause = cause[:90]
    if not open_alarms(kind, f"{cause}@").exists():
        day = timezone.localdate(now)
        open_task(kind, dedupe_key=f"{cause}@{day}", invoice=invoice, payment=payment, note=note)


def open_alarms(kind: str, cause: str) -> QuerySet[StaffTask]:
    """Return the open tasks of this kind whose cause begins with `cause`."""
    tasks = StaffTask.objects.filter(kind=kind, closed_at=None, dedupe_key__startswith=f"{kind}:{cause}")
    return tasks.select_related("invoice")


def close_task(task: StaffTask, *, staff: Any, reason: str) -> bool:
    """Close the task in the name of this person, who says how it was settled; it stays closed.

    Returns False when somebody closed it before.
    """
    with transaction.atomic():
        closed = StaffTask.objects.filter(pk=task.pk, closed_at=None).update(closed_at=timezone.now(), closed_by=staff)
        if closed:
            patient = None if task.invoice else task.patient
            facts = {"written": reason, "kind": task.kind, "task": str(task.pk)}
            record("task_closed", by=name_of(staff), invoice=task.invoice, patient=patient, **facts)
    return bool(closed)


def close_superseded(tasks: Iterable[StaffTask], *, by: str, reason: str) -> None:
    """Close tasks whose cause no longer holds, so that nobody acts on them; the note says why."""
    for task in tasks:
        note = f"{task.note}: {reason}" if task.note else reason
        still_open = StaffTask.objects.filter(pk=task.pk, closed_at=None)
        if still_open.update(closed_at=timezone.now(), note=note[:200]):
            record("task_closed", by=by, invoice=task.invoice, kind=task.kind, reason=reason)


def actor(by: str) -> str:
    """Return who did something, from the `by` of a rule, in words for staff: a name, the patient, or nobody at all."""
    name = by.partition(":")[2]
    return name or str(_ACTORS.get(by, by))


def name_of(staff: Any) -> str:
    """Return how a member of staff is named in a timeline and in the `by` of a rule."""
    return f"staff:{staff.username}"[:60]
