"""What complaints announce to the rest of the product."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from billing.rooms import (
    Act,
    Announcement,
    Beat,
    Choice,
    ComplaintIntake,
    Daily,
    Demo,
    Desk,
    DeskPage,
    Export,
    HoldReason,
    InvoicePanel,
    MessageKind,
    Room,
    Stops,
    Unit,
)

AUDIT_LABELS = {
    "complaint_filed": gettext_noop("complaint received"),
    "complaint_acknowledged": gettext_noop("complaint: confirmed by an employee"),
    "complaint_acknowledged_again": gettext_noop("complaint: confirmed by the person who looks again"),
    "complaint_letter_posted": gettext_noop("complaint: the answer went to the post"),
    "complaint_about": gettext_noop("complaint: about a member of staff"),
    "complaint_admitted": gettext_noop("complaint: being looked into"),
    "complaint_asked": gettext_noop("complaint: question to the patient"),
    "complaint_replied": gettext_noop("complaint: patient wrote"),
    "complaint_extended": gettext_noop("complaint: more time taken"),
    "complaint_inadmissible": gettext_noop("complaint: not for us to answer"),
    "complaint_withdrawn": gettext_noop("complaint: taken back"),
    "complaint_answer_proposed": gettext_noop("complaint: answer proposed, a second person has to agree"),
    "complaint_answered": gettext_noop("complaint: answered"),
    "complaint_action_done": gettext_noop("complaint: what we promised to do is done"),
    "complaint_files_received": gettext_noop("complaint: files came"),
    "complaint_file_refused": gettext_noop("complaint: file not accepted"),
    "complaint_file_withdrawn": gettext_noop("complaint: file taken back"),
    "complaint_rerouted": gettext_noop("complaint: another subject"),
    "complaint_referred": gettext_noop("complaint: to another body"),
    "complaint_referral_noted": gettext_noop("complaint: number at another body"),
    "complaint_referral_ended": gettext_noop("complaint: another body is done"),
    "complaint_mandate_confirmed": gettext_noop("complaint: somebody may speak for the patient"),
    "complaint_mandate_ended": gettext_noop("complaint: nobody speaks for the patient any more"),
    "complaint_signal_read": gettext_noop("complaint: a signal without a name was read"),
    "complaint_lesson": gettext_noop("complaint: what we learn from it"),
    "complaint_lesson_done": gettext_noop("complaint: a recommendation is done"),
    "complaint_escalated": gettext_noop("complaint: patient does not agree, somebody else looks again"),
}

CHOICES = (
    Choice(
        "COMPLAINTS_SECOND_PERSON_ABOVE",
        _("When a second person decides too"),
        _("two people answer a complaint that moves more than"),
        Unit.EUROS,
        0,
        2500,
        guard=True,
    ),
)


ACTS = {
    "complaint": Act(_("take in a complaint, ask about it, and take more time"), clerks=True),
    "complaint_decide": Act(_("answer a complaint")),
}
ACCESS_LABELS = {
    "complaint page": _("your complaint"),
    "complaint file": _("your complaint, at the desk"),
}


_KEPT = {
    "COMPLAINTS_KEPT_YEARS": _("Your complaint: %(count)s years after it was closed."),
    "COMPLAINTS_SIGNALS_DAYS": _("What you tell us without a name: %(count)s days after an employee read it."),
}


class ComplaintsRoom(Room):
    """A patient says that something is wrong: the invoice rests, somebody answers, and what was wrong is put right."""

    name = "complaints"
    house_rules = {
        "COMPLAINTS_PROCEDURE": "ours",  # one of complaints.deadlines.PROCEDURES
        "COMPLAINTS_OWN_BODY": "",  # "kifid" or "incasso", once the operator is registered (Wki) and joined it
        "COMPLAINTS_SECOND_PERSON_ABOVE": 250,  # euros that an answer moves, above which a second person agrees
        "COMPLAINTS_SIGNALS_DAYS": 365,  # after somebody read a signal without a name, it is erased
        "COMPLAINTS_KEPT_YEARS": 2,  # after closing: the least that the Bki asks of files about collection
    }

    def ready(self) -> None:
        """Check what the operator set: a wrong name would fail at the last click of a patient."""
        super().ready()
        checks.register(_check_settings)

    def announce(self) -> Announcement:
        from complaints import days, demo, export, freeze, retention
        from complaints.desk import base, from_message
        from complaints.file import bodies, letter, proof
        from complaints.models import Complaint
        from complaints.pages import assistant, intake, urls
        from complaints.pages.core import CORE

        about = Complaint.objects.filter(invoice=OuterRef("pk")).exclude(sealed_facts=b"")
        newest = Subquery(about.order_by("-pk").values("token")[:1])
        return Announcement(
            core=CORE,
            patient_urls=urls.urlpatterns,
            desk=_desk(),
            daily=[Daily(22, days.run_day)],
            choices=CHOICES,
            bodies=[(body.url, "") for body in bodies.BODIES.values() if body.url],
            beat={"sweep-complaint-files": Beat("complaints.sweep_files", 30.0, expires=30, urgent=True)},
            retention=retention.run_day,
            kept=_KEPT,
            export=Export(_("complaints"), export.of_invoice, export.documents, export.by_contact),
            invoice_panel=InvoicePanel(
                {"complaint": newest}, below="complaints/invoice_below.html", if_wrong="complain"
            ),
            messages=_messages(),
            audit_labels=AUDIT_LABELS,
            acts=ACTS,
            staff_tasks={
                days.SILENT: _("a complaint: nobody wrote to the patient in time"),
                letter.TASK: _("a complaint: print the answer and post it"),
            },
            access_labels=ACCESS_LABELS,
            answers=assistant.ANSWERS,
            finished=intake.forget,
            patient_files=proof.of_patient,
            complaint_intake=ComplaintIntake(Complaint.Subject.choices, from_message.take_in),
            cases=base.of_patient,
            kept_back=freeze.kept_back,
            demo=Demo(demo.fields, demo.SHOWS, demo.seed),
            hold_reasons=_holds(),
        )


def _holds() -> dict[str, HoldReason]:
    from billing.dunning import hold_messages
    from complaints import freeze

    return {
        freeze.HOLD: HoldReason(
            _("you made a complaint about this invoice"),
            stops=frozenset((Stops.REMINDERS, Stops.PLANS)),
            ended=hold_messages.queue_ended,
        )
    }


def _messages() -> dict[str, MessageKind]:
    from billing.dunning import hold_messages
    from complaints import notices

    answered = MessageKind(
        notices.NEEDS["complaint_answered"], notices.may_send_answer, bounced=hold_messages.ended_bounced
    )
    return {kind: MessageKind(needs) for kind, needs in notices.NEEDS.items()} | {"complaint_answered": answered}


def _check_settings(**_kwargs: Any) -> list[checks.CheckMessage]:
    from complaints.deadlines import PROCEDURES
    from complaints.file.bodies import BODIES

    known = {"COMPLAINTS_PROCEDURE": [*PROCEDURES], "COMPLAINTS_OWN_BODY": ["", *BODIES]}
    return [
        checks.Error(f"{name} is none of {', '.join(map(repr, names))}.", id="complaints.E001")
        for name, names in known.items()
        if getattr(settings, name) not in names
    ]


def _desk() -> Desk:
    from billing.desk.base import EVERYBODY
    from complaints.desk import figures, files, pages, panel

    of_file = "klachten/<int:object_id>/"
    return Desk(
        tables=("Complaint",),
        panel="admin/complaints/panel.html",
        facts=panel.facts,
        figures={"klachten": figures.of_period},
        came_in=figures.came_in,
        pages=(
            DeskPage("klachten/", pages.index, "complaints", EVERYBODY, _("complaints")),
            DeskPage("klachten/nieuw/", pages.receive, "complaint_receive", EVERYBODY),
            DeskPage("klachten/signalen/", pages.read_signal, "complaint_signal", EVERYBODY),
            DeskPage("klachten/lessen/", figures.show, "complaint_lessons", EVERYBODY),
            DeskPage(of_file, pages.show, "complaints_complaint_file", EVERYBODY),
            DeskPage(f"{of_file}antwoord/<int:answer_id>/", files.answer_letter, "complaint_letter", EVERYBODY),
            DeskPage(f"{of_file}bestanden/", files.add, "complaints_complaint_add", EVERYBODY),
            DeskPage(f"{of_file}bestand/<int:file_id>/", files.download, "complaints_complaint_document", EVERYBODY),
        ),
    )
