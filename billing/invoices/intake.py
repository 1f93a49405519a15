"""Intake of a provider's invoices in bulk: invoices, care details and the first postings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings

from billing import ledger, links
from billing.invoices import references, schedule
from billing.law import calendar
from billing.ledger.events import Opening
from billing.models import CareDetail, Invoice, LedgerTransaction, Patient, Provider, ReminderStep
from billing.rows import insert_rows

Step = ReminderStep.Step
CONTACT_FIELDS = (
    "initials", "infix", "surname", "email", "mobile", "language",
    "street", "house_number", "postcode", "city", "country",
)  # fmt: skip


UNCHANGED: Any = object()  # as the payer of a patient: what we know of one stays


@dataclass(frozen=True, slots=True)
class NewPatient:
    """A patient as the provider sent it: `contact` has the CONTACT_FIELDS (mobile as E.164), `identity` is sealed.

    `payer` is somebody else who pays, with the fields of the model, or None. A correction has only what is corrected.
    """

    number: str
    contact: dict[str, str]
    identity: dict[str, str]
    payer: Any = UNCHANGED

    @property
    def person(self) -> dict[str, Any]:
        """Return what is frozen with each invoice (see `CareDetail.person`)."""
        named = {"number": self.number, **self.contact}
        person: dict[str, Any] = {name: named[name] for name in Patient.PERSON} | self.identity
        return person | ({"payer": self.payer} if isinstance(self.payer, dict) else {})


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
    for_goods: bool = False


def lock_provider(provider_id: int) -> None:
    """Lock the provider, so that nobody else imports its invoices until the transaction ends.

    Without it two imports of one file both find every number free, and the later one fails on the unique constraint.
    NO KEY, so that rows which only refer to the provider are not blocked.
    """
    Provider.objects.select_for_update(no_key=True).get(pk=provider_id)


def take_as_received(invoice: Invoice, *, at: datetime) -> None:
    """Take an invoice as received at that moment: for the past that a demo begins with."""
    Invoice.objects.filter(pk=invoice.pk).update(created_at=at)


def known_fingerprints(provider: Provider, numbers: Iterable[str]) -> dict[str, bytes]:
    """Return the fingerprints, by number, of those invoices that the provider has submitted before."""
    known = Invoice.objects.filter(provider=provider, number__in=numbers).values_list("number", "fingerprint")
    return {number: bytes(fingerprint) for number, fingerprint in known}


def due_date(given: date | None, *, issued_on: date, today: date, term_days: int) -> date:
    """Return the last day to pay: what was given or the practice's term, at least LATE_INVOICE_TERM_DAYS from today."""
    due_on = given or issued_on + timedelta(days=term_days)
    return max(due_on, today + timedelta(days=settings.LATE_INVOICE_TERM_DAYS))


def create_many(
    provider: Provider, new: Sequence[NewInvoice], *, patient_ids: Mapping[str, int], by: str
) -> list[Invoice]:
    """Store new invoices with payment reference, URL token, sealed care and person, and first postings.

    Call it inside a transaction that holds `lock_provider`, with numbers that are not known yet, at most a few hundred
    at a time (they become parameters of one query), and the keys of their patients by patient number (see
    `patients.registration`). Return the invoices. Raises IntegrityError when a number is known after all.
    """
    invoices = insert_rows(
        Invoice(
            provider=provider,
            patient_id=patient_ids[given.patient.number],
            number=given.number,
            payment_reference=reference,
            token=links.new_token(),
            issued_on=given.issued_on,
            due_on=given.due_on,
            for_goods=given.for_goods,
            fingerprint=given.fingerprint,
            next_step=Step.NOTE,
            next_step_on=schedule.first_note_on(given.due_on),
        )
        for given, reference in zip(new, references.new_references(len(new)), strict=True)
    )
    insert_rows(
        CareDetail(
            invoice_id=invoice.pk,
            sealed_lines=CareDetail.sealed(given.lines, payment_reference=invoice.payment_reference),
            sealed_person=CareDetail.sealed_for(given.patient.person, payment_reference=invoice.payment_reference),
        )
        for invoice, given in zip(invoices, new, strict=True)
    )
    ledger.open_accounts(invoices, _openings(invoices, new, by))
    schedule.plan_announcements(
        (i.pk, given.due_on) for i, given in zip(invoices, new, strict=True) if given.total > given.insurer_paid
    )
    return invoices


def _openings(invoices: Sequence[Invoice], new: Sequence[NewInvoice], by: str) -> Iterable[Opening]:
    """Yield the total owed and what the insurer paid of it, both as of the invoice date."""
    for invoice, given in zip(invoices, new, strict=True):
        issued_at = calendar.begin_of(given.issued_on)
        amounts = [(LedgerTransaction.Kind.INVOICED, given.total)]
        if given.insurer_paid:
            amounts.append((LedgerTransaction.Kind.INSURER_PAID, -given.insurer_paid))
        for kind, amount in amounts:
            yield Opening(invoice, kind, amount, occurred_at=issued_at, by=by)
