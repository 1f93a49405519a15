"""Mails about forbearance: that it began, and until when. Its end is told by the mail about the end of each hold."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from billing.invoices import references
from billing.invoices.addressee import addressee_for
from billing.ledger import outstanding
from billing.ledger.breakdown import parts_of
from billing.models import Invoice
from billing.models.parties import Language
from billing.money import ZERO
from billing.outbox.facts import open_link, open_link_context
from billing.outbox.queue import queue_message
from forbearance.models import Forbearance

NEEDS = {
    "forbearance_begun": frozenset(("lines", "link_until", "provider", "until", "days_after")),
    "forbearance_heirs": frozenset(("provider", "numbers")),
    "forbearance_of_age": frozenset(("provider", "lines")),
    "forbearance_balance": frozenset(
        ("provider", "open_lines", "total", "their_reference", "until", "today", "by_court")
    ),
}


def heirs(row: Forbearance, invoices: Sequence[Invoice]) -> None:
    """Tell the heirs that everything rests, and to ask before they pay or sign. It names nobody."""
    open_ones = [invoice for invoice in invoices if invoice.settled_at is None]
    if open_ones:
        queue_message(
            "forbearance_heirs",
            invoice=open_ones[0],
            context={"provider": open_ones[0].provider, "numbers": [invoice.number for invoice in open_ones]},
            dedupe_key=f"forbearance_heirs:{row.pk}",
        )


def balance(row: Forbearance, invoices: Sequence[Invoice], *, today: date) -> None:
    """Answer a debt counsellor: what is open on each invoice, under their own reference and without a name."""
    lines: list[dict[str, Any]] = [
        {"number": invoice.number, "issued_on": invoice.issued_on, "parts": parts_of(invoice),
         "amount": outstanding(invoice.pk)}
        for invoice in invoices
    ]  # fmt: skip
    queue_message(
        "forbearance_balance",
        invoice=invoices[0],
        context={
            "provider": invoices[0].provider,
            "open_lines": lines,
            "total": sum((line["amount"] for line in lines), ZERO),
            "their_reference": row.facts["reference"],
            "until": row.until,
            "today": today,
            "by_court": row.kind != Forbearance.Kind.DEBT_HELP,
        },
        dedupe_key=f"forbearance_balance:{row.pk}:{today}",
        recipient=row.facts["email"],
        language=Language.DUTCH,
    )


def of_age(row: Forbearance, invoices: Sequence[Invoice]) -> None:
    """Tell the parents that the child is 18: new invoices go to the child, these open ones stay theirs.

    It names nobody, and is about no invoice: what is, goes to the child from now on. Call it while the parents' address
    still counts.
    """
    to = addressee_for(row.patient)
    until = timezone.localdate() + timedelta(days=settings.LINK_VALID_DAYS)
    queue_message(
        "forbearance_of_age",
        invoice=None,
        recipient=to.email,
        language=to.language,
        context={"provider": row.patient.provider, "lines": _lines(invoices, until=until)},
        dedupe_key=f"forbearance_of_age:{row.pk}",
    )


def _lines(invoices: Sequence[Invoice], *, until: date) -> list[dict[str, Any]]:
    return [
        {
            "number": row.number,
            "reference": references.grouped(row.payment_reference),
            "reference_ending": row.payment_reference[-4:],
            "link": open_link(row, until=until),
        }
        for row in invoices
    ]


def begun(invoice: Invoice, invoices: Sequence[Invoice], *, until: date) -> None:
    """Confirm a breathing space to whoever pays: which invoices rest, and until when."""
    shared = open_link_context(invoice, until=until)
    link_until: date = until + timedelta(days=settings.LINK_VALID_DAYS)
    lines = _lines(invoices, until=link_until)
    queue_message(
        "forbearance_begun",
        invoice=invoice,
        context=shared | {"lines": lines, "until": until, "days_after": settings.LATE_INVOICE_TERM_DAYS},
        dedupe_key=f"forbearance_begun:{invoice.pk}:{until}",
    )
