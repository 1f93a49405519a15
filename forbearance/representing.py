"""Who is written to instead of a patient: one question, answered from all grounds that are active.

Call everything here in a transaction that holds `intake.lock_provider`.
"""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from billing.ledger import lock_invoices
from billing.models import Invoice, Patient
from billing.patients import registration
from forbearance import rests
from forbearance.models import Forbearance

Kind = Forbearance.Kind
# Administration ends by guardianship and by death (1:449 BW), guardianship by death (1:389); staff may end the older
# ground later, or never. Of several that are active the first of these counts.
ORDER = (Kind.DECEASED, Kind.GUARDIANSHIP, Kind.ADMINISTRATION, Kind.MINOR)


def lock(patient_id: int) -> Patient:
    """Lock a patient and all their invoices, as whoever composes a letter does, and return the patient.

    A letter composed meanwhile is either there already and gets the new address, or is composed afterwards and reads
    it. Without this one could leave for the old address.
    """
    locked = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("provider")
    patient = locked.get(pk=patient_id)
    lock_invoices(Invoice.objects.filter(patient=patient_id, erased_at=None).values_list("pk", flat=True))
    return patient


def settle(patient: Patient, *, by: str) -> None:
    """Write from now on to whom the active grounds of a locked patient name, else to whom the practice named."""
    rows = Forbearance.objects.filter(patient=patient, kind__in=ORDER, ended_at=None)
    active = {row.kind: row for row in rows}
    named = (_payer(active[kind], patient) for kind in ORDER if kind in active)
    registration.represent(patient, next((payer for payer in named if payer), None), by=by)


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
