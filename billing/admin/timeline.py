"""What happened to an invoice or a payment, in the order of time: read from the rows that the rules wrote."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.dunning.blockers import blockers
from billing.models import AuditEvent, Invoice, Payment, ReminderStep
from billing.templatetags.money import euro

# The acts that audit.record names, in words. An act that is not listed is shown by its own name.
AUDIT_LABELS = {
    "hold_placed": gettext_noop("put on hold"),
    "hold_released": gettext_noop("hold ended"),
    "plan_agreed": gettext_noop("deferral or payment plan agreed"),
    "plan_completed": gettext_noop("deferral or payment plan paid in full"),
    "plan_broken": gettext_noop("deferral or payment plan ended without being paid"),
    "plan_canceled": gettext_noop("deferral or payment plan replaced or withdrawn"),
    "plan_ended_by_hand": gettext_noop("payment plan ended by staff, its reminder could not be delivered"),
    "installment_missed": gettext_noop("installment missed, reminder sent"),
    "task_closed": gettext_noop("staff task closed"),
    "payment_rejected": gettext_noop("the gateway refused to start the payment"),
    "payment_released": gettext_noop("payment set apart released by staff, the gateway is asked again"),
    "refund_failed": gettext_noop("refund failed, amount booked back"),
    "message_not_possible": gettext_noop("no message possible"),
    "message_failed": gettext_noop("message could not be sent"),
    "message_in_doubt": gettext_noop("unknown whether the message was sent"),
    "message_withdrawn": gettext_noop("message withdrawn before it was sent"),
    "message_bounced": gettext_noop("mail came back"),
    "charges_waived": gettext_noop("costs and interest taken off"),
    "dunning_resumed": gettext_noop("reminders go on"),
    "dunning_in_doubt": gettext_noop("a backup was restored: unknown whether the next letter left"),
    "announced_by_hand": gettext_noop("invoice delivered in another way"),
    "message_sent_again": gettext_noop("message queued again"),
    "message_marked_delivered": gettext_noop("message marked as delivered"),
    "code_sent": gettext_noop("code sent by SMS"),
    "code_right": gettext_noop("right code entered"),
    "code_wrong": gettext_noop("wrong code entered"),
    "patient_exported": gettext_noop("personal data exported for the patient"),
    "invoice_erased": gettext_noop("personal and medical data erased"),
    "staff_signed_in": gettext_noop("signed in"),
    "staff_sign_in_failed": gettext_noop("signing in failed"),
    "staff_enrolled": gettext_noop("code app set up"),
    "staff_recovery_codes_made": gettext_noop("new recovery codes made"),
    "staff_second_factor_reset": gettext_noop("code app removed"),
    "staff_sessions_ended": gettext_noop("signed out everywhere"),
    "staff_added": gettext_noop("staff member added"),
    "staff_changed": gettext_noop("staff member changed"),
}
# Acts that a row beside them tells already: the attempt, the ledger entry.
TOLD_BY_A_ROW = (
    "payment_started",
    "payment_received",
    "refund_booked",
    "chargeback_booked",
    "chargeback_reversed",
    "costs_booked",
)


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    what: str
    by: str = ""
    detail: str = ""


def words_for(action: str) -> str:
    return _(AUDIT_LABELS[action]) if action in AUDIT_LABELS else action.replace("_", " ")


def of_invoice(invoice: Invoice) -> list[Event]:
    """Everything that is known of `invoice`, oldest first; prefetched relations are used as they are."""
    events = [Event(invoice.created_at, _("invoice received"))]
    if invoice.withdrawn_at:
        events.append(Event(invoice.withdrawn_at, _("invoice withdrawn")))
    for entry in invoice.entries.all():
        events.append(Event(entry.occurred_at, entry.get_kind_display(), entry.by, euro(entry.amount)))
    for payment in invoice.payments.all():
        events.extend(_steps(payment))
    for message in invoice.messages.all():
        events.append(Event(message.created_at, _("message queued"), detail=message.subject))
        if message.sent_at:
            events.append(Event(message.sent_at, _("message sent"), detail=message.subject))
        if message.bounced_at:
            events.append(Event(message.bounced_at, _("mail came back"), detail=message.subject))
    events.extend(_acts(invoice.audit_events.all()))
    return sorted(events, key=lambda event: event.at)


@dataclass(frozen=True, slots=True)
class NextStep:
    """What the ladder does next, on which day (None: not before something changes), and what forbids it now."""

    what: str
    on: date | None
    why_not: list[Any]


def steps_of(invoice: Invoice) -> list[ReminderStep]:
    """The steps of the ladder, oldest first, each with its letter."""
    return list(ReminderStep.objects.filter(invoice=invoice).select_related("letter").order_by("pk"))


def next_step(invoice: Invoice, *, now: datetime) -> NextStep | None:
    """What comes next and why not yet, by the same rule that the machine asks; None when nothing is left to do."""
    if invoice.withdrawn_at or invoice.settled_at:
        return None
    today = timezone.localtime(now).date()
    step = ReminderStep.Step(invoice.next_step)
    if step == ReminderStep.Step.HAND_OVER and ReminderStep.objects.filter(invoice=invoice, step=step).exists():
        return None
    found = [blocker.sentence for blocker in blockers(invoice, step, now=now, today=today)]
    return NextStep(str(step.label), invoice.next_step_on, found)


def of_payment(payment: Payment) -> list[Event]:
    """Everything that is known of one attempt to pay, oldest first."""
    events = list(_steps(payment))
    for call in payment.webhook_calls.all():
        events.append(Event(call.received_at, _("the gateway reported a change"), "mollie", call.error))
        if call.done_at:
            events.append(Event(call.done_at, _("report dealt with")))
    for refund in payment.refunds.all():
        detail = f"{euro(refund.amount)} {refund.get_status_display()}"
        events.append(Event(refund.reported_at, _("refund"), "mollie", detail))
    for back in payment.chargebacks.all():
        events.append(Event(back.reported_at, _("payment reversed by the bank"), "mollie", euro(back.amount)))
        if back.reversed_at:
            events.append(Event(back.reversed_at, _("reversal given back"), "mollie", euro(back.amount)))
    return sorted(events, key=lambda event: event.at)


def _steps(payment: Payment) -> Iterator[Event]:
    detail = f"{euro(payment.amount)} {payment.mollie_id or ''}".strip()
    steps: list[tuple[Any, str]] = [
        (payment.created_at, _("payment prepared")),
        (payment.called_at, _("asked the gateway for a payment")),
        (payment.paid_at, _("paid at the gateway")),
        (payment.superseded_at, _("payment replaced by a newer one")),
        (payment.quarantined_at, _("payment set apart: does not match the gateway's report")),
    ]
    return (Event(at, what, detail=detail) for at, what in steps if at)


def _acts(events: QuerySet[AuditEvent]) -> Iterator[Event]:
    for event in events:
        if event.action in TOLD_BY_A_ROW:
            continue
        detail = ", ".join(f"{name}: {value}" for name, value in event.details.items() if value not in ("", None))
        yield Event(event.at, words_for(event.action), event.by, detail)
