"""Patients as practices hand them in: new ones, corrections of known ones, and the refusal of another person.

A patient number stands for one person for ever: whoever has its invoices reads about their care. So a correction is
possible, another person under the number is not. A correction is recorded, told to the address that we had, and no code
is sent to a new mobile number for a day, so that a wrong or false change is noticed before it opens anything.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import CharField
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from billing import audit
from billing.invoices.addressee import addressee_for
from billing.invoices.intake import CONTACT_FIELDS, UNCHANGED, NewPatient
from billing.models import CareDetail, Invoice, OutboxMessage, Patient, Payer, Provider
from billing.models.search import birth_key
from billing.outbox import delivery
from billing.outbox.queue import queue_message
from billing.patients import age
from billing.patients.same_person import Difference, difference, drift
from billing.rows import insert_rows
from billing.submission import birth_dates

CHANGED = "contact_changed"  # the message to the address that we had
# As much of the old and the new one as the audit trail may show: enough to tell them apart, and to name nobody.
_TRACES = {"mobile": re.compile(r"..$"), "email": re.compile(r".{1,2}@.{1,2}")}
_GROUPS = {
    "email": ("email",),
    "mobile": ("mobile",),
    "name": ("initials", "infix", "surname"),
    "address": ("street", "house_number", "postcode", "city", "country"),
    "payer": ("payer",),
}


class AnotherPerson(Exception):
    """These patient numbers belong to somebody else; nothing may be written. `by_number`: why, for each."""

    def __init__(self, by_number: Mapping[str, Difference]) -> None:
        super().__init__("another person under a known patient number")
        self.by_number = by_number


@dataclass(frozen=True, slots=True)
class Registered:
    """The keys of the patients by number, and how many of them were new and how many corrected."""

    ids: dict[str, int]
    created: int
    corrected: int


@dataclass(frozen=True, slots=True)
class _Known:
    pk: int
    contact: dict[str, str]
    identity: dict[str, str]
    payer: dict[str, str] | None
    payer_by_law: bool = False
    payer_given: dict[str, str] | None = None  # by the practice, while somebody else counts by the law

    @property
    def addressee(self) -> dict[str, str]:
        """Return whose `email` and `language` we use: those of the payer, if there is one."""
        return self.payer or self.contact


def differences(provider: Provider, given: Iterable[NewPatient]) -> dict[str, Difference]:
    """Return, by number, which of these are another person than the one that we know. Writes nothing."""
    by_number = {patient.number: patient for patient in given}
    return _differences(_known(provider, by_number), by_number)


def outdated(provider: Provider, given: Iterable[NewPatient]) -> set[str]:
    """Return the numbers of those known patients of which we hold other facts than these. Writes nothing."""
    by_number = {patient.number: patient for patient in given}
    known, today = _known(provider, by_number), timezone.localdate()
    return {number for number, row in known.items() if _changes(row, by_number[number], today)}


def unknown(provider: Provider, numbers: Iterable[str]) -> set[str]:
    """Return those of these numbers under which the practice has no patient."""
    wanted = set(numbers)
    if not wanted:
        return wanted
    return wanted - set(Patient.objects.filter(provider=provider, number__in=wanted).values_list("number", flat=True))


def correct(provider: Provider, given: Iterable[NewPatient], *, by: str, now: datetime | None = None) -> int:
    """Correct known patients by facts that may be partial; return how many changed. Others are left alone.

    Call it as `register`. Raises AnotherPerson like it.
    """
    by_number = {patient.number: patient for patient in given}
    known = _known(provider, by_number)
    if different := _differences(known, by_number):
        raise AnotherPerson(different)
    return _correct_all(provider, known, by_number, by=by, now=now or timezone.now())


def register(provider: Provider, given: Iterable[NewPatient], *, by: str, now: datetime | None = None) -> Registered:
    """Create the unknown and correct the known patients of one provider; at most a few hundred at a time.

    Call it inside a transaction that holds `intake.lock_provider`. Raises AnotherPerson before anything is written.
    """
    by_number = {patient.number: patient for patient in given}
    known = _known(provider, by_number)
    if different := _differences(known, by_number):
        raise AnotherPerson(different)
    now = now or timezone.now()
    created = insert_rows(
        Patient(
            provider=provider,
            number=number,
            sealed_identity=Patient.sealed(patient.identity, provider_id=provider.pk, number=number),
            **patient.contact,
        )
        for number, patient in by_number.items()
        if number not in known
    )
    insert_rows(
        Payer(patient=row, **by_number[row.number].payer)
        for row in created
        if isinstance(_payer_of(by_number[row.number], timezone.localdate(now)), dict)
    )
    corrected = _correct_all(provider, known, by_number, by=by, now=now)
    ids = {number: row.pk for number, row in known.items()} | {row.number: row.pk for row in created}
    return Registered(ids, len(created), corrected)


def _correct_all(
    provider: Provider, known: Mapping[str, _Known], given: Mapping[str, NewPatient], *, by: str, now: datetime
) -> int:
    corrected = 0
    for number, row in known.items():
        if changes := _changes(row, given[number], timezone.localdate(now)):
            _correct(provider, number, row, changes, by=by, now=now)
            corrected += 1
    return corrected


def _known(provider: Provider, numbers: Iterable[str]) -> dict[str, _Known]:
    columns = ("pk", "number", "sealed_identity", *(name for name in CONTACT_FIELDS if name != "mobile"))
    # The cast reads the column as text: parsing a phone number costs more than the rest of the row.
    of_provider = Patient.objects.filter(provider=provider, number__in=list(numbers))
    rows = list(of_provider.values(*columns, e164=Cast("mobile", CharField())))
    if not rows:
        return {}
    payers: dict[int, dict[str, Any]] = {
        row["patient_id"]: dict(row) for row in Payer.objects.filter(patient__in=of_provider).values()
    }
    found = {}
    for row in rows:
        sealed = Patient(provider_id=provider.pk, number=row["number"], sealed_identity=row["sealed_identity"])
        contact = {name: row["e164" if name == "mobile" else name] for name in CONTACT_FIELDS}
        payer = payers.get(row["pk"])
        who = {name: payer[name] for name in Payer.FIELDS} if payer else None
        by_law = payer is not None and payer["by_law"]
        given = payer["given"] if payer else None
        found[row["number"]] = _Known(row["pk"], contact, sealed.identity, who, by_law, given)
    return found


def _differences(known: Mapping[str, _Known], given: Mapping[str, NewPatient]) -> dict[str, Difference]:
    """Return why those are somebody else: than the one we know, or than the one of the first invoice.

    Each small correction may be right, and several of them lead to another person.
    """
    found, corrected = {}, dict[str, dict[str, Any]]()
    for number, row in known.items():
        before: dict[str, Any] = row.contact | row.identity
        after = before | given[number].contact | given[number].identity
        if why := difference(before, after):
            found[number] = why
        elif any(before[name] != after[name] for name in ("initials", "date_of_birth")):
            corrected[number] = after
    if corrected:
        for number, first in _first_persons({known[number].pk: number for number in corrected}).items():
            if why := drift(first, corrected[number]):
                found[number] = why
    return found


def _first_persons(numbers: Mapping[int, str]) -> dict[str, dict[str, Any]]:
    """Return, by number, whom the first invoice of these patients is for; after a settled identity, since it."""
    since = Coalesce("invoice__patient__identity_settled_at", "invoice__created_at")
    details = CareDetail.objects.filter(
        invoice__patient__in=numbers, invoice__erased_at=None, invoice__created_at__gte=since
    )
    rows = (
        details.select_related("invoice")
        .order_by("-invoice")
        .only("sealed_person", "invoice__payment_reference", "invoice__patient_id")
    )
    return {numbers[row.invoice.patient_id]: row.person for row in rows}  # the oldest comes last, and stays


def _changes(known: _Known, given: NewPatient, today: date) -> dict[str, tuple[Any, Any]]:
    """Return what differs, by field, as (old, new).

    A date of birth only ever becomes more exact, and initials that are left out stay: without them a twin would pass.
    """
    before: dict[str, Any] = known.contact | known.identity
    before |= {"payer": known.payer, "payer_given": known.payer_given}
    after: dict[str, Any] = given.contact | given.identity
    if "date_of_birth" in after:
        after["date_of_birth"] = birth_dates.more_exact(before["date_of_birth"], after["date_of_birth"])
    payer = _payer_of(given, today, born=before.get("date_of_birth", ""))
    if payer is not UNCHANGED:
        after["payer_given" if known.payer_by_law else "payer"] = payer
    if not after.get("initials"):
        after.pop("initials", None)
    return {name: (before[name], value) for name, value in after.items() if before[name] != value}


def _payer_of(given: NewPatient, today: date, *, born: str = "") -> Any:
    """Return whom a practice names as payer. A parent of an adult counts for nothing: practices repeat what they know.

    The care of an adult is no debt of a parent. Who was written to as one leaves on the day on which the patient is 18.
    """
    if not isinstance(given.payer, dict) or given.payer["relation"] != Payer.Relation.PARENT:
        return given.payer
    born = given.identity.get("date_of_birth") or born
    return UNCHANGED if age.is_adult(born, today=today) else given.payer


def _correct(
    provider: Provider, number: str, known: _Known, changes: dict[str, tuple[Any, Any]], *, by: str, now: datetime
) -> None:
    """Write a correction, record it on the patient's invoices, and tell the patient at the address that we had."""
    new = {name: value for name, (_old, value) in changes.items()}
    columns: dict[str, Any] = {name: value for name, value in new.items() if name in CONTACT_FIELDS}
    if identity := {name: value for name, value in new.items() if name in known.identity}:
        columns["sealed_identity"] = Patient.sealed(known.identity | identity, provider_id=provider.pk, number=number)
    if "mobile" in new:
        columns["mobile_changed_at"] = now
    columns["search_text"] = Patient.search_text_of({"number": number} | known.contact | new)
    if "date_of_birth" in new:
        columns["birth_key"] = birth_key(provider.pk, new["date_of_birth"])
    Patient.objects.filter(pk=known.pk).update(**columns)
    if "payer" in new:
        _replace_payer(known.pk, new["payer"])
    if "payer_given" in new:
        Payer.objects.filter(patient=known.pk).update(given=new["payer_given"])
    invoices = list(Invoice.objects.filter(patient=known.pk, erased_at=None).select_related("provider", "patient"))
    endings = {
        name: ["".join(trace.findall(value)) for value in changes[name]]
        for name, trace in _TRACES.items()
        if name in changes
    }
    audit.record_each("patient_corrected", by=by, invoices=invoices, fields=sorted(new), endings=endings)
    _readdress(known)
    if invoices:
        _tell(invoices[-1], known, new, now=now)


