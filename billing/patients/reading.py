"""In which language somebody reads our letters, as they chose it themselves on the page of their invoice."""

from django.db import transaction

from billing import audit
from billing.invoices import intake
from billing.invoices.addressee import REPRESENTING
from billing.models import Invoice, InvoicePayer, Patient, Payer
from billing.models.parties import Language

CHOSEN = "language_chosen"  # the event of the trail


def keep(invoice: Invoice, language: str) -> bool:
    """Write in `language` from now on to who gets the letters about an invoice; return whether that is another one.

    Who calls us hears it too: staff see the language beside the name. A letter for an administrator stays in the
    language that this person was registered with: it is not they who look at the page.
    """
    if language not in Language.values:
        return False
    with transaction.atomic():
        intake.lock_provider(invoice.provider_id)
        changed = _written_to(invoice, language)
        if changed:
            audit.record(CHOSEN, by="patient", invoice=invoice)
    return changed


def _written_to(invoice: Invoice, language: str) -> bool:
    """Set the language of the one row that `addressee` reads, when it is another one."""
    own = InvoicePayer.objects.filter(invoice=invoice)
    if own.exists():
        return bool(own.exclude(language=language).update(language=language))
    payers = Payer.objects.filter(patient=invoice.patient_id)
    if payers.exists():
        ours = payers.exclude(relation__in=REPRESENTING).exclude(language=language)
        return bool(ours.update(language=language))
    return bool(Patient.objects.filter(pk=invoice.patient_id).exclude(language=language).update(language=language))
