"""What was written about an invoice, in readable form (AVG art. 15 and 20)."""

from collections.abc import Iterator

from billing.models import Invoice
from billing.privacy.export import Facts, facts_below
from helpdesk import messages

SEALED = {"InvoiceMessage": {"sealed_text": "text"}}


def of_invoice(invoice: Invoice) -> Facts | None:
    """Return each message by its moment; None without one. Medical data: the caller has written the access log."""
    rows = messages.of_invoice(invoice)
    return {f"{row.at.isoformat()} {row.pk}": facts_below(row, sealed=SEALED) for row in rows} or None


def documents(invoice: Invoice) -> Iterator[tuple[str, bytes]]:
    """Yield nothing: a message has no files."""
    yield from ()
