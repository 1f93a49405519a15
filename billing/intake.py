"""Taking in invoices of a provider, many at a time: patients, invoices, care details and the first ledger entries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import CharField
from django.db.models.functions import Cast
from django.utils import timezone
from phonenumber_field.phonenumber import PhoneNumber

from billing import invoices as invoice_rules
from billing import ledger, links
from billing.models import CareDetail, Invoice, LedgerEntry, Patient, Provider

CONTACT_FIELDS = (
    "initials", "infix", "surname", "email", "mobile", "language",
    "street", "house_number", "postcode", "city", "country",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewPatient:
    """A patient as the provider sent it: `contact` has the CONTACT_FIELDS (mobile as E.164), `identity` is sealed."""

    number: str
    contact: dict[str, str]
    identity: dict[str, str]


@dataclass(frozen=True, slots=True)
class NewInvoice:
    """An invoice that was found right in every respect; `lines` as in the batch format, amounts in euros."""

    number: str
    issued_on: date
    due_on: date
    patient: NewPatient
    lines: list[dict[str, Any]]
    total: Decimal
    insurer_paid: Decimal
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """What `create_many` did."""

    invoices: list[Invoice]
    patients_created: int
    patients_updated: int


def register_provider(*, agb_code: str, name: str, **contact: str) -> Provider:
    """The provider with this AGB code, made or brought up to date."""
    return Provider.objects.update_or_create(agb_code=agb_code, defaults={"name": name, **contact})[0]


def lock_provider(provider_id: int) -> None:
    """Let nobody else take in invoices of this provider until the transaction ends.

    Without it two imports of one file both find every number free, and the later one dies on the unique
    constraint. NO KEY, so that rows which only point at the provider are not held up.
    """
    Provider.objects.select_for_update(no_key=True).get(pk=provider_id)


def known_fingerprints(provider: Provider, numbers: Iterable[str]) -> dict[str, bytes]:
    """The fingerprint by number of those invoices that the provider has handed in before."""
    known = Invoice.objects.filter(provider=provider, number__in=numbers).values_list("number", "fingerprint")
    return {number: bytes(fingerprint) for number, fingerprint in known}


def due_date(given: date | None, *, issued_on: date, today: date) -> date:
    """The last day to pay. Never a day that has gone by: who gets the invoice late still gets time to pay it."""
    due_on = given or issued_on + timedelta(days=settings.PAYMENT_TERM_DAYS)
    return due_on if due_on >= today else today + timedelta(days=settings.LATE_INVOICE_TERM_DAYS)


def create_many(provider: Provider, new: Sequence[NewInvoice], *, by: str) -> Taken:
    """Store new invoices with payment reference, URL token, sealed care lines and first ledger entries.

    Call it inside a transaction that holds `lock_provider`, with numbers that are not known yet, at most a few
    hundred at a time (they become parameters of one query). Raises IntegrityError when a number is known after all.
    """
    patient_ids, created, updated = _write_patients(provider, {one.patient.number: one.patient for one in new})
    references = invoice_rules.new_references(len(new))
    invoices = Invoice.objects.bulk_create(
        Invoice(
            provider=provider,
            patient_id=patient_ids[one.patient.number],
            number=one.number,
            payment_reference=reference,
            token=links.new_token(),
            issued_on=one.issued_on,
            due_on=one.due_on,
            fingerprint=one.fingerprint,
        )
        for one, reference in zip(new, references, strict=True)
    )
    CareDetail.objects.bulk_create(
        CareDetail(
            invoice=invoice, sealed_lines=CareDetail.sealed(one.lines, payment_reference=invoice.payment_reference)
        )
        for invoice, one in zip(invoices, new, strict=True)
    )
    ledger.open_accounts(invoices, _first_entries(invoices, new, by))
    return Taken(invoices, created, updated)


def _first_entries(invoices: Sequence[Invoice], new: Sequence[NewInvoice], by: str) -> Iterable[LedgerEntry]:
    """The total owed, and what the insurer paid of it before; both as of the invoice date."""
    for invoice, one in zip(invoices, new, strict=True):
        issued_at = datetime.combine(one.issued_on, time(), tzinfo=timezone.get_default_timezone())
        amounts = [(LedgerEntry.Kind.INVOICED, one.total)]
        if one.insurer_paid:
            amounts.append((LedgerEntry.Kind.INSURER_PAID, -one.insurer_paid))
        for kind, amount in amounts:
            yield LedgerEntry(
                invoice=invoice,
                kind=kind,
                amount=amount,
                external_id=invoice.payment_reference,
                occurred_at=issued_at,
                by=by,
            )


class _CheckedNumber(PhoneNumber):
    """A mobile number known to be valid E.164: written as it is, not parsed and checked three times per row."""

    def __init__(self, e164: str) -> None:
        super().__init__(raw_input=e164)

    def is_valid(self) -> bool:
        return True

    def format_as(self, format: Any) -> str:
        return self.raw_input


def _write_patients(provider: Provider, new: dict[str, NewPatient]) -> tuple[dict[str, int], int, int]:
    """Row id by patient number, after creating the unknown and updating the changed; and how many of each."""
    stored = {
        row["number"]: row
        for row in Patient.objects.filter(provider=provider, number__in=new).values(
            "pk",
            "number",
            "sealed_identity",
            *CONTACT_FIELDS[:4],
            *CONTACT_FIELDS[5:],
            e164=Cast("mobile", CharField()),
        )
    }
    fresh = [_patient(provider, one) for number, one in new.items() if number not in stored]
    changed = [
        _patient(provider, new[number], pk=row["pk"])
        for number, row in stored.items()
        if _differs(provider, row, new[number])
    ]
    Patient.objects.bulk_create(fresh)
    Patient.objects.bulk_update(changed, [*CONTACT_FIELDS, "sealed_identity"], batch_size=50)
    ids = {number: row["pk"] for number, row in stored.items()} | {one.number: one.pk for one in fresh}
    return ids, len(fresh), len(changed)


def _patient(provider: Provider, new: NewPatient, pk: int | None = None) -> Patient:
    contact = new.contact
    if contact["mobile"]:
        contact = {**contact, "mobile": _CheckedNumber(contact["mobile"])}
    patient = Patient(pk=pk, provider=provider, number=new.number, **contact)
    patient.identity = new.identity
    return patient


def _differs(provider: Provider, row: dict[str, Any], new: NewPatient) -> bool:
    if any(row["e164" if name == "mobile" else name] != value for name, value in new.contact.items()):
        return True
    stored = Patient(provider=provider, number=row["number"], sealed_identity=row["sealed_identity"])
    return stored.identity != new.identity
