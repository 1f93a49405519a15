"""Who gets the messages about an invoice: the patient, or somebody else who pays."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from billing.models import Invoice, Patient, Payer

REPRESENTING = (Payer.Relation.ADMINISTRATOR, Payer.Relation.CURATOR)
PAYING_FOR = (Payer.Relation.PARENT, Payer.Relation.GUARDIAN, Payer.Relation.OTHER)  # out of their own means
# Who may pay, in the order in which they count, and what is kept of them besides address and language.
_PERSONS: dict[str, tuple[str, ...]] = {"own_payer": (), "patient__payer": ("relation",), "patient": ()}


@dataclass(frozen=True, slots=True)
class Addressee:
    """An e-mail address (it may be empty) and the language in which to write."""

    email: str
    language: str
    relation: str = ""  # of who pays for the patient; empty for the patient, and for who pays one invoice alone


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
    """Return to whom we write about this invoice: who pays it alone, who pays for the patient, or the patient.

    A payer without an e-mail address gets nothing by e-mail, and neither does the patient: somebody else pays.
    """
    return addressees([invoice.pk])[invoice.pk]


def addressees(invoice_ids: Collection[int]) -> dict[int, Addressee]:
    """Return the same as `addressee` of each of these invoices, by key."""
    columns = [f"{who}__{name}" for who, more in _PERSONS.items() for name in ("email", "language", *more)]
    rows = Invoice.objects.filter(pk__in=invoice_ids).values("pk", *columns)
    return {row["pk"]: _addressee(row) for row in rows}


def _addressee(row: Mapping[str, str | None]) -> Addressee:
    who = next(who for who in _PERSONS if row[f"{who}__language"] is not None)
    return Addressee(row[f"{who}__email"] or "", row[f"{who}__language"] or "", row.get(f"{who}__relation") or "")


def addressee_loaded(invoice: Invoice) -> Addressee:
    """Return the same as `addressee`, of an invoice whose `own_payer` and `patient__payer` are loaded already."""
    persons = (getattr(invoice, "own_payer", None), getattr(invoice.patient, "payer", None), invoice.patient)
    person: Any = next(one for one in persons if one is not None)
    return Addressee(person.email, person.language, getattr(person, "relation", ""))


def addressee_for(patient: Patient) -> Addressee:
    """Return to whom we write about the invoices of this patient."""
    payer = Payer.objects.filter(patient=patient).values_list("email", "language", "relation").first()
    return Addressee(*payer) if payer else Addressee(patient.email, patient.language)


def represented(patient: Patient) -> Represented | None:
    """Return whose invoices an administrator or guardian of an adult reads about; None when they have neither."""
    payer = Payer.objects.filter(patient=patient, relation__in=REPRESENTING).first()
    if payer is None:
        return None
    whose = " ".join(part for part in (patient.initials, patient.infix, patient.surname) if part)
    return Represented(whose, payer.name, payer.relation)
