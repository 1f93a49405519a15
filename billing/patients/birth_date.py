"""Correcting a wrong date of birth: the one change by which a number could come to mean another person.

A batch can't do it. One person asks with a reason, another approves, and the patient is told at the address that we
have. Invoices keep whom they were handed in for: one with the wrong date is credited, and made anew.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.models import BirthDateChange, Invoice, Patient, StaffTask
from billing.outbox.queue import queue_message
from billing.patients.registration import CHANGED
from billing.rights import by_two
from billing.submission.values import FieldError, read_birth_date


def ask(patient: Patient, *, date_of_birth: str, reason: str, by: str) -> BirthDateChange:
    """Let another date of birth wait for a second person; one that waited before is superseded.

    Raises Refused for no date of birth, the one that we have, or no reason.
    """
    try:
        right = read_birth_date(date_of_birth)
    except FieldError as error:
        raise Refused(str(error)) from None
    if right == patient.identity["date_of_birth"]:
        raise Refused(_("That is the date of birth that we have."))
    if not reason.strip():
        raise Refused(_("Say why, and how you know it."))
    with transaction.atomic():
        Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        by_two.supersede(BirthDateChange.objects.filter(patient=patient, decided_at=None), by=by)
        asked = BirthDateChange(patient=patient, asked_by=by)
        asked.facts = {"date_of_birth": right, "reason": " ".join(reason.split())}
        asked.save(force_insert=True)
        invoices = _invoices(patient)
        audit.record_each("birth_date_asked", by=by, invoices=invoices)
        audit.open_task(
            StaffTask.Kind.BIRTH_DATE_WAITS, dedupe_key=str(asked.pk), invoice=invoices[-1] if invoices else None
        )
    return asked


def decide(asked: BirthDateChange, *, approved: bool, by: str, now: datetime | None = None) -> None:
    """Approve or refuse a correction. Raises Refused for whoever asked for it, Stale when it was decided before."""
    now = now or timezone.now()
    by_two.refuse_own(asked, approved=approved, by=by, practice=asked.patient.provider_id)
    with transaction.atomic():
        patient = Patient.objects.select_for_update(no_key=True).get(pk=asked.patient_id)
        waiting = BirthDateChange.objects.filter(pk=asked.pk, decided_at=None).exclude(sealed_facts=b"")
        by_two.settle(waiting, approved=approved, by=by, now=now)
        invoices = _invoices(patient)
        audit.record_each("birth_date_approved" if approved else "birth_date_refused", by=by, invoices=invoices)
        tasks = StaffTask.objects.filter(dedupe_key=f"{StaffTask.Kind.BIRTH_DATE_WAITS}:{asked.pk}", closed_at=None)
        audit.close_superseded(tasks, by=by, reason="decided")
        if approved:
            patient.identity = patient.identity | {"date_of_birth": asked.facts["date_of_birth"]}
            patient.identity_settled_at = now
            patient.save(update_fields=["sealed_identity", "birth_key", "identity_settled_at"])
            if invoices:
                _tell(invoices[-1], asked, now)


def _tell(invoice: Invoice, asked: BirthDateChange, now: datetime) -> None:
    queue_message(
        CHANGED,
        invoice=invoice,
        context={"changed": ["birth_date"], "provider": invoice.provider, "codes_from": None},
        dedupe_key=f"birth_date:{asked.pk}",
        now=now,
    )


def _invoices(patient: Patient) -> list[Invoice]:
    rows = Invoice.objects.filter(patient=patient, erased_at=None).select_related("provider", "patient")
    return list(rows.order_by("pk"))
