"""Tasks that colleagues give each other about a patient or an invoice, and notes on a patient.

What they write may say something about somebody's health, so it is sealed, in the export, and erased with the rest.
"""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, rights
from billing.colleagues import of_practice
from billing.errors import Refused
from billing.models import Invoice, Patient, Staff, StaffTask

Kind = StaffTask.Kind
ASKED = (Kind.ASKED_CALL, Kind.ASKED_LOOK, Kind.ASKED_SEND, Kind.ASKED_OTHER)
MOST_LETTERS = 1000
LATEST = timedelta(days=366)


def ask(
    about: Invoice | Patient,
    kind: str,
    words: str,
    *,
    by: Staff,
    owner: Staff | None,
    due_on: date | None,
    key: str,
    today: date | None = None,
) -> None:
    """Give a task about an invoice or a patient to a colleague, or to whoever takes it; again with `key` adds nothing.

    Raises Refused without words, for a day that is past or too far away, and for somebody who does not work there.
    """
    rights.require(by, "task")
    words = words.strip()
    if not words:
        raise Refused(_("Write down what is to be done."))
    if len(words) > MOST_LETTERS:
        raise Refused(_("This is too long: at most %(number)d characters.") % {"number": MOST_LETTERS})
    if kind not in ASKED:
        raise Refused(_("Choose what is to be done."))
    _check(about.provider_id, owner, due_on, today or timezone.localdate())
    invoice, patient = (about, None) if isinstance(about, Invoice) else (None, about)
    task = StaffTask(
        kind=kind, invoice=invoice, patient=patient, provider_id=about.provider_id, made_by=audit.name_of(by),
        owner=owner, due_on=due_on, dedupe_key=f"{kind}:{by.pk}:{key}"[:120],
    )  # fmt: skip
    task.text = words
    with transaction.atomic():
        if StaffTask.objects.filter(dedupe_key=task.dedupe_key).exists():
            return
        try:
            with transaction.atomic():
                task.save(force_insert=True)
        except IntegrityError:  # the same form was sent twice at once
            return
        audit.record("task_asked", by=audit.name_of(by), invoice=invoice, kind=kind, task=task.pk)


def assign(task: StaffTask, *, by: Staff, owner: Staff | None, due_on: date | None, today: date | None = None) -> None:
    """Give an open task, also one that the portal made, to somebody else or to nobody, with the day until which.

    Raises Refused as `ask`, and when somebody closed it meanwhile.
    """
    rights.require(by, "task")
    day = today or timezone.localdate()
    if task.provider_id is not None:
        _check(task.provider_id, owner, due_on, day, before=task.due_on)
    with transaction.atomic():
        if not StaffTask.objects.filter(pk=task.pk, closed_at=None).update(owner=owner, due_on=due_on):
            raise Refused(_("Somebody else has closed this already."))
        facts: dict[str, Any] = {"kind": task.kind, "task": task.pk, "staff": owner.pk if owner else None}
        on = due_on.isoformat() if due_on else None
        audit.record("task_given", by=audit.name_of(by), invoice=task.invoice, on=on, **facts)


def _check(provider_id: int, owner: Staff | None, due_on: date | None, today: date, before: date | None = None) -> None:
    if owner is not None and not of_practice(provider_id).filter(pk=owner.pk).exists():
        raise Refused(_("Choose a colleague of this practice."))
    if due_on and due_on != before and not today <= due_on <= today + LATEST:
        raise Refused(_("Choose a day from today on, and within a year; or none."))


def may_close(task: StaffTask, staff: Staff) -> bool:
    """Tell whether this person may close the task: one of their own, or any when they have that right."""
    own = task.kind in ASKED and (task.owner_id == staff.pk or task.made_by == audit.name_of(staff))
    return rights.may(staff, "close_task") or (own and rights.may(staff, "task"))


def close(task: StaffTask, *, by: Staff, reason: str) -> None:
    """Close a task, with how it was settled. Raises Refused without that, and when it is not theirs or closed."""
    if not may_close(task, by):
        rights.require(by, "close_task")
    if not reason.strip():
        raise Refused(_("Say how it was settled. Your colleagues read it on the timeline."))
    if not audit.close_task(task, staff=by, reason=reason.strip()[:200]):
        raise Refused(_("Somebody else has closed this already."))


def write_note(patient: Patient, *, by: Staff, note: str) -> None:
    """Write a note on a patient. Raises Refused for an empty one, and for a patient who was erased."""
    rights.require(by, "note")
    if not note.strip():
        raise Refused(_("Say why. Your colleagues read it on the timeline."))
    if not patient.sealed_identity:
        raise Refused(_("The data of this patient were erased."))
    audit.record("note_written", by=audit.name_of(by), patient=patient, written=note.strip()[:200], about=patient.pk)


def mine(tasks: QuerySet[StaffTask], staff: Staff) -> QuerySet[StaffTask]:
    """Select what somebody has to do."""
    return tasks.filter(owner=staff, closed_at=None)


def late(tasks: QuerySet[StaffTask], today: date) -> QuerySet[StaffTask]:
    """Select what should have been done before `today`."""
    return tasks.filter(due_on__lt=today, closed_at=None)


def close_pointless(now: datetime) -> int:
    """Close the tasks about collecting an invoice on which nothing is left to pay, or that was withdrawn.

    Returns how many. Tasks of colleagues stay: what they asked may have to be done all the same.
    """
    over = Q(invoice__settled_at__isnull=False) | Q(invoice__withdrawn_at__isnull=False)
    tasks = StaffTask.objects.filter(over, kind__in=_OF_COLLECTING, closed_at=None, created_at__lt=now)
    rows = list(tasks.select_related("invoice"))
    audit.close_superseded(rows, by="system", reason=_("nothing is left to pay"))
    return len(rows)


# What nobody has to decide once nothing can be asked any more.
_OF_COLLECTING = (
    Kind.READY_FOR_HAND_OVER,
    Kind.SMALL_REST,
    Kind.PAST_ENFORCING,
    Kind.INVOICE_UNDELIVERED,
    Kind.MINOR_WITHOUT_PAYER,
)
