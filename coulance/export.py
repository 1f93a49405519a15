"""What is held of one patient's case, in words, and the files that they sent (AVG art. 15 and 20)."""

from collections.abc import Iterator

from billing.models import Invoice
from billing.privacy.export import Facts, facts_below
from coulance import cases
from coulance.files import storage
from coulance.models import Specification

SEALED = {
    "Specification": {"sealed_name": "name"},
    "CaseMessage": {"sealed_text": "text"},
    "Proposal": {"sealed_reason": "reason"},
}


def of_invoice(invoice: Invoice) -> Facts | None:
    """The case on this invoice with files, words and decisions; None when there is none."""
    case = cases.of_invoice(invoice.pk)
    return facts_below(case, sealed=SEALED) if case else None


def documents(invoice: Invoice) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file that was checked. Medical data: the access log has been written."""
    rows = Specification.objects.filter(case__invoice=invoice, status=Specification.Status.CLEAN)
    return ((row.served_name, storage.get(row)) for row in rows.exclude(stored_name=""))
