"""Mails to whoever owes a claim: that an agency has it, and that it is ours again."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.invoices import references
from billing.invoices.holds import stopping
from billing.law import calendar
from billing.ledger import balance, outstanding
from billing.models import Invoice, OutboxMessage
from billing.money import ZERO
from billing.outbox.facts import moment_of, open_link, open_link_context, patients_apart
from billing.outbox.queue import queue_message
from billing.rooms import Stops
from debt_collection.models import Claim, HandOver

NEEDS = {
    "agency_handed_over": frozenset(("lines", "link_until", "provider", "agency", "case", "total", "iban")),
    "agency_resumed": frozenset(("lines", "link_until", "provider", "agency", "case", "total", "iban", "due_on")),
    "agency_account": frozenset(("lines", "link_until", "provider", "agency", "case", "total", "iban", "old_ending")),
    "agency_returned": frozenset(
        ("lines", "link_until", "provider", "agency", "case", "total", "due_on", "resting", "today")
    ),
    "agency_recalled": frozenset(
        (
            "lines",
            "link_until",
            "provider",
            "agency",
            "case",
            "total",
            "credit",
            "taken_off",
            "due_on",
            "resting",
            "today",
        )
    ),
}


def handed_over(case: HandOver, claims: Sequence[Claim]) -> None:
    """Tell the patient who collects now, whom to pay, and where to complain about the agency."""
    invoices = [claim.invoice for claim in claims]
    queue_message(
        "agency_handed_over",
        invoice=invoices[0],
        context={
            **_shared(case, invoices, until=timezone.localdate()),
            "iban": references.grouped(case.agency.iban),
        },
        dedupe_key=f"handed_over:{case.pk}",
    )


def resumed(case: HandOver, claims: Sequence[Claim], *, due_on: date, now: datetime) -> None:
    """Tell the patient that the pause at the agency is over: whom to pay, and the new last day before it writes."""
    owed = [claim.invoice for claim in claims if outstanding(claim.invoice_id)]
    queue_message(
        "agency_resumed",
        invoice=owed[0],
        context={
            **_shared(case, owed, until=due_on),
            "iban": references.grouped(case.agency.iban),
            "due_on": due_on,
        },
        dedupe_key=f"resumed:{case.pk}:{case.orders.count()}",
        now=now,
    )


def account_changed(case: HandOver, *, old: str, cause: str) -> None:
    """Tell whoever owes a running case that the agency has another account from now on."""
    claims = case.claims.filter(closed_at=None).select_related("invoice__patient", "invoice__provider").order_by("pk")
    invoices = [claim.invoice for claim in claims]
    if not any(outstanding(invoice.pk) for invoice in invoices):
        return
    queue_message(
        "agency_account",
        invoice=invoices[0],
        context={
            **_shared(case, invoices, until=timezone.localdate()),
            "iban": references.grouped(case.agency.iban),
            "old_ending": old[-4:],
        },
        dedupe_key=f"agency_account:{case.pk}:{cause}",
    )


def recalled(
    case: HandOver, invoices: Sequence[Invoice], *, taken_off: Decimal, due_on: date | None, resting: Sequence[Invoice],
    today: date,
) -> None:  # fmt: skip
    """Tell the patient that an agency no longer collects: nothing was added, and there is a new last day to pay.

    Of what is `resting` for another reason no day is told: the mail about the end of that rest names the one that is
    true. `due_on` and the total are about the others.
    """
    credit = sum((max(-balance(invoice.pk), ZERO) for invoice in invoices), ZERO)
    owed = [invoice for invoice in invoices if outstanding(invoice.pk)]
    rest = {invoice.pk for invoice in resting}
    asked = [invoice for invoice in owed if invoice.pk not in rest]
    queue_message(
        "agency_recalled",
        invoice=invoices[0],
        context={
            **_shared(case, asked or owed or invoices, until=due_on or today),
            "resting": [invoice.number for invoice in resting],
            "taken_off": taken_off,
            "credit": credit,
            "due_on": due_on,
            "today": today,
        },
        dedupe_key=f"recalled:{case.pk}:{'-'.join(str(invoice.pk) for invoice in invoices)}"[:120],
        now=moment_of(today),
    )


def returned(case: HandOver, invoices: Sequence[Invoice], *, now: datetime) -> OutboxMessage | None:
    """Tell the patient that the agency gave locked invoices back: whom to pay from now on, and until which day.

    Of what rests for another reason no day is told. Returns the mail; None when nobody can be reached by one.
    """
    today = timezone.localdate(now)
    owed = [invoice for invoice in invoices if outstanding(invoice.pk)]
    resting = [invoice for invoice in owed if stopping(Stops.REMINDERS, invoice=invoice).exists()]
    asked = [invoice for invoice in owed if invoice not in resting]
    due_on = max((invoice.due_on for invoice in asked), default=None)
    return queue_message(
        "agency_returned",
        invoice=invoices[0],
        context={
            **_shared(case, asked or owed or invoices, until=due_on or today),
            "resting": [invoice.number for invoice in resting],
            "due_on": due_on,
            "today": today,
        },
        dedupe_key=f"returned:{case.pk}",
        now=now,
    )


def may_send_returned(_message: OutboxMessage, now: datetime) -> datetime | None:
    """Check the mail that an agency gave a claim back: in the hours of the law, since it asks for money."""
    return None if calendar.is_sending_moment(now) else calendar.next_sending_moment(now)


def _shared(case: HandOver, invoices: Sequence[Invoice], *, until: date) -> dict[str, Any]:
    shared = open_link_context(invoices[0], until=until)
    last: Any = shared["link_until"]
    return {
        **shared,
        **patients_apart(invoices),
        "lines": list(_lines(invoices, last)),
        "agency": case.agency,
        "case": case.number,
        "total": sum((outstanding(invoice.pk) for invoice in invoices), ZERO),
    }


def _lines(invoices: Iterable[Invoice], until: date) -> Iterable[dict[str, Any]]:
    for invoice in invoices:
        yield {
            "number": invoice.number,
            "reference": references.grouped(invoice.payment_reference),
            "reference_ending": invoice.payment_reference[-4:],
            "link": open_link(invoice, until=until),
            "amount": outstanding(invoice.pk),
        }
