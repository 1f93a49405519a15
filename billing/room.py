"""Billing's announcement: billing announces itself like a room, although every room depends on it."""

from datetime import date

from celery.schedules import crontab
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.rooms import Announcement, Beat, Daily, Desk, DeskPage, HoldReason, MessageKind, Room
from billing.rooms.languages import Core

_LINK = frozenset(("lines", "link_until", "provider"))
_DUE = frozenset(("due_on", "on_hold", "plan"))  # which sum is due when
_REFUND = frozenset(("provider", "amount", "paid_on", "by"))
_REST = frozenset(("outstanding", "credit", "left_until", "next_part", "on_hold", "is_over", "withdrawn"))
_RECEIPT = _REST | {"amount", "received_at", "went_to", "provider"}
UNCHECKED_MESSAGES = {
    "payment_moved": _LINK | _DUE | {"was", "now", "undone", "paid_on", "start_again", "outstanding", "credit"},
    "statement_copy": _LINK,
    "invoice_again": _LINK,
    "charges_taken_off": _LINK | _DUE | {"amount", "paid_on", "start_again", "spared", "outstanding", "credit"},
    "deferral_agreed": _LINK | {"amount", "until"},
    **{f"refund_{state}": _REFUND for state in ("under_way", "done", "failed", "by_bank")},
    "credit_moved": frozenset(("provider", "amount", "source", "target", "outstanding", "undone")),
    "plan_undone": _LINK | {"outstanding", "due_on", "is_deferral"},
    "plan_agreed": _LINK | {"amount", "until", "terms", "voided"},
}
# The content of these can become untrue between queueing and sending, so they get a last check.
CHECKED_PLAN_MESSAGES = {
    "installment_due": _LINK | {"amount", "due_on", "number", "count", "is_deferral"},
    "installment_missed": _LINK | {"amount", "due_on", "number", "grace_until", "outstanding"},
    "plan_broken": _LINK | {"outstanding", "parts", "due_on"},
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
    "IbanChange",
    "AgbChange",
    "DetailsChange",
    "BirthDateChange",
    "AuditEvent",
    "Staff",
)

_ACCESS_LABELS = {
    "invoice.pdf": _("the full invoice"),
    "credit-note.pdf": _("a credit note"),
    "access-log": _("this list"),
    "patient export": _("a copy of all that we hold about you"),
    "invoice lines": _("what this invoice is for, line by line"),
    "invoice page": _("the page of this invoice for employees"),
    "statement": _("the statement of account"),
    "search result": _("your name in a list of what was found"),
    "exported list": _("your data in a list that was saved as a file"),
    "answer to a file": _("payment references and links of your invoices, in the answer to what was handed in"),
    "patient page": _("your name, address and telephone number"),
    "message text": _("the text of a message to you"),
    "receipts": _("what employees wrote about payments of this invoice"),
    "staff notes": _("notes of employees about this invoice"),
}


_KEPT = {
    "RETAIN_INVOICE_YEARS": _(
        "Your invoice: until %(count)s years after the year in which all was paid."
        " The tax office wants that. Then we erase your name and your treatment."
    ),
    "RETAIN_ACCESS_LOG_YEARS": _("Who looked at your whole invoice: %(count)s years. You can see that list yourself."),
    "RETAIN_MESSAGE_DAYS": _("Our e-mails to you: %(count)s days after they were sent and all was paid."),
    "RETAIN_WEBHOOK_CALL_DAYS": _("What the payment company reports about your payment: %(count)s days."),
}


class BillingRoom(Room):
    """Invoices, money, messages and the law."""

    name = "billing"

    def ready(self) -> None:
        from billing.invoices import told

        super().ready()
        told.keep_up(self)

    def announce(self) -> Announcement:
        from billing.adjustments import taken_off
        from billing.audit_labels import AUDIT_LABELS
        from billing.colleagues import asked, second_persons
        from billing.dunning import bounces, law_dates, planning, staff_acts
        from billing.models import Hold, StaffTask
        from billing.outbox import in_short
        from billing.payments import credit
        from billing.plans import agreements
        from billing.practices import first_day
        from billing.practices.choices import CHOICES
        from billing.privacy import access_log, retention
        from billing.rights.acts import ACTS
        from billing.statements import figures

        return Announcement(
            core=Core(texts=agreements.CHANGED, letters=in_short.LETTERS),
            desk=_desk(),
            # Plans first: when one ends today, dunning of its invoice resumes.
            # The digests last of all: they prove what this day's work has booked, too.
            daily=[
                Daily(10, agreements.run_day),
                Daily(15, staff_acts.end_pauses),
                Daily(25, bounces.run_day),
                Daily(30, planning.run_day),
                Daily(35, first_day.watch),
                Daily(36, second_persons.watch),
                Daily(40, credit.watch),
                Daily(45, lambda _today: asked.close_pointless(timezone.now())),
                Daily(70, law_dates.run_day),
                Daily(80, figures.record_day),
                Daily(98, lambda _today: access_log.publish_end(now=timezone.now())),
                Daily(99, _publish),
            ],
            beat=_beats(),
            retention=retention.run_day,
            kept=_KEPT,
            messages=_messages(),
            audit_labels=AUDIT_LABELS,
            acts=ACTS,
            hold_reasons={Hold.STAFF: _looked_into()},
            received=taken_off.correct_each,
            access_labels=_ACCESS_LABELS,
            staff_tasks=dict(StaffTask.Kind.choices),
            choices=CHOICES,
            waits_for_second=second_persons.waiting,
            first_steps=first_day.steps,
        )


