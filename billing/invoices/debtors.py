"""Who answers for an invoice: claims of one creditor on one debtor share a letter and one fee (6:96 lid 7 BW).

A practice knows children apart from their mother, and sometimes one person under two numbers; the debtor is whoever
made the agreement about the care (7:446 BW, 1:247 BW). Until a practice says who that is, patients count as one debtor
when their letters go to one mailbox and their surname or address is the same too.
"""

from django.db.models import Q
from django.db.models.functions import Lower

from billing.models import Patient


def patients_of_debtor(patient: Patient) -> list[int]:
    """Return the keys of the provider's patients for whom the same person pays as for `patient`, itself included."""
    if not patient.email:
        return [patient.pk]
    same = Q(family=patient.surname.lower())
    if patient.postcode and patient.house_number:
        same |= Q(postcode=patient.postcode, number_at=patient.house_number.lower())
    rows = Patient.objects.filter(provider=patient.provider_id).alias(
        mailbox=Lower("email"), family=Lower("surname"), number_at=Lower("house_number")
    )
    found = rows.filter(same, mailbox=patient.email.lower()).values_list("pk", flat=True)
    return sorted({patient.pk, *found})
