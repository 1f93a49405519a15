"""Mails about forbearance: that it began, and until when. Its end is told by the mail about the end of each hold."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.conf import settings

from billing.invoices import references
from billing.models import Invoice
from billing.outbox.facts import open_link, open_link_context
from billing.outbox.queue import queue_message

NEEDS = {
    "forbearance_begun": frozenset(("lines", "link_until", "provider", "until", "days_after")),
}


def begun(invoice: Invoice, invoices: Sequence[Invoice], *, until: date) -> None:
    """Confirm a breathing space to whoever pays: which invoices rest, and until when."""
    shared = open_link_context(invoice, until=until)
    link_until: date = until + timedelta(days=settings.LINK_VALID_DAYS)
    lines = [
        {
            "number": row.number,
            "reference": references.grouped(row.payment_reference),
            "reference_ending": row.payment_reference[-4:],
            "link": open_link(row, until=link_until),
        }
        for row in invoices
    ]
    queue_message(
        "forbearance_begun",
        invoice=invoice,
        context=shared | {"lines": lines, "until": until, "days_after": settings.LATE_INVOICE_TERM_DAYS},
        dedupe_key=f"forbearance_begun:{invoice.pk}:{until}",
    )
