"""Reports by staff that a patient must be spared or represented: everything stops at once, whoever reports it.

What was sent or charged since the day from which it holds was wrong, and is undone: letters are void, costs and
interest are taken off by mirrors, and what was paid of them is credit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from billing import audit, rooms
from billing.adjustments import charges, taken_off
from billing.errors import Refused
from billing.invoices import intake, schedule
from billing.invoices.debtors import patients_of_debtor
from billing.invoices.holds import extend_hold
from billing.law.calendar import monthly_dates, working_days_after
from billing.ledger import lock_invoice, lock_invoices, outstanding
from billing.models import Invoice, Patient
from billing.patients import registration
from forbearance import notices, rests
from forbearance.models import Forbearance

Kind = Forbearance.Kind
REPORTED = (
    Kind.DEBT_HELP,
    Kind.DECEASED,
    Kind.ADMINISTRATION,
    Kind.GUARDIANSHIP,
    Kind.MINOR,
    Kind.OF_PARENTS,
    Kind.WSNP,
    Kind.MORATORIUM,
)
# Whose helper or administrator is told what is open: a debt counsellor, and whoever a court appointed for old claims.
ANSWERED = rests.OF_DEBTOR
TO_ANSWER = "answer_helper"  # a task for staff
TO_TAKE_OFF = "charges_of_spared"  # likewise
ANSWER_WORKING_DAYS = 5
MORATORIUM_MONTHS = 6  # at most: art. 287b lid 4 Fw, art. 5 Wgs
# Administration ends by guardianship and by death (1:449 BW), guardianship by death (1:389); staff may end the older
# ground later, or never. Of several that are active the first of these counts.
ORDER = (Kind.DECEASED, Kind.GUARDIANSHIP, Kind.ADMINISTRATION, Kind.MINOR)
# Of these nothing may be at a collection agency, also where letters go on to somebody else. Help with debts is a pause.
RECALLED = (*ORDER, Kind.WSNP, Kind.MORATORIUM)


@dataclass(frozen=True, slots=True)
class Said:
    """What staff know. `since`: the day of death, of the court order, or of the notice; `why`: how they know it.

    `name` and `email` are of who speaks for the patient, or helps; `reference` is theirs. All three may be empty.
    `until` counts for a moratorium alone.
    """

    kind: str
    since: date
    why: str
    name: str = ""
    email: str = ""
    reference: str = ""
    until: date | None = None


def report(patient_id: int, said: Said, *, by: str, may_waive: bool = True, today: date | None = None) -> Forbearance:
    """Spare a patient from now on: stop all, undo what came since that day, write to whoever represents them.

    Of who may not waive costs (`may_waive`) a report only stops all, also at an agency, as long as something would be
    taken off the books: `take_off` does the rest, and ending the ground leaves the books as they were.

    Help with debts, and what a court grants to a debtor, is about the person who owes: it counts for all patients of
    the practice for whom that person answers. Return the ground of the patient.

    Raises Refused without a reason, for a day that has not come, when it is over already, or when it is known.
    """
    today = today or timezone.localdate()
    until = _last_day(said, today)
    with transaction.atomic():
        intake.lock_provider(Patient.objects.values_list("provider_id", flat=True).get(pk=patient_id))
        patients = lock_patients(_concerned(patient_id, said.kind))
        patient = patients[patient_id]
        if known := Forbearance.objects.filter(patient=patient, kind=said.kind, ended_at=None).first():
            raise Refused(_("This is known already, since %(day)s.") % {"day": date_format(known.since, "DATE_FORMAT")})
        row = Forbearance(patient=patient, kind=said.kind, since=said.since, until=until, reported_by=by)
        row.facts = {"name": said.name, "email": said.email, "reference": said.reference, "why": said.why.strip()}
        if said.kind in rests.OF_DEBTOR:
            row.facts = row.facts | {"debtor": row.token}
        row.save(force_insert=True)
        rows = [row, *rests.copy_to(row, patients.keys() - {patient_id})]
        if said.kind in ANSWERED:
            _leave_to_answer(row, today=today)
        _keep_parents(row)
        if said.kind in rests.RELATIONS:
            settle_payer(patient, by=by, today=today)
        if not may_waive and any(_takes_off(one) for one in rows):
            undone = _leave_to_take_off(rows, by=by)
        else:
            undone = [invoice for one in rows for invoice in _undo(one, by=by, today=today)]
        audit.record_each("forbearance_reported", by=by, invoices=undone, kind=said.kind, on=str(said.since))
        if said.kind == Kind.DECEASED and said.email:
            notices.heirs(row, undone)
    return row


def _concerned(patient_id: int, kind: str) -> list[int]:
    """Return the keys of the patients whom a report about this one concerns."""
    return patients_of_debtor(Patient.objects.get(pk=patient_id)) if kind in rests.OF_DEBTOR else [patient_id]


def _open_of(row: Forbearance) -> list[Invoice]:
    """Return what is open of all whom the same notice spares, in the order in which invoices are locked."""
    rows = rests.open_invoices(one.patient_id for one in rests.group_of(row))
    return [invoice for invoice in rows if rests.concerns(row, invoice)]


def _leave_to_answer(row: Forbearance, *, today: date) -> None:
    """Leave it to staff to answer whoever helps, within five working days; nothing open needs no answer."""
    if open_ones := _open_of(row):
        by = working_days_after(today, ANSWER_WORKING_DAYS)
        row.facts = row.facts | {"answer_by": by.isoformat()}
        row.save(update_fields=["sealed_facts"])
        if row.reported_by != "patient":  # their letter is a task of its own, with the same day
            audit.open_task(TO_ANSWER, dedupe_key=str(row.pk), invoice=open_ones[0], note=by.isoformat())


def close_tasks(row: Forbearance, *kinds: str, by: str, reason: str) -> None:
    """Close the open tasks of these kinds about a ground."""
    for kind in kinds:
        tasks = [found for found in audit.open_alarms(kind, str(row.pk)) if found.dedupe_key == f"{kind}:{row.pk}"]
        audit.close_superseded(tasks, by=by, reason=reason)


def take_off(row_id: int, *, by: str, today: date | None = None) -> None:
    """Undo what came since the day of a ground whose report only stopped all, for all whom the same notice spares.

    Raises Refused when nothing waits.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        row = lock(row_id)
        if not row.facts.get("charges_wait"):
            raise Refused(_("Nothing waits to be taken off."))
        group = rests.group_of(row)
        lock_patients([one.patient_id for one in group])
        for one in group:
            one.facts = one.facts | {"charges_wait": False}
            one.save(update_fields=["sealed_facts"])
            close_tasks(one, TO_TAKE_OFF, by=by, reason="taken_off")
        for one in group:
            _undo(one, by=by, today=today)


