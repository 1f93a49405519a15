"""Who answers for an invoice: claims of one creditor on one debtor share a letter and one fee (6:96 lid 7 BW).

A practice knows children apart from their mother, and sometimes one person under two numbers; the debtor is whoever
made the agreement about the care (7:446 BW, 1:247 BW). That is the payer whom the practice named, else the patient; two
count as one when their letters go to one mailbox and their name or address is the same too, or when a third one is the
same as both, so that it never matters with whom a letter begins. An administrator (bewindvoerder) pays out of the
patient's own means (1:441 BW), and heirs out of the estate: there each patient stays a debtor apart.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from billing.models import Patient, Payer, Provider


@dataclass(frozen=True, slots=True)
class Debtor:
    """Who answers for the invoices of a patient, as a letter names them."""

    name: str
    family: str
    mailbox: str
    address: tuple[str, str]

    def is_same(self, other: "Debtor") -> bool:
        """Tell whether both are one person, as far as a mailbox and a name or an address can tell."""
        one, two = sorted((self.family, other.family), key=len)
        family = bool(one) and f" {two}".endswith(f" {one}")
        return bool(self.mailbox) and self.mailbox == other.mailbox and (family or self._lives_with(other))

    def _lives_with(self, other: "Debtor") -> bool:
        return all(self.address) and self.address == other.address


def debtor_of(patient: Patient) -> Debtor:
    """Return who answers for the invoices of this patient."""
    return _debtor(patient, Payer.objects.filter(patient=patient).first())


def _debtor(patient: Patient, payer: Payer | None) -> Debtor:
    if payer:
        address = _address(payer.postcode, payer.house_number)
        return Debtor(payer.name, payer.name.lower(), payer.email.lower(), address)
    name = " ".join(part for part in (patient.initials, patient.infix, patient.surname) if part)
    address = _address(patient.postcode, patient.house_number)
    return Debtor(name, patient.surname.lower(), patient.email.lower(), address)


def _address(postcode: str, house_number: str) -> tuple[str, str]:
    """Return what makes out an address, however it was typed: "1 a" is "1A"."""
    return "".join(postcode.upper().split()), "".join(house_number.upper().split())


def patients_of_debtor(patient: Patient) -> list[int]:
    """Return the keys of the provider's patients for whom the same person answers as for `patient`, itself included."""
    return _same(patient, Patient.objects.filter(provider=patient.provider_id))


def patients_counted(patient: Patient) -> list[int]:
    """Return the keys of the patients whose claims count in one sum of collection costs with those of `patient`.

    The ceiling is that of one creditor on one debtor (6:96 lid 7 BW). Of practices that assigned their claims to the
    operator, the operator is the creditor. Letters stay those of each practice, and so does money: that two practices
    know the same person is only certain enough to ask for less.
    """
    provider = Provider.objects.get(pk=patient.provider_id)
    if provider.creditor != Provider.Creditor.OPERATOR:
        return patients_of_debtor(patient)
    return _same(patient, Patient.objects.filter(provider__creditor=Provider.Creditor.OPERATOR))


def _same(patient: Patient, among: QuerySet[Patient]) -> list[int]:
    own = Payer.objects.filter(patient=patient).first()
    debtor = _debtor(patient, own)
    if not debtor.mailbox or (own and own.relation in Payer.APART):
        return [patient.pk]
    rows = among.alias(mailbox=Lower("email"), payers_mailbox=Lower("payer__email"))
    found = rows.filter(Q(mailbox=debtor.mailbox, payer=None) | Q(payers_mailbox=debtor.mailbox))
    left = {row.pk: _debtor(row, getattr(row, "payer", None)) for row in found.select_related("payer") if _shares(row)}
    same, reached = {patient.pk}, [debtor]
    while reached:
        one = reached.pop()
        more = [key for key, other in left.items() if one.is_same(other)]
        same.update(more)
        reached.extend(left.pop(key) for key in more)
    return sorted(same)


def _shares(patient: Patient) -> bool:
    """Tell whether the debtor of this patient may answer for others too."""
    payer = getattr(patient, "payer", None)
    return payer is None or payer.relation not in Payer.APART
