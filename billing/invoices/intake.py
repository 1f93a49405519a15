"""Intake of a provider's invoices in bulk: patients, invoices, care details and the first postings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import CharField
from django.db.models.functions import Cast

from billing import ledger, links
from billing.invoices import references, schedule
from billing.law import calendar
from billing.models import CareDetail, Invoice, LedgerTransaction, Patient, Provider, ReminderStep

Step = ReminderStep.Step
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
    """A fully validated invoice; `lines` as in the batch format, amounts in euros."""

    number: str
    issued_on: date
    due_on: date
    patient: NewPatient
    lines: list[dict[str, Any]]
    total: Decimal
    insurer_paid: Decimal
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """The invoices that `create_many` stored, and how many patients it created and updated."""

    invoices: list[Invoice]
    patients_created: int
    patients_updated: int


def register_provider(*, agb_code: str, name: str, **contact: str) -> Provider:
    """Create or update the provider with this AGB code and return it."""
    return Provider.objects.update_or_create(agb_code=agb_code, defaults={"name": name, **contact})[0]


def lock_provider(provider_id: int) -> None:
    """Lock the provider, so that nobody else imports its invoices until the transaction ends.

    Without it two imports of one file both find every number free, and the later one fails on the unique constraint.
    NO KEY, so that rows which only refer to the provider are not blocked.
    """
    Provider.objects.select_for_update(no_key=True).get(pk=provider_id)


def known_fingerprints(provider: Provider, numbers: Iterable[str]) -> dict[str, bytes]:
    """Return the fingerprints, by number, of those invoices that the provider has submitted before."""
    known = Invoice.objects.filter(provider=provider, number__in=numbers).values_list("number", "fingerprint")
    return {number: bytes(fingerprint) for number, fingerprint in known}


def due_date(given: date | None, *, issued_on: date, today: date) -> date:
    """Return the last day to pay, never one in the past: whoever gets the invoice late still gets time to pay it."""
    due_on = given or issued_on + timedelta(days=settings.PAYMENT_TERM_DAYS)
    return due_on if due_on >= today else today + timedelta(days=settings.LATE_INVOICE_TERM_DAYS)


def create_many(provider: Provider, new: Sequence[NewInvoice], *, by: str) -> IntakeResult:
    """Store new invoices with payment reference, URL token, sealed care lines and first postings.

    Call it inside a transaction that holds `lock_provider`, with numbers that are not known yet, at most a few hundred
    at a time (they become parameters of one query). Raises IntegrityError when a number is known after all.
    """
    patient_ids, created, updated = _write_patients(provider, {given.patient.number: given.patient for given in new})
    invoices = Invoice.objects.bulk_create(
        Invoice(
            provider=provider,
            patient_id=patient_ids[given.patient.number],
            number=given.number,
            payment_reference=reference,
            token=links.new_token(),
            issued_on=given.issued_on,
            due_on=given.due_on,
            fingerprint=given.fingerprint,
            next_step=Step.NOTE,
            next_step_on=schedule.first_note_on(given.due_on),
        )
        for given, reference in zip(new, references.new_references(len(new)), strict=True)
    )
    CareDetail.objects.bulk_create(
        CareDetail(
            invoice=invoice,
            sealed_lines=CareDetail.sealed(given.lines, payment_reference=invoice.payment_reference),
        )
        for invoice, given in zip(invoices, new, strict=True)
    )
    ledger.open_accounts(invoices, _openings(invoices, new, by))
    schedule.plan_announcements(
        (i.pk, given.due_on) for i, given in zip(invoices, new, strict=True) if given.total > given.insurer_paid
    )
    return IntakeResult(invoices, created, updated)


def _openings(invoices: Sequence[Invoice], new: Sequence[NewInvoice], by: str) -> Iterable[ledger.Opening]:
    """Yield the total owed and what the insurer paid of it, both as of the invoice date."""
    for invoice, given in zip(invoices, new, strict=True):
        issued_at = calendar.begin_of(given.issued_on)
        amounts = [(LedgerTransaction.Kind.INVOICED, given.total)]
        if given.insurer_paid:
            amounts.append((LedgerTransaction.Kind.INSURER_PAID, -given.insurer_paid))
        for kind, amount in amounts:
            yield ledger.Opening(invoice, kind, amount, occurred_at=issued_at, by=by)


def _write_patients(provider: Provider, new: dict[str, NewPatient]) -> tuple[dict[str, int], int, int]:
    """Create unknown and update changed patients; return the row ids by patient number, and how many of each."""
    of_provider = Patient.objects.filter(provider=provider)
    columns = ("pk", "number", "sealed_identity", *(name for name in CONTACT_FIELDS if name != "mobile"))
    # The cast reads the column as text: parsing a phone number costs more than the rest of the row.
    known = of_provider.filter(number__in=new).values(*columns, e164=Cast("mobile", CharField()))
    stored = {row["number"]: row for row in known}
    fresh = [patient for number, patient in new.items() if number not in stored]
    created = Patient.objects.bulk_create(
        Patient(provider=provider, number=patient.number, sealed_identity=_sealed(provider, patient), **patient.contact)
        for patient in fresh
    )
    changed = [number for number, row in stored.items() if _differs(provider, row, new[number])]
    for number in changed:
        patient = new[number]
        of_provider.filter(number=number).update(**patient.contact, sealed_identity=_sealed(provider, patient))
    ids = {number: row["pk"] for number, row in stored.items()} | {row.number: row.pk for row in created}
    return ids, len(fresh), len(changed)


def _sealed(provider: Provider, new: NewPatient) -> bytes:
    return Patient.sealed(new.identity, provider_id=provider.pk, number=new.number)


def _differs(provider: Provider, row: dict[str, Any], new: NewPatient) -> bool:
    if any(row["e164" if name == "mobile" else name] != value for name, value in new.contact.items()):
        return True
    stored = Patient(provider_id=provider.pk, number=row["number"], sealed_identity=row["sealed_identity"])
    return stored.identity != new.identity
