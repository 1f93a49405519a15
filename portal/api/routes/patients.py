"""Patients by their number: corrected, and how they are reached."""

from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext_noop
from ninja import Router

from billing.models import Patient, Payer
from billing.privacy import access_log
from billing.privacy.retention import ERASED
from portal.api import answers, bodies, taking
from portal.api.auth import Key, key_of
from portal.api.keys import PATIENT_DATA
from portal.api.routes.invoices import body_of
from portal.models.keys import Scope

router = Router(tags=["patients"])


@router.get(
    "/patients/{number}",
    auth=Key(Scope.PATIENTS),
    response=answers.Patient,
    summary=gettext_noop("Read how a patient is reached"),
)
def read_patient(request: HttpRequest, number: str) -> dict[str, Any]:
    """Return name and contact as we have them: patients correct them too. Each look is in their list of accesses."""
    key = key_of(request)
    row = Patient.objects.filter(provider=key.provider, number=number).select_related("provider").first()
    if row is None or row.number.startswith(ERASED):
        raise Http404
    who, agb_code = f"api:{key.public_id}", row.provider.agb_code
    access_log.record_program(request, [row], who=who, organisation=agb_code, data=PATIENT_DATA)
    names = ("number", "email", "language", "street", "house_number", "postcode", "city", "country")
    facts = {name: getattr(row, name) for name in names}
    has_payer = Payer.objects.filter(patient=row).exists()
    return facts | {"name": row.full_name, "mobile": str(row.mobile), "has_payer": has_payer}


@router.patch(
    "/patients/{number}",
    auth=Key(Scope.WRITE),
    response=answers.Corrected,
    summary=gettext_noop("Correct a patient"),
    openapi_extra=body_of("patient_correction"),
)
def correct(request: HttpRequest, number: str) -> dict[str, Any]:
    """Correct how a patient is reached, or who pays. What is left out stays; null or "" removes it.

    Another person is refused: a patient number stands for one person for ever. No idempotency key is needed.
    """
    item = bodies.fields_of(bodies.read(request), taking.PATIENTS, but="number")
    changed = taking.correct(key_of(request), {**item, "number": number})
    return {"number": number, "changed": bool(changed)}