def represent(row_id: int, *, name: str, email: str, by: str, today: date | None = None) -> None:
    """Note who represents the patient, so that invoices go on with them: the administrator, the parents, the heirs.

    Heirs are asked to pay only once they have accepted the estate, which this says too. Raises Refused without an
    address, and for a ground that needs nobody.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        row = lock(row_id)
        if row.kind not in (*rests.RELATIONS, Kind.OF_PARENTS):
            raise Refused(_("Nobody has to represent this patient."))
        if not email:
            raise Refused(_("Without an e-mail address we can't write to them."))
        row.facts = row.facts | {"name": name or row.facts.get("name", ""), "email": email, "accepted": True}
        row.save(update_fields=["sealed_facts"])
        patient = lock_patient(row.patient_id)
        _keep_parents(row)
        settle_payer(patient, by=by, today=today)
        audit.record_each("forbearance_represented", by=by, invoices=rests.open_invoices([row.patient_id]))
        _go_on(row, by=by, today=today)


def extend(row_id: int, *, by: str, today: date | None = None) -> date:
    """Extend help with debts once, by as long as before, when the counsellor asks for it; return the new last day.

    Raises Refused for another ground, and the second time.
    """
    with transaction.atomic():
        row = lock(row_id)
        if row.kind != Kind.DEBT_HELP or row.extended:
            raise Refused(_("This can't be extended, or was extended before."))
        group = rests.group_of(row)
        row.until = months_after(row.since, 2 * settings.DEBT_HELP_MONTHS)
        Forbearance.objects.filter(pk__in=[one.pk for one in group]).update(until=row.until, extended=True)
        invoices = rests.open_invoices(one.patient_id for one in group)
        for invoice in invoices:
            extend_hold(lock_invoice(invoice.pk), rests.HOLDS[row.kind], until=row.until)
        audit.record_each("forbearance_extended", by=by, invoices=invoices, on=str(row.until))
    return row.until


def answer(row_id: int, *, by: str, email: str = "", reference: str = "", today: date | None = None) -> None:
    """Send whoever helps what is open, by a template; `email` and `reference` are theirs, when not known before.

    An administrator whom a court appointed hears of the claims of before the order alone: new care is the
    patient's own.

    Raises Refused without an address or their reference, or with nothing open.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        row = lock(row_id)
        known = row.facts
        row.facts = known | {
            "email": email or known.get("email", ""), "reference": reference or known.get("reference", "")
        }  # fmt: skip
        invoices = _open_of(row)
        if row.kind not in ANSWERED or not row.facts.get("email"):
            raise Refused(_("Without an e-mail address we can't write to them."))
        if not row.facts.get("reference"):
            raise Refused(_("Without their own reference they can't know whom it is about."))
        if not invoices:
            raise Refused(_("Nothing is open, so there is nothing to answer."))
        notices.balance(row, invoices, today=today)
        for one in rests.group_of(row):
            one.facts = one.facts | {"answered_on": today.isoformat()}
            one.save(update_fields=["sealed_facts"])
            close_tasks(one, TO_ANSWER, by=by, reason=today.isoformat())
        audit.record_each("debt_help_answered", by=by, invoices=invoices)


