"""What we hold about sparing a patient, in readable form (AVG art. 15 and 20)."""

from collections.abc import Iterator

from billing.models import Invoice
from billing.privacy.export import Facts, facts_below
from forbearance.models import Forbearance

SEALED = {"Forbearance": {"sealed_facts": "facts"}}


def of_invoice(invoice: Invoice) -> Facts | None:
    """Return the grounds on which the patient of this invoice was spared, by their day; None without one."""
    grounds = Forbearance.objects.filter(patient=invoice.patient_id).order_by("pk")
    return {f"{row.since} {row.get_kind_display()}": facts_below(row, sealed=SEALED) for row in grounds} or None


def documents(invoice: Invoice) -> Iterator[tuple[str, bytes]]:
    """Yield no files: none belong to it."""
    return iter(())
