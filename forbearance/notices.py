"""Mails about forbearance: that it began, and until when. Its end is told by the mail about the end of each hold."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from billing.dunning import hold_messages, told_together
from billing.invoices import references, schedule
from billing.invoices.addressee import REPRESENTING, addressee, addressee_for
from billing.invoices.addressee import represented as whose
from billing.law import calendar
from billing.ledger import lock_invoices, outstanding
from billing.ledger.breakdown import parts_of
from billing.models import Invoice, OutboxMessage, Patient
from billing.models.parties import Language
from billing.money import ZERO
from billing.outbox.facts import moment_of, open_link, open_link_context, patients_apart
from billing.outbox.queue import queue_message
from forbearance.models import Forbearance

NEEDS = {
    "forbearance_begun": frozenset(("lines", "link_until", "provider", "until", "days_after", "voided")),
    "forbearance_heirs": frozenset(("provider", "numbers")),
    "forbearance_of_age": frozenset(("provider", "references")),
    "forbearance_over": frozenset(("lines", "link_until", "provider", "total", "account")),
    "forbearance_represented": frozenset(("lines", "link_until", "provider", "total", "since", "account")),
    "forbearance_balance": frozenset(
        ("provider", "open_lines", "total", "their_reference", "until", "today", "by_court")
    ),
}


# Whoever represents the patient on these grounds gets a first letter; the first of them counts.
FIRST_LETTER = (Forbearance.Kind.GUARDIANSHIP, Forbearance.Kind.ADMINISTRATION)


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
    if together:
        _tell_days("forbearance_over", together, {}, today=today)


def represented(row: Forbearance, invoices: Sequence[Invoice], *, today: date) -> None:
    """Write for the first time to an administrator or guardian: whose invoices these are, what is open, by which day.

    They never heard of an invoice that stood still. One with a plan gets a mail of its own, which says how it goes on,
    and so does one that somebody else pays.
    """
    theirs = [one for one in invoices if addressee(one).relation in REPRESENTING]
    open_ones = [one for one in theirs if not told_together.has_plan(one)]
    for invoice in invoices:
        if invoice not in open_ones:
            hold_messages.queue_ended(invoice, today)
    if open_ones:
        _tell_days("forbearance_represented", open_ones, {"since": row.since}, today=today)


def may_send_represented(message: OutboxMessage, now: datetime) -> datetime | str | None:
    """Check the first letter: in the hours of the law, only to who represents the patient still, and only while true.

    Else it is written anew, from a new last day if too little time was left; without a representative whoever is
    written to now hears of the end of each rest that no other mail tells.
    """
    if not calendar.is_sending_moment(now):
        return calendar.next_sending_moment(now)
    if message.invoice is None:
        return None
    today, patient = timezone.localdate(now), message.invoice.patient
    grounds = Forbearance.objects.filter(patient=patient, kind__in=FIRST_LETTER, ended_at=None)
    row = min(grounds, key=lambda one: FIRST_LETTER.index(one.kind), default=None)
    row = row if row and whose(patient) else None
    changed = told_together.lock_changed(message, now)
    if row and not changed:
        return None
    invoices = changed or lock_invoices(hold_messages.told_of(message))
    untold = [one for one in invoices if told_together.goes_on(one) and hold_messages.last_ended(one) == message]
    owing = [one for one in untold if outstanding(one.pk)]
    if row is None:
        for invoice in owing:
            hold_messages.queue_ended(invoice, today)
        return "changed"
    least = today + timedelta(days=settings.LATE_INVOICE_TERM_DAYS)
    for invoice in owing:
        if invoice.due_on < least and not told_together.has_plan(invoice):
            due_on = schedule.time_to_pay(invoice, today=today)
            schedule.interrupt(invoice, due_on=due_on, today=today, remind_again=True)
    represented(row, owing, today=today)
    return "changed"


def _tell_days(kind: str, together: Sequence[Invoice], more: dict[str, Any], *, today: date) -> None:
    """Queue one mail that says what is open on each locked invoice and until which day; letters wait for it."""
    until = max(one.due_on for one in together) + timedelta(days=settings.LINK_VALID_DAYS)
    lines = [
        line | {"amount": outstanding(one.pk), "due_on": one.due_on}
        for line, one in zip(_lines(together, until=until), together, strict=True)
    ]
    mail = queue_message(
        kind,
        invoice=together[0],
        context=open_link_context(together[0], until=until - timedelta(days=settings.LINK_VALID_DAYS))
        | {
            "lines": lines,
            "total": sum((line["amount"] for line in lines), ZERO),
        }
        | patients_apart(together)
        | more,
        dedupe_key=f"{kind}:{together[0].pk}:{today}:{told_together.stated(together)}",
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
        | {"lines": lines, "voided": voided, "until": until, "days_after": settings.LATE_INVOICE_TERM_DAYS}
        | patients_apart(invoices),
        dedupe_key=f"forbearance_begun:{invoice.pk}:{until}",
    )