def represent(patient: Patient, payer: Mapping[str, str] | None, *, by: str, today: date) -> None:
    """Write from now on to whom the law names for this patient: `payer`, with relation, name, e-mail and language.

    Nobody is told at the address that we had: it is the patient's, or nobody's any more. What a practice hands in
    meanwhile is kept beside it; None ends it, and whoever the practice named pays again (a parent until the patient is
    of age), else the patient. Call it inside a transaction that holds `intake.lock_provider`, with the patient and
    their invoices locked.
    """
    known = _known(patient.provider, [patient.number])[patient.number]
    by_practice = known.payer_given if known.payer_by_law else known.payer
    if payer:
        fields: dict[str, Any] = dict.fromkeys(Payer.FIELDS, "") | {"country": patient.country} | dict(payer)
        if known.payer_by_law and fields == known.payer:
            return
        Payer.objects.update_or_create(patient=patient, defaults=fields | {"by_law": True, "given": by_practice})
    else:
        if by_practice and by_practice["relation"] == Payer.Relation.PARENT:
            by_practice = None if age.is_adult(known.identity.get("date_of_birth", ""), today=today) else by_practice
        if by_practice == known.payer and not known.payer_by_law:
            return
        _replace_payer(patient.pk, by_practice)
    invoices = Invoice.objects.filter(patient=patient, erased_at=None)
    audit.record_each("patient_corrected", by=by, invoices=invoices, fields=["payer"], endings={})
    _readdress(known)


