"""Reading whom an invoice is for: the patient, the address, and somebody else who pays."""

from typing import Any

from django.utils.translation import gettext as _

from billing.invoices.intake import NewPatient
from billing.submission.fields import (
    ADDRESS,
    CORRECTION,
    LEFT_OUT,
    NOT_REMOVABLE,
    PATIENT,
    PATIENT_2,
    PAYER,
    Report,
    read_object,
)
from billing.submission.values import FieldError, read_dutch_postcode

_IDENTITY = ("date_of_birth", "insurer_uzovi", "insured_number")


def read_patient(raw: Any, path: str, report: Report, *, version: int) -> dict[str, Any]:
    """Return the patient of an invoice with the fields of the address among the others, and those that are right."""
    patient = read_object(raw, PATIENT_2 if version == 2 else PATIENT, path, report)
    return _with_address(_with_payer(patient, path, report), path, report)


def read_correction(raw: Any, path: str, report: Report) -> NewPatient | None:
    """Return a correction of a known patient, with only what the practice wrote; None when something is wrong.

    A field that is left out stays as it is; null or "" removes it.
    """
    wrong: list[str] = []

    def noting(where: str, code: str, sentence: str) -> None:
        wrong.append(code)
        report(where, code, sentence)

    given = read_object(raw, CORRECTION, path, noting)
    given = {name: value for name, value in given.items() if value is not LEFT_OUT}
    for name in NOT_REMOVABLE:
        if name in given and given[name] in (None, ""):
            noting(f"{path}.{name}", "missing", _("This can be corrected, but not removed."))
    if not wrong and not given.keys() - {"number"}:
        noting(path, "correction-empty", _("Nothing is corrected here. Write what has changed, or leave it out."))
    if wrong:
        return None
    given = _with_address(_with_payer(given, path, noting), path, noting)
    text = {name: "" if value is None and name != "payer" else value for name, value in given.items()}
    return None if wrong else as_patient(text)


def as_patient(patient: dict[str, Any]) -> NewPatient:
    """Return the fields that were read as `patients.registration` takes them."""
    contact = dict(patient)
    number = contact.pop("number")
    identity = {name: contact.pop(name) for name in _IDENTITY if name in contact}
    payer = {"payer": contact.pop("payer")} if "payer" in contact else {}
    return NewPatient(number, contact, identity, **payer)


def _with_payer(patient: dict[str, Any], path: str, report: Report) -> dict[str, Any]:
    if patient.get("payer") is None:
        return patient
    where = f"{path}.payer"
    return patient | {"payer": _with_address(read_object(patient["payer"], PAYER, where, report), where, report)}


def _with_address(person: dict[str, Any], path: str, report: Report) -> dict[str, Any]:
    if person.get("address") is None:
        return person
    rest = {name: value for name, value in person.items() if name != "address"}
    address = read_object(person["address"], ADDRESS, f"{path}.address", report)
    if address.get("country") == "NL" and "postcode" in address:
        try:
            address["postcode"] = read_dutch_postcode(address["postcode"])
        except FieldError as error:
            report(f"{path}.address.postcode", error.code, str(error))
    return rest | address
