"""Mails about forbearance: that it began, and until when. Its end is told by the mail about the end of each hold."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings

from billing.dunning import hold_messages, told_together
from billing.invoices import references
from billing.invoices.addressee import addressee_for
from billing.ledger import outstanding
from billing.ledger.breakdown import parts_of
from billing.models import Invoice, Patient
from billing.models.parties import Language
from billing.money import ZERO
from billing.outbox.facts import moment_of, open_link, open_link_context
from billing.outbox.queue import queue_message
from forbearance.models import Forbearance

NEEDS = {
    "forbearance_begun": frozenset(("lines", "link_until", "provider", "until", "days_after", "voided")),
    "forbearance_heirs": frozenset(("provider", "numbers")),
    "forbearance_of_age": frozenset(("provider", "references")),
    "forbearance_over": frozenset(("lines", "link_until", "provider", "total", "first_day", "account")),
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


def over(invoices: Sequence[Invoice], *, today: date) -> None:
    """Tell in one mail that a breathing space is over: what is open on each locked invoice, and until which day.

    An invoice with a plan gets a mail of its own, which says how the plan goes on; so does one that is alone.
    """
    together = [one for one in invoices if not told_together.has_plan(one)]
    if len(together) == 1:
        together = []
    for invoice in invoices:
        if invoice not in together:
            hold_messages.queue_ended(invoice, today)
    if not together:
        return
    until = max(one.due_on for one in together) + timedelta(days=settings.LINK_VALID_DAYS)
    lines = [
        line | {"amount": outstanding(one.pk), "due_on": one.due_on}
        for line, one in zip(_lines(together, until=until), together, strict=True)
    ]
    mail = queue_message(
        "forbearance_over",
        invoice=together[0],
        context=open_link_context(together[0], until=until - timedelta(days=settings.LINK_VALID_DAYS))
        | {
            "lines": lines,
            "total": sum((line["amount"] for line in lines), ZERO),
            "first_day": min(one.due_on for one in together),
        },
        dedupe_key=f"forbearance_over:{together[0].pk}:{today}:{told_together.stated(together)}",
        now=moment_of(today),
    )
    told_together.told(together, mail)


def of_age(patient: Patient, invoices: Sequence[Invoice]) -> None:
    """Tell the parents that the child is 18: new invoices go to the child, these open ones stay theirs.

    It names nobody, and is about no invoice: what is, goes to the child from now on. Call it while the parents' address
    still counts.
    """
    to = addressee_for(patient)
    queue_message(
        "forbearance_of_age",
        invoice=None,
        recipient=to.email,
        language=to.language,
        # No links: they rest on an address that no longer counts once the child is written to.
        context={
            "provider": patient.provider,
            "references": [(one.number, references.grouped(one.payment_reference)) for one in invoices],
        },
        dedupe_key=f"forbearance_of_age:{patient.pk}",
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


def begun(invoice: Invoice, invoices: Sequence[Invoice], *, until: date, voided: date | None) -> None:
    """Confirm a breathing space to whoever pays: which invoices rest, and until when.

    `voided`: the day of the 14-day letter that no longer counts.
    """
    shared = open_link_context(invoice, until=until)
    link_until: date = until + timedelta(days=settings.LINK_VALID_DAYS)
    lines = _lines(invoices, until=link_until)
    queue_message(
        "forbearance_begun",
        invoice=invoice,
        context=shared
        | {"lines": lines, "voided": voided, "until": until, "days_after": settings.LATE_INVOICE_TERM_DAYS},
        dedupe_key=f"forbearance_begun:{invoice.pk}:{until}",
    )