def _desk() -> Desk:
    from billing.desk import practice
    from billing.desk.books import figures, today

    return Desk(
        tables=_TABLES,
        panel="admin/practice/start.html",
        facts=practice.facts,
        pages=_pages(),
        figures=figures.FIGURES,
        came_in=today.came_in,
    )


def _pages() -> tuple[DeskPage, ...]:
    from billing.desk import practice
    from billing.desk.people import finding, lines, payer
    from billing.documents import desk as files
    from billing.statements import desk

    parts = (finding, lines, payer, desk, files, practice)
    return (*(page for part in parts for page in part.pages()), _credits_page())


def _credits_page() -> DeskPage:
    from billing.desk.base import EVERYBODY
    from billing.desk.credits import listing

    roles = frozenset(str(role) for role in EVERYBODY)
    return DeskPage("tegoeden/", listing.show, name="credits", roles=roles, label=_("credit of patients"))


def _publish(_today: date) -> None:
    from billing.integrity import publication
    from billing.models import LastRun

    now = timezone.now()
    if publication.publish_tables(now=now):
        LastRun.record(LastRun.DIGESTS, at=now)


def _looked_into() -> HoldReason:
    """Return the reason of a pause by staff, whose beginning and end have their own mails."""
    from billing.dunning import hold_messages

    label = _("our staff are looking into this invoice")
    return HoldReason(label, placed=hold_messages.queue_placed, ended=hold_messages.queue_ended)


def _beats() -> dict[str, Beat]:
    return {
        "sweep-outbox": Beat("billing.sweep_outbox", 10.0, expires=10, urgent=True),
        "sweep-reminders": Beat("billing.sweep_reminders", 15.0, expires=15),
        "sweep-payments": Beat("billing.sweep_payments", 20.0, expires=20, urgent=True),
        "sweep-refunds": Beat("billing.sweep_refunds", 20.0, expires=20, urgent=True),
        "sweep-documents": Beat("billing.sweep_documents", 10.0, expires=10, urgent=True),
        "sweep-storage": Beat("billing.sweep_storage", 300.0, expires=300),
        "compare-storage": Beat("billing.compare_storage", crontab(hour=3, minute=40), expires=3600),
        "compare-with-gateway": Beat(
            # Begun at a quarter past four; every half hour it goes on where it was stopped.
            "billing.compare_with_gateway",
            crontab(hour="4-23", minute="15,45"),
            expires=1800,
        ),
    }


def _messages_to_staff() -> dict[str, MessageKind]:
    from billing.colleagues import accounts, invitations, passwords

    return {
        invitations.MESSAGE: MessageKind(
            frozenset(("practice", "role", "until", "link")), filled_in=invitations.with_link
        ),
        passwords.LINK: MessageKind(frozenset(("username", "link")), filled_in=passwords.with_link),
        passwords.CHANGED: MessageKind(frozenset(("username", "at"))),
        accounts.RESET: MessageKind(frozenset(("username", "by", "at"))),
        accounts.NEW_APPROVER: MessageKind(frozenset(("username", "practice", "by", "at"))),
    }


def _messages() -> dict[str, MessageKind]:
    from billing.adjustments import credit_notes
    from billing.dunning import announcements, hold_messages, letters
    from billing.invoices.letter_steps import LETTERS
    from billing.models import ReminderStep
    from billing.plans import messages as plan_messages

    kinds = {
        "receipt": MessageKind(_RECEIPT),
        "contact_changed": MessageKind(frozenset(("changed", "provider", "codes_from"))),
        "provider_changed": MessageKind(frozenset(("provider", "what", "iban_end", "details"))),
    }
    credited = _LINK | _DUE | {"amount", "charges_off", "outstanding", "credit"}
    kinds |= {
        "invoice_withdrawn": MessageKind(credited),
        "invoice_credited": MessageKind(credited, credit_notes.may_send),
    }
    for letter in LETTERS.values():
        kinds[letter.message] = MessageKind(
            letter.needs,
            letters.may_send,
            announcements.may_send_while if letter == LETTERS[ReminderStep.Step.NOTICE] else None,
            sent=letters.messages_sent,
            bounced=letters.message_bounced,
        )
    kinds["hold_placed"] = MessageKind(_LINK | {"outstanding", "voided"}, hold_messages.may_send_placed)
    kinds["payment_reversed"] = MessageKind(
        _LINK | {"amount", "paid_at", "outstanding", "state"}, hold_messages.may_send_reversed
    )
    kinds["hold_ended"] = MessageKind(
        _LINK | {"outstanding", "due_on", "plan", "plan_until"},
        hold_messages.may_send_ended,
        bounced=hold_messages.ended_bounced,
    )
    kinds |= _messages_to_staff()
    kinds |= {kind: MessageKind(needs) for kind, needs in UNCHECKED_MESSAGES.items()}
    kinds |= {kind: MessageKind(needs, plan_messages.may_send) for kind, needs in CHECKED_PLAN_MESSAGES.items()}
    return kinds
