"""Who gets the messages about an invoice: the patient, or somebody else who pays."""

from dataclasses import dataclass

from billing.models import Invoice, Patient, Payer

Relation = Payer.Relation


@dataclass(frozen=True, slots=True)
class Addressee:
    """An e-mail address (it may be empty) and the language in which to write."""

    email: str
    language: str
    relation: str = ""  # of the payer; empty for the patient


@dataclass(frozen=True, slots=True)
class Represented:
    """Whose invoice it is, for who reads our letter in that person's place: `by` (it may be empty) owes nothing.

    An administrator pays out of the patient's own means (1:441 BW) and so does the guardian of an adult (1:386 BW); the
    debtor is the patient, and a letter that does not say so puts nobody in default. `relation`: Payer.Relation.
    """

    whose: str
    by: str
    relation: str


def addressee(invoice: Invoice) -> Addressee:
    """Return to whom we write about this invoice.

    A payer without an e-mail address gets nothing by e-mail, and neither does the patient: somebody else pays.
    """
    if Invoice.patient.is_cached(invoice):
        return addressee_for(invoice.patient)
    facts = ("email", "language", "payer", "payer__email", "payer__language", "payer__relation")
    email, language, payer, *of_payer = Patient.objects.values_list(*facts).get(pk=invoice.patient_id)
    return Addressee(*of_payer) if payer else Addressee(email, language)


def addressee_for(patient: Patient) -> Addressee:
    """Return to whom we write about the invoices of this patient."""
    payer = Payer.objects.filter(patient=patient).values_list("email", "language", "relation").first()
    return Addressee(*payer) if payer else Addressee(patient.email, patient.language)


def represented(patient: Patient) -> Represented | None:
    """Return whose invoices an administrator or guardian of an adult reads about; None when they have neither."""
    payer = Payer.objects.filter(patient=patient, relation__in=(Relation.ADMINISTRATOR, Relation.CURATOR)).first()
    if payer is None:
        return None
    whose = " ".join(part for part in (patient.initials, patient.infix, patient.surname) if part)
    return Represented(whose, payer.name, payer.relation)
