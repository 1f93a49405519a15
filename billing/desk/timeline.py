"""Timelines: what happened to an invoice or a payment in chronological order, read from the rows of the rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, rooms
from billing.desk.words import in_words
from billing.dunning.blockers import Known, blockers
from billing.invoices.addressee import addressee_loaded
from billing.ledger.entries import entries_of
from billing.models import AuditEvent, Invoice, Payment, ReminderStep
from billing.money import ZERO
from billing.rooms import Happened
from billing.templatetags.money import euro

# Audit actions that another row on the timeline shows already: the attempt, the ledger entry.
SHOWN_BY_A_ROW = (
    "payment_started",
    "payment_received",
    "refund_booked",
    "chargeback_booked",
    "chargeback_reversed",
    "costs_booked",
)


def action_label(action: str) -> str:
    """Return the translated label of an audit action; one that no room announces is shown by its own name."""
    label = rooms.audit_labels().get(action)
    return _(label) if label else _(action.replace("_", " "))


def of_invoice(invoice: Invoice) -> list[Happened]:
    """Return everything that happened to `invoice`, oldest first; prefetched relations are used."""
    events = [Happened(invoice.created_at, _("invoice received"))]
    if invoice.withdrawn_at:
        events.append(Happened(invoice.withdrawn_at, _("invoice withdrawn")))
    for entry in entries_of(invoice):
        events.append(Happened(entry.occurred_at, str(entry.kind.label), entry.transaction.by, euro(entry.amount)))
    attempts = {payment.pk: (payment, payment.amount) for payment in invoice.payments.all()}
    # Of a payment for several invoices only what concerns this one: another may be of another practice.
    attempts |= {share.payment_id: (share.payment, share.amount) for share in invoice.payment_shares.all()}
    for payment, amount in attempts.values():
        events.extend(_steps(payment, amount))
    for message in invoice.messages.all():
        events.append(Happened(message.created_at, _("message queued"), detail=message.subject))
        if message.sent_at:
            events.append(Happened(message.sent_at, _("message sent"), detail=message.subject))
        if message.bounced_at:
            events.append(Happened(message.bounced_at, _("mail came back"), detail=message.subject))
    events.extend(_acts(invoice.audit_events.all()))
    for room in rooms.announcements():
        events.extend(room.timeline(invoice) if room.timeline else ())
    return sorted(events, key=lambda event: event.at)


@dataclass(frozen=True, slots=True)
class NextStep:
    """The next dunning step, its day (None: not before something changes), and what blocks it now."""

    what: str
    on: date | None
    why_not: list[Any]


def next_step(invoice: Any, *, now: datetime) -> NextStep | None:
    """Return the next step of an invoice of `with_page` and its blockers, by the rule that the worker applies.

    None when nothing is left to do.
    """
    if invoice.withdrawn_at or invoice.settled_at:
        return None
    today = timezone.localtime(now).date()
    step = ReminderStep.Step(invoice.next_step)
    if step == ReminderStep.Step.HAND_OVER and ReminderStep.objects.filter(invoice=invoice, step=step).exists():
        return None
    attempts = [*invoice.payments.all(), *(share.payment for share in invoice.payment_shares.all())]
    known = Known(invoice.balance or ZERO, attempts, addressee_loaded(invoice))
    found = blockers(invoice, step, now=now, today=today, known=known)
    return NextStep(str(step.label), invoice.next_step_on, [blocker.sentence for blocker in found])


def of_payment(payment: Payment) -> list[Happened]:
    """Return everything that happened to one attempt to pay, oldest first."""
    events = list(_steps(payment, payment.amount))
    for call in payment.webhook_calls.all():
        events.append(Happened(call.received_at, _("the gateway reported a change"), "mollie", call.error))
        if call.done_at:
            events.append(Happened(call.done_at, _("report dealt with")))
    for refund in payment.refunds.all():
        detail = f"{euro(refund.amount)} {refund.get_status_display()}"
        events.append(Happened(refund.reported_at, _("refund"), "mollie", detail))
    for chargeback in payment.chargebacks.all():
        amount = euro(chargeback.amount)
        events.append(Happened(chargeback.reported_at, _("payment reversed by the bank"), "mollie", amount))
        if chargeback.reversed_at:
            events.append(Happened(chargeback.reversed_at, _("reversal given back"), "mollie", amount))
    return sorted(events, key=lambda event: event.at)


def _steps(payment: Payment, amount: Decimal) -> Iterator[Happened]:
    detail = f"{euro(amount)} {payment.mollie_id or ''}".strip()
    steps: list[tuple[Any, str]] = [
        (payment.created_at, _("payment prepared")),
        (payment.called_at, _("asked the gateway for a payment")),
        (payment.paid_at, _("paid at the gateway")),
        (payment.superseded_at, _("payment replaced by a newer one")),
        (payment.quarantined_at, _("payment quarantined: does not match the gateway's report")),
    ]
    return (Happened(at, what, detail=detail) for at, what in steps if at)


def _acts(events: QuerySet[AuditEvent]) -> Iterator[Happened]:
    words = audit.words_of(events)
    for event in events:
        if event.action in SHOWN_BY_A_ROW:
            continue
        yield Happened(event.at, action_label(event.action), event.by, in_words(event, words))
