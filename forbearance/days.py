"""The day's work on forbearance: what has a last day ends by itself after it."""

from datetime import date
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from billing import audit, ledger
from billing.dunning import told_together
from billing.failures import isolated
from billing.invoices import intake
from billing.invoices.debtors import patients_of_debtor
from billing.ledger import lock_invoices
from billing.models import Hold, Invoice, Patient, Payer
from billing.patients.age import came_of_age, is_adult
from forbearance import notices, reports, rests
from forbearance.models import Forbearance

BY = "system"
Kind = Forbearance.Kind


def run_day(today: date) -> None:
    """End what lasted until before `today`, and what held while a patient was a minor. Again it changes nothing."""
    of_parents = Q(payer__relation=Payer.Relation.PARENT)
    of_parents |= Q(Exists(Forbearance.objects.filter(patient=OuterRef("pk"), kind=Kind.MINOR, ended_at=None)))
    for patient in Patient.objects.filter(of_parents).order_by("pk").iterator():
        about = Invoice.objects.filter(patient=patient, settled_at=None)
        isolated(partial(_come_of_age, patient, today), rule="patient who comes of age", row=patient.pk, about=about)
    over = Forbearance.objects.filter(ended_at=None, until__lt=today).order_by("pk")
    _end_breathing_spaces(list(over.filter(kind=Kind.BREATHING_SPACE).select_related("patient")), today)
    over = over.exclude(kind=Kind.BREATHING_SPACE)
    for row_id, patient_id in list(over.values_list("pk", "patient_id")):
        about = Invoice.objects.filter(patient=patient_id, settled_at=None)
        act = partial(end, row_id, by=BY, today=today, only_over=True)
        isolated(act, rule="forbearance that ends", row=row_id, about=about)


def _end_breathing_spaces(rows: list[Forbearance], today: date) -> None:
    """End breathing spaces, those of one payer together: a mother of three took one, and is told once."""
    left = {row.pk: row for row in rows}
    while left:
        first = next(iter(left.values()))
        same = set(patients_of_debtor(first.patient))
        group = [row for row in left.values() if row.patient_id in same and row.until == first.until]
        left = {pk: row for pk, row in left.items() if row not in group}
        about = Invoice.objects.filter(patient__in=[row.patient_id for row in group], settled_at=None)
        act = partial(_end_together, [row.pk for row in group], today)
        isolated(act, rule="breathing space that ends", row=first.pk, about=about)


def _end_together(row_ids: list[int], today: date) -> None:
    provider_id = Forbearance.objects.values_list("patient__provider_id", flat=True).get(pk=row_ids[0])
    with transaction.atomic():
        intake.lock_provider(provider_id)
        patients = Forbearance.objects.filter(pk__in=row_ids).values("patient")
        held = Hold.objects.filter(invoice__patient__in=patients, released_at=None)
        lock_invoices(held.values_list("invoice_id", flat=True))  # of all of them, in one order
        lifted = [one for row_id in row_ids for one in _end(row_id, by=BY, today=today, only_over=True, tell=False)]
        owing = lock_invoices(one.pk for one in lifted if ledger.outstanding(one.pk))  # with their new days
        notices.over(owing, today=today)


def _come_of_age(patient: Patient, today: date) -> None:
    """Write to a patient who is 18 now about new invoices; what is open of care before stays the parents'.

    Nobody is put in default for a debt of their parents: those invoices rest, parents who are known hear which ones,
    and staff agree with them how they pay. Of a date of birth that is not known nothing is assumed.
    """
    if not is_adult(patient.identity.get("date_of_birth", ""), today=today):
        return
    with transaction.atomic():
        intake.lock_provider(patient.provider_id)
        patient = reports.lock_patient(patient.pk)
        parent = Payer.objects.filter(patient=patient, relation=Payer.Relation.PARENT).first()
        row = Forbearance.objects.filter(patient=patient, kind=Kind.MINOR, ended_at=None).first()
        if parent is None and row is None:
            return
        of_parents = rests.split_at(patient.pk, came_of_age(patient))
        if parent and parent.email:
            notices.of_age(patient, of_parents)
        if of_parents:
            known = {"name": parent.name, "email": parent.email, "language": parent.language} if parent else {}
            stays = rests.leave_to_parents(patient, of_parents, parent=known, by=BY)
            # How they pay is agreed where a plan runs: it goes on.
            rests.place(stays, [one for one in of_parents if not told_together.has_plan(one)], by=BY)
        if row:
            end(row.pk, by=BY, today=today)
        else:
            reports.settle_payer(patient, by=BY, today=today)


def end(row_id: int, *, by: str, today: date, only_over: bool = False, written: str = "") -> bool:
    """End a forbearance: what rested because of it goes on, with a new last day to pay; return False when it had ended.

    `only_over`: unless its last day has not passed, because somebody extended it meanwhile. Raises Refused while the
    patient would be asked for what the parents owe.
    """
    provider_id = Forbearance.objects.values_list("patient__provider_id", flat=True).get(pk=row_id)
    with transaction.atomic():
        intake.lock_provider(provider_id)
        if row := Forbearance.objects.filter(pk=row_id, ended_at=None).first():
            reports.refuse_without_parent(row)
            _end(row_id, by=by, today=today, only_over=only_over, written=written)
            return not Forbearance.objects.filter(pk=row_id, ended_at=None).exists()
    return False


def _end(
    row_id: int, *, by: str, today: date, only_over: bool = False, written: str = "", tell: bool = True
) -> list[Invoice]:
    """End a forbearance whose practice is locked, with all that came of the same notice; return what rests no more."""
    with transaction.atomic():
        row = Forbearance.objects.select_related("patient__provider").get(pk=row_id)
        if row.ended_at or (only_over and (row.until is None or row.until >= today)):
            return []
        group = rests.group_of(row)
        if row.kind in rests.RELATIONS or len(group) > 1:
            reports.lock_patients([one.patient_id for one in group])
        ended = [_end_one(one, by=by, today=today, written=written, tell=tell) for one in group]
    return [invoice for lifted in ended for invoice in lifted]


def _end_one(row: Forbearance, *, by: str, today: date, written: str, tell: bool) -> list[Invoice]:
    row.ended_at, row.ended_by = timezone.now(), by
    row.save(update_fields=["ended_at", "ended_by"])
    invoice = Invoice.objects.filter(patient=row.patient_id).order_by("pk").last()
    audit.record("forbearance_ended", by=by, invoice=invoice, written=written, kind=row.kind)
    reports.close_tasks(row, reports.TO_ANSWER, reports.TO_TAKE_OFF, by=by, reason="ended")
    if row.kind in rests.RELATIONS:
        reports.settle_payer(row.patient, by=by, today=today)
    return rests.lift(row, by=by, today=today, tell=tell)
