"""What we hold about sparing a patient, in readable form (AVG art. 15 and 20)."""

from collections.abc import Iterator

from billing.models import Invoice
from billing.privacy.export import Facts, facts_below
from forbearance.models import CounsellorLetter, Forbearance, Need
from guests.files import storage

SEALED = {"Forbearance": {"sealed_facts": "facts"}, "CounsellorLetter": {"sealed_name": "name"}}


def of_invoice(invoice: Invoice) -> Facts | None:
    """Return on what grounds the patient of this invoice was spared, and what helps them, by its day; None without."""
    found: list[Forbearance | Need] = [
        *Forbearance.objects.filter(patient=invoice.patient_id).order_by("pk"),
        *Need.objects.filter(patient=invoice.patient_id).order_by("pk"),
    ]
    return {f"{row.since} {row.get_kind_display()}": facts_below(row, sealed=SEALED) for row in found} or None


def documents(invoice: Invoice) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each checked letter. The caller has written the access log."""
    sent = CounsellorLetter.objects.filter(
        forbearance__patient=invoice.patient_id, status=CounsellorLetter.Status.CLEAN
    ).exclude(stored_name="")
    return ((row.served_name, storage.get(row)) for row in sent)
