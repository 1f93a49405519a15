"""What forbearance announces to the rest of the product."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from billing.rooms import (
    Act,
    Announcement,
    Beat,
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
    Text,
)

AUDIT_LABELS = {
    "forbearance_reported": gettext_noop("reported: this patient must be spared"),
    "forbearance_represented": gettext_noop("somebody represents the patient now"),
    "forbearance_extended": gettext_noop("help with debts extended"),
    "debt_help_answered": gettext_noop("debt counsellor answered"),
    "counsellor_letter_received": gettext_noop("letter of a debt counsellor came"),
    "counsellor_letter_refused": gettext_noop("letter of a debt counsellor: file not accepted"),
    "breathing_space_taken": gettext_noop("breathing space begun"),
    "needs_kept": gettext_noop("what helps this patient was noted"),
    "forbearance_ended": gettext_noop("forbearance ended"),
}
LETTERS = frozenset((Stops.REMINDERS, Stops.PLANS))  # paying stays possible
_KEPT = {"FORBEARANCE_KEPT_YEARS": _("Why we spared you: %(count)s years after it ended.")}


class ForbearanceRoom(Room):
    """Who can't pay now gets time and help, and who must be spared is spared."""

    name = "forbearance"
    house_rules = {
        "BREATHING_SPACE_DAYS": 30,  # once in twelve months for whoever pays
        "MORE_TIME_DAYS": 14,  # later than others, for who asked for more time
        "DEBT_HELP_MONTHS": 4,  # from the notice of a debt counsellor, and once as long again
        "FORBEARANCE_KEPT_YEARS": 2,  # after it ended: the least that the Bki asks of files about collection
    }

    def announce(self) -> Announcement:
        from billing.dunning import told_together
        from forbearance import days, demo, doors, export, needs, notices, rests, retention
        from forbearance.desk import pages
        from forbearance.pages import assistant, urls
        from forbearance.pages.core import CORE

        return Announcement(
            core=CORE,
            patient_urls=urls.urlpatterns,
            desk=_desk(),
            access_labels={"forbearance": _("why we spare you"), "needs": _("what helps you")},
            # Before letters are planned: what ends today is told first.
            daily=[Daily(23, days.run_day), Daily(24, needs.run_day)],
            what_helps=needs.in_words,
            bodies=[(body.url, body.phone) for body in doors.BODIES],
            beat={"sweep-letters": Beat("forbearance.sweep_letters", 30.0, expires=30, urgent=True)},
            staff_tasks=_staff_tasks(),
            retention=retention.run_day,
            answers=assistant.ANSWERS,
            kept=_KEPT,
            export=Export(_("forbearance"), export.of_invoice, export.documents),
            messages={kind: MessageKind(needs) for kind, needs in notices.NEEDS.items()}
            | {
                kind: MessageKind(notices.NEEDS[kind], may_send, bounced=told_together.bounced)
                for kind, may_send in (
                    ("forbearance_over", told_together.may_send),
                    ("forbearance_represented", notices.may_send_represented),
                )
            },
            audit_labels=AUDIT_LABELS,
            acts={
                "spare": Act(_("report that a patient must be spared, and note what helps them"), clerks=True),
                "spare_end": Act(_("end that a patient is spared, or lengthen it")),
            },
            hold_reasons=_holds(),
            invoice_panel=InvoicePanel(
                {"unable": doors.IS_IN_TROUBLE},
                above="forbearance/invoice_above.html",
                below="forbearance/invoice_below.html",
                on_hold="forbearance/invoice_on_hold.html",
                hold_reason="deceased",
                if_unable="cannot_pay_invoice",
            ),
            intake=rests.INTAKE,
            cases=pages.of_patient,
            kept_back=rests.kept_back,
            demo=Demo(demo.fields, demo.SHOWS, demo.seed),
        )


def _staff_tasks() -> dict[str, Text]:
    from forbearance import letters, needs, reports, rests

    return {
        letters.TO_READ: _("a patient sent the letter of a debt counsellor: read it, and answer"),
        reports.TO_ANSWER: _("tell a debt counsellor or administrator what is open, within five working days"),
        reports.TO_TAKE_OFF: _("somebody reported that a patient must be spared: look, and take costs off or end it"),
        needs.TO_PRINT: _("print a letter and post it: this patient wants paper"),
        rests.PARENTS: _("a patient is 18 now: agree with the parents how they pay what is of before"),
    }


def _holds() -> dict[str, HoldReason]:
    """Return the reasons of holds. Their labels stand on a page that opens with no more than the payment reference."""
    from forbearance import rests

    waiting = _("we wait with it")
    return {
        "breathing_space": HoldReason(_("you took a breathing space"), stops=LETTERS, ended=rests.tell_end),
        "debt_help": HoldReason(waiting, stops=LETTERS, ended=rests.tell_end),
        "representative": HoldReason(waiting, stops=LETTERS, ended=rests.tell_end),
        "parents": HoldReason(waiting, stops=LETTERS, ended=rests.tell_end),
        # What somebody under guardianship pays or agrees to alone can be undone (1:381 lid 2, 3:32 BW).
        "guardian": HoldReason(waiting, ended=rests.tell_end),
        # Paying one creditor what is older than the order of the court is not for the debtor to do (299, 306 Fw).
        "insolvency": HoldReason(waiting, ended=rests.tell_end),
        # Whoever pays or agrees to a plan may accept the estate by it (4:192 BW).
        "deceased": HoldReason(_("we were told of a death"), ended=rests.tell_end),
    }


def _desk() -> Desk:
    from billing.desk.base import EVERYBODY
    from forbearance.desk import needs, pages, panel

    return Desk(
        tables=("Forbearance",),
        panel="admin/forbearance/panel.html",
        facts=panel.facts,
        pages=(
            DeskPage("ontzien/", pages.index, "forbearances", EVERYBODY),
            DeskPage("ontzien/nieuw/", pages.receive, "forbearance_report", EVERYBODY),
            DeskPage("ontzien/wat-helpt/", needs.note, "forbearance_needs", EVERYBODY),
            DeskPage("ontzien/afdruk/<int:message_id>/", needs.letter, "forbearance_printed", EVERYBODY),
            DeskPage("ontzien/<int:object_id>/", pages.show, "forbearance_forbearance_ground", EVERYBODY),
            DeskPage(
                "ontzien/<int:object_id>/brief/<int:file_id>/",
                pages.letter,
                "forbearance_forbearance_letter",
                EVERYBODY,
            ),
        ),
    )