def _replace_payer(patient_id: int, payer: dict[str, str] | None) -> None:
    if payer:
        Payer.objects.update_or_create(patient_id=patient_id, defaults=payer | {"by_law": False, "given": None})
    else:
        Payer.objects.filter(patient=patient_id).delete()


def _readdress(known: _Known) -> None:
    """Send what is not sent yet to the address that counts now, and to nobody without one.

    The old one may be a stranger's. What says that an address has changed is for the old one, and goes there.
    """
    of_payer = OutboxMessage.objects.filter(invoice__patient=known.pk, invoice__own_payer=None)
    before = known.addressee["email"]
    now = addressee_for(Patient.objects.get(pk=known.pk)).email
    if before and now != before:
        waiting = of_payer.exclude(kind=CHANGED)
        delivery.readdress(waiting.filter(recipient__in=(before, "")), to=now)
    elif now and not before:
        without = of_payer.filter(recipient="").exclude(kind=CHANGED)
        delivery.readdress(without, to=now)


def _tell(invoice: Invoice, known: _Known, new: dict[str, Any], *, now: datetime) -> None:
    """Queue a message to the address that we had: only it reaches the person when the new one is wrong or false."""
    changed = [group for group, names in _GROUPS.items() if new.keys() & set(names)]
    if not changed or not known.addressee["email"]:
        return
    codes_from = now + timedelta(hours=settings.CODE_PAUSE_HOURS) if new.get("mobile") else None
    queue_message(
        CHANGED,
        invoice=invoice,
        context={"changed": changed, "provider": invoice.provider, "codes_from": codes_from},
        dedupe_key=f"{CHANGED}:{known.pk}:{now:%Y%m%d%H%M%S%f}",
        recipient=known.addressee["email"],
        language=known.addressee["language"],
        now=now,
    )
