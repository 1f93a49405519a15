"""The complaints of a patient about an invoice in readable form, and the files with them (AVG art. 15 and 20)."""

from collections.abc import Iterator

from billing.models import Invoice
from billing.privacy.export import Facts, facts_below
from complaints.models import Complaint, ComplaintFile
from guests.files import storage

SEALED = {
    "Complaint": {"sealed_facts": "facts"},
    "ComplaintMessage": {"sealed_text": "text"},
    "ComplaintPoint": {"sealed_facts": "facts"},
    "Answer": {"sealed_facts": "facts"},
    "ComplaintFile": {"sealed_name": "name"},
    "Mandate": {"sealed_facts": "facts"},
    "Lesson": {"sealed_facts": "facts"},
}


def of_invoice(invoice: Invoice) -> Facts | None:
    """Return the complaints about this invoice by their numbers, with all that was said and done; None without one."""
    files = Complaint.objects.filter(invoice=invoice).order_by("pk")
    found = {complaint.number: facts_below(complaint, sealed=SEALED) for complaint in files}
    for facts in found.values():  # what is only proposed is no answer yet
        if "answers" in facts:
            facts["answers"] = [row for row in facts["answers"] if row.get("given_at")]
    return found or None


def documents(invoice: Invoice) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each checked file. Medical data: the caller has written the access log."""
    rows = ComplaintFile.objects.filter(complaint__invoice=invoice, status=ComplaintFile.Status.CLEAN)
    return ((row.served_name, storage.get(row)) for row in rows.exclude(stored_name=""))
