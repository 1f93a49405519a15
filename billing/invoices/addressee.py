"""Who gets the messages about an invoice: the patient, or somebody else who pays."""

from dataclasses import dataclass

from billing.models import Invoice, Patient, Payer


@dataclass(frozen=True, slots=True)
class Addressee:
    """An e-mail address (it may be empty) and the language in which to write."""

    email: str
    language: str


def addressee(invoice: Invoice) -> Addressee:
    """Return to whom we write about this invoice.

    A payer without an e-mail address gets nothing by e-mail, and neither does the patient: somebody else pays.
    """
    if Invoice.patient.is_cached(invoice):
        return addressee_for(invoice.patient)
    facts = ("email", "language", "payer", "payer__email", "payer__language")
    email, language, payer, *of_payer = Patient.objects.values_list(*facts).get(pk=invoice.patient_id)
    return Addressee(*of_payer) if payer else Addressee(email, language)


def addressee_for(patient: Patient) -> Addressee:
    """Return to whom we write about the invoices of this patient."""
    payer = Payer.objects.filter(patient=patient).values_list("email", "language").first()
    return Addressee(*payer) if payer else Addressee(patient.email, patient.language)