def lock(row_id: int) -> Forbearance:
    """Lock the practice of an active forbearance and return it, freshly read. Raises Refused once it has ended."""
    intake.lock_provider(Forbearance.objects.values_list("patient__provider_id", flat=True).get(pk=row_id))
    row = Forbearance.objects.select_related("patient__provider").get(pk=row_id)
    if row.ended_at:
        raise Refused(_("This has ended already."))
    return row


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last one of a shorter month."""
    return monthly_dates(day, months + 1)[-1]


def _last_day(said: Said, today: date) -> date | None:
    if said.kind not in REPORTED:
        raise Refused(_("Choose what it is."))
    if not said.why.strip():
        raise Refused(_("Say how you know it. Your colleagues read it."))
    if said.since > today:
        raise Refused(_("This day has not come yet."))
    until = None
    if said.kind == Kind.DEBT_HELP:
        until = months_after(said.since, settings.DEBT_HELP_MONTHS)
    elif said.kind == Kind.MORATORIUM:
        until = min(said.until or date.max, months_after(said.since, MORATORIUM_MONTHS))
    if until and until < today:
        raise Refused(_("It ended on %(day)s already.") % {"day": date_format(until, "DATE_FORMAT")})
    return until


def _takes_off(row: Forbearance) -> bool:
    """Tell whether undoing what came since the day of a ground changes the books, ours or those of an agency."""
    rows = Invoice.objects.filter(patient=row.patient_id, erased_at=None, withdrawn_at=None)
    return any(
        charges.stand(one, since=row.since) or (row.kind in RECALLED and rooms.is_handed_over(one))
        for one in rows.select_related("patient")
        if rests.concerns(row, one)
    )


def _leave_to_take_off(rows: Sequence[Forbearance], *, by: str) -> list[Invoice]:
    """Let all invoices rest, an agency waits for those that it has, and leave it to staff to take off what came."""
    resting = []
    for row in rows:
        row.facts = row.facts | {"charges_wait": True}
        row.save(update_fields=["sealed_facts"])
        of_row = [one for one in rests.open_invoices([row.patient_id]) if rests.concerns(row, one)]
        rests.place(row, of_row, by=by)
        resting += of_row
    newest = Invoice.objects.filter(patient=rows[0].patient_id).order_by("pk").last()
    audit.open_task(TO_TAKE_OFF, dedupe_key=str(rows[0].pk), invoice=newest)
    return resting


def _undo(row: Forbearance, *, by: str, today: date) -> Sequence[Invoice]:
    """Let the invoices rest and undo what came since the day of the forbearance; return those that it touched."""
    recalled = _recall(row, by=by, today=today) if row.kind in RECALLED else set()
    rows = Invoice.objects.filter(patient=row.patient_id, erased_at=None, withdrawn_at=None)
    touched, off = [], []
    for invoice in rows.select_related("provider", "patient").order_by("pk"):
        if not rests.concerns(row, invoice):
            continue
        touched.append(invoice)
        locked = lock_invoice(invoice.pk)
        if taken := charges.take_off(locked, by=by, note="spared", since=row.since):
            off.append((locked, taken))
            if not charges.stand(locked):  # costs are due again only after a whole new letter (6:96 lid 6 BW)
                schedule.void_final_notice(locked, "spared")
        schedule.void_since(locked, row.since, "spared")
    left = [invoice for invoice in rests.open_invoices([row.patient_id]) if invoice.pk not in recalled]
    rests.place(row, left, by=by)
    _go_on(row, by=by, today=today)
    if row.kind in rests.OF_DEBTOR:  # who goes on getting our mails had one that asked for these costs
        for invoice, taken in off:
            if invoice.pk not in recalled:
                again = not charges.stand(invoice)
                taken_off.tell(invoice, taken, today=today, start_again=again, spared=True)
    return touched


def _go_on(row: Forbearance, *, by: str, today: date) -> None:
    """Go on with whoever represents the patient, once they may be written to, from a new last day to pay."""
    if row.kind not in notices.FIRST_LETTER:
        rests.lift(row, by=by, today=today)
        return
    lifted = rests.lift(row, by=by, today=today, tell=False)
    owing = lock_invoices(one.pk for one in lifted if outstanding(one.pk))  # with their new days
    notices.represented(row, owing, today=today)


def _keep_parents(row: Forbearance) -> None:
    """Write to the parents about what stays theirs; of another ground do nothing."""
    if row.kind == Kind.OF_PARENTS:
        rests.keep_parents(row, [one for one in rests.open_invoices([row.patient_id]) if rests.concerns(row, one)])


def refuse_without_parent(row: Forbearance) -> None:
    """Raise Refused when ending this ground would ask a patient for what their parents owe."""
    if row.kind != Kind.OF_PARENTS or row.facts.get("email"):
        return
    if any(rests.concerns(row, invoice) for invoice in rests.open_invoices([row.patient_id])):
        raise Refused(_("Say first which parent pays: the patient was a minor, and does not owe this."))


def _recall(row: Forbearance, *, by: str, today: date) -> set[int]:
    """Take all invoices of the patient back from whoever collects them for us; return their keys.

    An agency would go on writing to the patient in person, or to the dead. One mail tells whoever is written to from
    now on: the last day to pay, or that the invoice rests.
    """
    handed = [one for one in rests.open_invoices([row.patient_id]) if rooms.is_handed_over(one)]
    rests.place(row, handed, by=by)
    rests.lift(row, by=by, today=today, tell=False)
    return rooms.recall(lock_invoices([one.pk for one in handed]), reason=row.kind, by=by, today=today)


# --- who is written to instead: one question, answered from all active grounds ---------------------------


def lock_patient(patient_id: int) -> Patient:
    """Lock a patient and all their invoices, as whoever composes a letter does, and return the patient.

    A letter composed meanwhile is either there already and gets the new address, or is composed afterwards and reads
    it. Without this one could leave for the old address.
    """
    return lock_patients([patient_id])[patient_id]


def lock_patients(patient_ids: Sequence[int]) -> dict[int, Patient]:
    """Lock patients and all their invoices in the order of their keys, and return the patients by key."""
    rows = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("provider")
    patients = {patient.pk: patient for patient in rows.filter(pk__in=patient_ids).order_by("pk")}
    lock_invoices(Invoice.objects.filter(patient__in=patient_ids, erased_at=None).values_list("pk", flat=True))
    return patients


def settle_payer(patient: Patient, *, by: str, today: date) -> None:
    """Write from now on to whom the active grounds of a locked patient name, else to whom the practice named."""
    rows = Forbearance.objects.filter(patient=patient, kind__in=ORDER, ended_at=None)
    active = {row.kind: row for row in rows}
    named = (_payer(active[kind], patient) for kind in ORDER if kind in active)
    registration.represent(patient, next((payer for payer in named if payer), None), by=by, today=today)


def _payer(row: Forbearance, patient: Patient) -> dict[str, Any] | None:
    """Return whom a ground names; of a minor nobody before a parent is known."""
    facts = row.facts
    if row.kind == Kind.MINOR and not facts["email"]:
        return None
    name = facts["name"]
    if row.kind == Kind.DECEASED:
        parts = (patient.initials, patient.infix, patient.surname)
        with override(patient.language):
            name = _("the heirs of %(name)s") % {"name": " ".join(part for part in parts if part)}
    return {
        "relation": rests.RELATIONS[row.kind],
        "name": name[:120],
        "email": facts["email"],
        "language": patient.language,
    }
