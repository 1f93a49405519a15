"""Billing's announcement: billing announces itself like a room, although every room depends on it."""

from celery.schedules import crontab
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.rooms import Announcement, Beat, Daily, Desk, HoldReason, MessageKind, Room

_LINK = frozenset(("lines", "link_until", "provider"))
PLAN_MESSAGES = {
    "deferral_agreed": _LINK | {"amount", "until"},
    "plan_agreed": _LINK | {"amount", "until", "terms"},
}
# The content of these can become untrue between queueing and sending, so they get a last check.
CHECKED_PLAN_MESSAGES = {
    "installment_due": _LINK | {"amount", "due_on", "number", "count", "is_deferral"},
    "installment_missed": _LINK | {"amount", "due_on", "number", "grace_until", "outstanding"},
    "plan_broken": _LINK | {"outstanding", "parts"},
    "plan_completed": _LINK,
}

# The tables of staff, in the order of the menu.
_TABLES = (
    "StaffTask",
    "Invoice",
    "Payment",
    "OutboxMessage",
    "Posting",
    "Patient",
    "Provider",
    "AuditEvent",
    "Staff",
)


class BillingRoom(Room):
    """Invoices, money, messages and the law."""

    name = "billing"

    def announce(self) -> Announcement:
        from billing.audit_labels import AUDIT_LABELS
        from billing.desk import figures
        from billing.dunning import planning
        from billing.integrity import publication
        from billing.models import Hold, StaffTask
        from billing.plans import agreements
        from billing.privacy import retention

        return Announcement(
            desk=Desk(tables=_TABLES),
            # Plans first: when one ends today, dunning of its invoice resumes.
            # The digests last of all: they prove what this day's work has booked, too.
            daily=[
                Daily(10, agreements.run_day),
                Daily(30, planning.run_day),
                Daily(80, figures.record_day),
                Daily(99, lambda _today: publication.publish_tables(now=timezone.now())),
            ],
            beat={
                "sweep-outbox": Beat("billing.sweep_outbox", 10.0, expires=10, urgent=True),
                "sweep-reminders": Beat("billing.sweep_reminders", 15.0, expires=15),
                "sweep-payments": Beat("billing.sweep_payments", 20.0, expires=20, urgent=True),
                "compare-with-gateway": Beat(
                    # Begun at a quarter past four; every half hour it goes on where it was stopped.
                    "billing.compare_with_gateway",
                    crontab(hour="4-23", minute="15,45"),
                    expires=1800,
                ),
            },
            retention=retention.run_day,
            messages=_messages(),
            audit_labels=AUDIT_LABELS,
            access_labels={
                "invoice.pdf": _("the full invoice"),
                "credit-note.pdf": _("a credit note"),
                "access-log": _("this list"),
                "statement": _("the statement of account"),
                "patient page": _("your name, address and telephone number"),
                "message text": _("the text of a message to you"),
                "staff notes": _("notes of employees about this invoice"),
            },
            hold_reasons={Hold.STAFF: HoldReason(_("our staff are looking into this invoice"))},
            staff_tasks=dict(StaffTask.Kind.choices),
        )


def _messages() -> dict[str, MessageKind]:
    from billing.adjustments import credit_notes
    from billing.dunning import letters
    from billing.invoices.letter_steps import LETTERS
    from billing.plans import messages as plan_messages

    kinds = {
        "receipt": MessageKind(frozenset(("amount", "received_at", "outstanding", "credit", "provider"))),
        "contact_changed": MessageKind(frozenset(("changed", "provider", "codes_from"))),
    }
    credited = _LINK | {"amount", "charges_off", "outstanding", "credit", "due_on"}
    kinds |= {
        "invoice_withdrawn": MessageKind(credited),
        "invoice_credited": MessageKind(credited, credit_notes.may_send),
    }
    for letter in LETTERS.values():
        kinds[letter.message] = MessageKind(
            letter.needs, letters.may_send, sent=letters.message_sent, bounced=letters.message_bounced
        )
    kinds |= {kind: MessageKind(needs) for kind, needs in PLAN_MESSAGES.items()}
    kinds |= {kind: MessageKind(needs, plan_messages.may_send) for kind, needs in CHECKED_PLAN_MESSAGES.items()}
    return kinds
