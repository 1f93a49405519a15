"""The data of a patient's case in readable form, and the files that they sent (AVG art. 15 and 20)."""

from collections.abc import Iterator

from billing.models import Invoice
from billing.privacy.export import Facts, facts_below
from coulance import cases
from coulance.models import Specification
from guests.files import storage

SEALED = {
    "Specification": {"sealed_name": "name"},
    "CaseMessage": {"sealed_text": "text"},
    "PaperFigures": {"sealed_text": "text"},
    "Proposal": {"sealed_reason": "reason"},
    "SpecificationReading": {"sealed_facts": "facts"},
}


def of_invoice(invoice: Invoice) -> Facts | None:
    """Return the case on this invoice with files, words and decisions; None when there is none."""
    case = cases.of_invoice(invoice.pk)
    return facts_below(case, sealed=SEALED) if case else None


def documents(invoice: Invoice) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each checked file. Medical data: the caller has written the access log."""
    rows = Specification.objects.filter(case__invoice=invoice, status=Specification.Status.CLEAN)
    return ((row.served_name, storage.get(row)) for row in rows.exclude(stored_name=""))
