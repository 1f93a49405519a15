"""Invoices rest because of a forbearance: present ones and those to come, until it ends, with a new last day to pay.

Call everything here in a transaction that holds `intake.lock_provider`: an import of the same practice then comes
either before, and its invoices are found, or after, and finds the forbearance.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from billing import audit, ledger
from billing.dunning import hold_messages, told_together
from billing.invoices import schedule
from billing.invoices.debtors import patients_of_debtor
from billing.invoices.holds import place_hold, place_holds, release_hold
from billing.ledger import lock_invoice
from billing.models import Hold, Invoice, Patient, Payer, StaffTask
from billing.patients import age, parents
from billing.patients.age import first_care_on
from billing.rooms import Intake
from forbearance import needs
from forbearance.models import Forbearance

Kind = Forbearance.Kind
# The reason of the holds that each kind places.
PARENTS = "debt_of_parents"  # a task for staff
HOLDS: dict[str, str] = {
    Kind.BREATHING_SPACE: "breathing_space",
    Kind.DEBT_HELP: "debt_help",
    Kind.DECEASED: "deceased",
    Kind.ADMINISTRATION: "representative",
    Kind.GUARDIANSHIP: "guardian",
    Kind.MINOR: "representative",
    Kind.OF_PARENTS: "parents",
    Kind.WSNP: "insolvency",
    Kind.MORATORIUM: "insolvency",
}
# Who is written to instead of the patient: heirs (4:182 BW), administrator (1:441), guardian (1:386), parents (1:245).
RELATIONS: dict[str, str] = {
    Kind.DECEASED: Payer.Relation.ESTATE,
    Kind.ADMINISTRATION: Payer.Relation.ADMINISTRATOR,
    Kind.GUARDIANSHIP: Payer.Relation.CURATOR,
    Kind.MINOR: Payer.Relation.PARENT,
}


# Grounds about the person who owes, whoever the patient is: one notice counts for a mother and her three children.
OF_DEBTOR = (Kind.DEBT_HELP, Kind.WSNP, Kind.MORATORIUM)


def group_of(row: Forbearance) -> list[Forbearance]:
    """Return a ground, and the active ones that came of the same notice for others for whom the same person answers."""
    of = row.facts.get("debtor")
    rows = Forbearance.objects.filter(kind=row.kind, since=row.since, ended_at=None).exclude(pk=row.pk)
    rows = rows.filter(patient__provider=row.patient.provider_id).select_related("patient__provider").order_by("pk")
    return [row, *(other for other in rows if of and other.facts.get("debtor") == of)]


def copy_to(row: Forbearance, patients: Iterable[int]) -> list[Forbearance]:
    """Spare more patients of the same debtor for the same notice; return the new grounds."""
    known = Forbearance.objects.filter(patient__in=list(patients), kind=row.kind, ended_at=None)
    has_one = set(known.values_list("patient_id", flat=True))
    new = []
    for patient_id in sorted(set(patients) - has_one):
        other = Forbearance(patient_id=patient_id, kind=row.kind, since=row.since, until=row.until)
        other.extended, other.reported_by = row.extended, row.reported_by
        other.facts = {key: value for key, value in row.facts.items() if key not in ("answer_by", "answered_on")}
        other.save(force_insert=True)
        new.append(other)
    return new


def _join(invoices: Sequence[Invoice]) -> None:
    """Spare patients with new invoices for whom somebody answers who has help with debts, or whom a court spares."""
    if not invoices:
        return
    patients = {invoice.patient_id for invoice in invoices}
    rows = Forbearance.objects.filter(
        patient__provider=invoices[0].provider_id, kind__in=OF_DEBTOR, ended_at=None
    ).select_related("patient__provider")
    seen: set[str] = set()
    for row in rows.order_by("pk"):
        notice = row.facts.get("debtor", row.token)
        if notice not in seen:
            seen.add(notice)
            copy_to(row, patients.intersection(patients_of_debtor(row.patient)))


def open_invoices(patients: Iterable[int]) -> list[Invoice]:
    """Return the unpaid invoices of these patients, in the order in which invoices are locked."""
    rows = Invoice.objects.filter(patient__in=list(patients), settled_at=None, withdrawn_at=None)
    return list(rows.select_related("provider", "patient").order_by("pk"))


def place(row: Forbearance, invoices: Iterable[Invoice], *, by: str) -> None:
    """Let those invoices of the patient rest that the forbearance concerns."""
    for invoice in invoices:
        if invoice.patient_id == row.patient_id and concerns(row, invoice):
            place_hold(invoice, HOLDS[row.kind], by=by, until=row.until, tell=False)


def concerns(row: Forbearance, invoice: Invoice) -> bool:
    """Tell whether a forbearance is about an invoice of the patient: a court spares what is older than its order."""
    if row.kind == Kind.OF_PARENTS:
        return age.was_minor(invoice)
    return row.kind not in (Kind.WSNP, Kind.MORATORIUM) or first_care_on(invoice) <= row.since


def covers(row: Forbearance, invoice: Invoice) -> bool:
    """Tell whether an invoice of the patient has to rest now because of this forbearance.

    Who is represented is spared until somebody is known to write to; heirs until they have accepted the estate, and
    under guardianship until the guardian has agreed with the debt: without them it can be undone (1:381, 3:32 BW). What
    parents owe for care of before 18 rests until somebody has agreed with them how they pay. While costs and interest
    wait to be taken off, everything rests.
    """
    if row.facts.get("charges_wait"):
        return concerns(row, invoice)
    if row.kind in (Kind.DECEASED, Kind.GUARDIANSHIP):
        return not row.facts.get("accepted")
    if row.kind in RELATIONS:
        return not row.facts.get("email")
    if row.kind == Kind.OF_PARENTS and row.facts.get("accepted"):
        return False
    return concerns(row, invoice)


def lift(row: Forbearance, *, by: str, today: date, tell: bool = True) -> list[Invoice]:
    """End the rest of the patient's invoices where this forbearance needs it no more, and no other one does.

    What is left to pay gets a new last day, at least LATE_INVOICE_TERM_DAYS ahead, and the patient is told, unless the
    caller does so in one mail (`tell`). Return the invoices of which the rest ended.
    """
    reason = HOLDS[row.kind]
    kinds = [kind for kind, name in HOLDS.items() if name == reason]
    active = list(Forbearance.objects.filter(patient=row.patient_id, kind__in=kinds, ended_at=None))
    lifted = []
    held = Hold.objects.filter(invoice__patient=row.patient_id, reason=reason, released_at=None)
    for invoice_id in list(held.order_by("invoice_id").values_list("invoice_id", flat=True)):
        invoice = lock_invoice(invoice_id)
        if not any(covers(other, invoice) for other in active):
            more = needs.more_time(invoice.patient_id, today=today)
            due_on = schedule.time_to_pay(invoice, today=today) + more if ledger.outstanding(invoice.pk) else None
            if release_hold(invoice, reason, by=by, due_on=due_on, today=today, tell=tell):
                lifted.append(invoice)
                tasks = StaffTask.objects.filter(kind=PARENTS, invoice=invoice, closed_at=None)
                audit.close_superseded(tasks if row.kind == Kind.OF_PARENTS else (), by=by, reason="agreed")
    return lifted


def tell_end(invoice: Invoice, today: date) -> None:
    """Tell whoever still has something to pay that the rest is over; who paid meanwhile has had a receipt."""
    if ledger.outstanding(invoice.pk):
        hold_messages.queue_ended(invoice, today)


def kept_back(invoice: Invoice) -> Iterator[str]:
    """Yield why nobody else may collect an invoice: its patient is spared, also where letters go to somebody else.

    Care of after an order of a court is ordinary, but an agency for a new debt may end what the court granted
    (350 lid 3 Fw): a person decides what follows, and no agency.
    """
    active = Forbearance.objects.filter(patient=invoice.patient_id, ended_at=None).order_by("pk")
    of_it = (row for row in active if row.kind != Kind.OF_PARENTS or concerns(row, invoice))
    return (str(row.get_kind_display()) for row in of_it)


def leave_to_parents(
    patient: Patient, of_parents: Sequence[Invoice], *, parent: Mapping[str, str], by: str
) -> Forbearance:
    """Note that these invoices stay a debt of the parents of an adult; a task says to agree how they pay.

    `parent`: their name, email and language, or nothing when none is known. The caller lets the invoices rest.
    """
    row = Forbearance.objects.filter(patient=patient, kind=Kind.OF_PARENTS, ended_at=None).first()
    if row is None:
        row = Forbearance(patient=patient, kind=Kind.OF_PARENTS, since=age.came_of_age(patient), reported_by=by)
        row.facts = {"name": "", "email": "", "reference": "", "why": _("The patient came of age.")}
        audit.record_each("forbearance_reported", by=by, invoices=of_parents, kind=row.kind, on=str(row.since))
    if not row.facts["email"] and parent.get("email"):
        row.facts = row.facts | {name: parent[name] for name in ("name", "email", "language") if name in parent}
    row.save()
    keep_parents(row, of_parents)
    for invoice in of_parents:
        if covers(row, invoice) and not told_together.has_plan(invoice):
            audit.open_task(PARENTS, dedupe_key=str(invoice.pk), invoice=invoice)
    return row


def keep_parents(row: Forbearance, of_parents: Iterable[Invoice]) -> None:
    """Write to the parents about what stays theirs, once an address of them is known."""
    if row.facts["email"]:
        language = row.facts.get("language") or row.patient.language
        parents.keep(of_parents, name=row.facts["name"], email=row.facts["email"], language=language)


def _leave_to_parents(new: Sequence[tuple[Invoice, Any]], today: date, by: str) -> None:
    """Find what comes in late, for care of before its patient came of age."""
    late: dict[int, list[tuple[Invoice, Any]]] = {}
    for invoice, checked in new:
        if _is_of_parents(invoice, checked, today):
            late.setdefault(invoice.patient_id, []).append((invoice, checked))
    for of_patient in late.values():
        patient = of_patient[0][0].patient
        given = (checked.patient.get("payer") or {} for _invoice, checked in of_patient if checked)
        named = next((one for one in given if one.get("relation") == Payer.Relation.PARENT), None)
        before = Forbearance.objects.filter(patient=patient, kind__in=(Kind.MINOR, Kind.OF_PARENTS)).last()
        known = named or (before.facts if before else {})
        leave_to_parents(patient, [invoice for invoice, _checked in of_patient], parent=known, by=by)


def _accept(new: Sequence[tuple[Invoice, Any]], today: date, by: str) -> None:
    """Let new invoices rest for the forbearances of their patients."""
    invoices = [invoice for invoice, _checked in new]
    _leave_to_parents(new, today, by)
    needs.give_time(invoices, today=today)
    _join(invoices)
    active = Forbearance.objects.filter(patient__in={invoice.patient_id for invoice in invoices}, ended_at=None)
    held: dict[tuple[str, date | None], dict[int, Invoice]] = {}
    taken: set[tuple[int, str]] = set()
    for row in active.order_by("pk"):
        for invoice in invoices:
            key = (invoice.pk, HOLDS.get(row.kind, ""))
            if invoice.patient_id == row.patient_id and key not in taken and covers(row, invoice):
                taken.add(key)
                held.setdefault((HOLDS[row.kind], row.until), {})[invoice.pk] = invoice
    for (reason, until), of_reason in held.items():
        place_holds(list(of_reason.values()), reason, by=by, until=until)


def _is_of_parents(invoice: Invoice, checked: Any, today: date) -> bool:
    """Tell whether a new invoice is for care of before its patient came of age, which they have by now.

    `checked` is the invoice as the practice handed it in: nothing has to be unsealed.
    """
    born = checked.patient["date_of_birth"] if checked else invoice.patient.identity.get("date_of_birth", "")
    if not age.is_adult(born, today=today):
        return False
    first = min(line["performed_on"] for line in checked.lines) if checked else first_care_on(invoice)
    return first < age.day_of_age(born) and bool(ledger.outstanding(invoice.pk))


def split_at(patient_id: int, day: date) -> list[Invoice]:
    """Return the open invoices of a patient for care before `day`, in the order in which invoices are locked."""
    return [row for row in open_invoices([patient_id]) if first_care_on(row) < day]


INTAKE = Intake({}, lambda *_of_invoice: None, _accept)
