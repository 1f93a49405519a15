"""Who gets the messages about an invoice: the patient, or somebody else who pays."""

from dataclasses import dataclass

from billing.models import Invoice, Patient, Payer


@dataclass(frozen=True, slots=True)
class Addressee:
    """An e-mail address (it may be empty) and the language in which to write."""

    email: str
    language: str


def addressee(invoice: Invoice) -> Addressee:
    """Return to whom we write about this invoice: who pays it alone, who pays for the patient, or the patient.

    A payer without an e-mail address gets nothing by e-mail, and neither does the patient: somebody else pays.
    """
    persons = ("own_payer", "patient__payer", "patient")
    facts = Invoice.objects.values(*(f"{who}__{name}" for who in persons for name in ("email", "language")))
    row = facts.get(pk=invoice.pk)
    who = next(who for who in persons if row[f"{who}__language"] is not None)
    return Addressee(row[f"{who}__email"], row[f"{who}__language"])


def addressee_for(patient: Patient) -> Addressee:
    """Return to whom we write about the invoices of this patient."""
    payer = Payer.objects.filter(patient=patient).values_list("email", "language").first()
    return Addressee(*payer) if payer else Addressee(patient.email, patient.language)
