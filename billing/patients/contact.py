"""How a patient is reached, as staff correct it: the same rules as for what a practice hands in."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.invoices import intake
from billing.models import AuditEvent, Patient
from billing.patients import registration
from billing.submission import persons

ADDRESS = ("street", "house_number", "postcode", "city", "country")
REACHED_BY = ("email", "mobile", "language", *ADDRESS)


# How staff read the columns that were corrected.
_NAMES = {
    "email": gettext_lazy("e-mail"),
    "mobile": gettext_lazy("mobile number"),
    "language": gettext_lazy("language"),
    "initials": gettext_lazy("initials"),
    "infix": gettext_lazy("infix"),
    "surname": gettext_lazy("surname"),
    "payer": gettext_lazy("who pays"),
    "date_of_birth": gettext_lazy("date of birth"),
    "insurer_uzovi": gettext_lazy("insurer"),
    "insured_number": gettext_lazy("insured number"),
    **dict.fromkeys(ADDRESS, gettext_lazy("address")),
}


class Wrong(Exception):
    """Something that was typed can't be right; nothing was changed. `errors`: a sentence for each field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("not a right correction")
        self.errors = errors


def correct(patient: Patient, typed: Mapping[str, str], *, by: str, now: datetime | None = None) -> bool:
    """Correct how a patient is reached by the fields REACHED_BY; return whether anything changed.

    The patient is told at the address that we had, and a new mobile number gets no code for a day. Raises Wrong, and
    changes nothing, when a field is not right.
    """
    errors: dict[str, str] = {}
    address = {name: typed[name].strip() for name in ADDRESS}
    raw = {name: typed[name].strip() for name in ("email", "mobile", "language")}
    lived = any(getattr(patient, name) for name in ADDRESS if name != "country")
    if lived or any(address[name] for name in ADDRESS if name != "country"):
        raw["address"] = {name: value for name, value in address.items() if value}  # type: ignore[assignment]

    def report(path: str, _code: str, sentence: str) -> None:
        errors.setdefault(path.rpartition(".")[2], sentence)

    given = persons.read_correction({"number": patient.number, **raw}, "patient", report)
    if errors or given is None:
        raise Wrong(errors or {"": _("Nothing was changed.")})
    with transaction.atomic():
        intake.lock_provider(patient.provider_id)
        return bool(registration.correct(patient.provider, [given], by=by, now=now or timezone.now()))


def history(patient: Patient) -> list[AuditEvent]:
    """Return the corrections of a patient, the newest first: once each, though every invoice has them."""
    rows = AuditEvent.objects.filter(invoice__patient=patient, action="patient_corrected").order_by("-at", "pk")
    seen = {(row.at.replace(microsecond=0), row.by): row for row in reversed(rows)}
    return sorted(seen.values(), key=lambda row: row.at, reverse=True)


def in_words(correction: AuditEvent) -> str:
    """Return what a correction changed, with as much of the old and the new as the trail may hold."""
    endings = correction.details.get("endings", {})
    named: dict[str, str] = {}
    for column in correction.details.get("fields", []):
        named.setdefault(str(_NAMES.get(column, column)), column)
    shown = (f"{name} ({' → '.join(filter(None, endings.get(column, [])))})" for name, column in named.items())
    return ", ".join(text.removesuffix(" ()") for text in shown)


def codes_from(patient: Patient, *, now: datetime) -> datetime | None:
    """Return from when codes are sent to the mobile number, when that is still to come: it was changed lately."""
    if patient.mobile_changed_at is None:
        return None
    begin = patient.mobile_changed_at + timedelta(hours=settings.CODE_PAUSE_HOURS)
    return begin if begin > now else None
