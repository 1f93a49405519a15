"""What the helpdesk announces to the rest of the product."""

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from billing.rooms import (
    Act,
    Announcement,
    Daily,
    Desk,
    DeskPage,
    Export,
    HoldReason,
    InvoicePanel,
    MessageKind,
    Room,
    Stops,
)

AUDIT_LABELS = {
    "message_received": gettext_noop("message of the patient came"),
    "message_answered": gettext_noop("message of the patient answered"),
    "message_closed": gettext_noop("message of the patient read: no answer needed"),
    "message_made_complaint": gettext_noop("message of the patient became a complaint"),
    "callback_asked": gettext_noop("asked to be called"),
    "callback_canceled": gettext_noop("call cancelled by whoever asked for it"),
    "callback_reached": gettext_noop("called back: reached"),
    "callback_not_reached": gettext_noop("called back: not reached"),
    "unanswered_question_read": gettext_noop("read: a question without an answer"),
    "fraud_warning_begun": gettext_noop("warning of false messages begun"),
    "fraud_warning_ended": gettext_noop("warning of false messages ended"),
}


class HelpdeskRoom(Room):
    """Who has a question finds the answer or a person, and learns whether a message is ours."""

    name = "helpdesk"
    house_rules = {
        "MESSAGE_WORKING_DAYS": 1,  # in which a message of a patient is answered
        "MESSAGES_KEPT_YEARS": 2,  # after it came: the least that the Bki asks of files about collection
        "CALLBACK_PLACES": 2,  # in each slot of half an hour
        "CALLBACKS_KEPT_DAYS": 28,  # after the slot
        "UNANSWERED_KEPT_DAYS": 90,  # a question to which the assistant had no answer
        "FRAUD_REST_DAYS": 14,  # no letters and no costs for whoever paid a swindler, once for each invoice
        "FRAUD_WARNING_DAYS": 30,  # a warning of false messages goes by itself after these
    }

    def ready(self) -> None:
        """Add the checks on what the operator set, and on the FAQ."""
        from helpdesk.assistant import checks as of_faq  # noqa: F401
        from helpdesk.contact import checks  # noqa: F401

        super().ready()

    def announce(self) -> Announcement:
        from helpdesk import callbacks, export, messages, retention
        from helpdesk.assistant import state
        from helpdesk.genuine import fraud, warnings
        from helpdesk.models import InvoiceMessage
        from helpdesk.pages import urls
        from helpdesk.pages.core import CORE

        answered = Exists(InvoiceMessage.objects.filter(invoice=OuterRef("pk"), staff__isnull=False))
        return Announcement(
            core=CORE,
            patient_urls=urls.urlpatterns,
            desk=_desk(),
            answers=state.ANSWERS,
            # Before letters are planned: what ends today is told first.
            daily=[Daily(21, fraud.run_day), Daily(26, messages.watch), Daily(27, callbacks.watch)],
            retention=retention.run_day,
            kept={
                "MESSAGES_KEPT_YEARS": _("Your messages about an invoice: %(count)s years after they came."),
                "CALLBACKS_KEPT_DAYS": _("Your number, when you asked us to call: %(count)s days after the call."),
                "UNANSWERED_KEPT_DAYS": _(
                    "A question that our digital help could not answer, without your name and numbers: %(count)s days."
                ),
            },
            export=Export(_("messages about invoices"), export.of_invoice, export.documents, export.by_contact),
            messages={
                messages.ANSWERED_MAIL: MessageKind(frozenset(("lines", "link_until"))),
                fraud.MAIL: MessageKind(frozenset(("until", "voided")), fraud.may_send),
            },
            audit_labels=AUDIT_LABELS,
            access_labels={"messages": _("your messages about this invoice"), "callback": _("your wish to be called")},
            acts={"message": Act(_("answer messages of patients"), clerks=True)},
            staff_tasks={
                messages.WAITS: _("a patient waits for an answer that we promised for today, or before"),
                callbacks.MISSED: _("a call was promised for a day that is over: call, and note how it went"),
                fraud.TASK: _("a patient paid a swindler: call, and help with the real invoice"),
            },
            task_pages={messages.WAITS: "helpdesk_thread"},
            invoice_panel=InvoicePanel({"message_answered": answered}, below="helpdesk/invoice_below.html"),
            hold_reasons=_holds(),
            warning=warnings.text,
            bodies=[*((body.url, body.phone) for body in fraud.BODIES), ("https://www.113.nl/", "0800 0113")],
        )


def _holds() -> dict[str, HoldReason]:
    from billing.dunning import hold_messages
    from helpdesk.genuine import fraud

    return {
        fraud.HOLD: HoldReason(
            _("you told us that you paid a swindler"),
            stops=frozenset((Stops.REMINDERS, Stops.PLANS)),  # paying stays possible
            ended=hold_messages.queue_ended,
        )
    }


def _desk() -> Desk:
    from billing.desk.base import EVERYBODY, OPERATIONS
    from helpdesk.assistant import desk
    from helpdesk.desk import callbacks, messages, panel
    from helpdesk.genuine import desk as genuine

    return Desk(
        panel="admin/helpdesk/panel.html",
        facts=panel.facts,
        pages=(
            DeskPage("berichten/", messages.index, "helpdesk_messages", EVERYBODY, _("messages of patients")),
            DeskPage("berichten/<int:invoice_id>/", messages.thread, "helpdesk_thread", EVERYBODY),
            DeskPage("terugbellen/", callbacks.index, "callbacks", OPERATIONS, _("call back")),
            DeskPage("vragen/", desk.index, "unanswered", OPERATIONS, _("questions without an answer"), seldom=True),
            DeskPage(
                "nepberichten/", genuine.warn, "fraud_warning", OPERATIONS, _("Warning of false messages"), seldom=True
            ),
        ),
    )
