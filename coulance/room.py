"""What coulance announces to the rest of the product."""

from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from billing.rooms import (
    Act,
    Announcement,
    Beat,
    Choice,
    Daily,
    Demo,
    Desk,
    Export,
    HoldReason,
    InvoicePanel,
    MessageKind,
    Room,
    Unit,
)

ACTS = {
    "coulance_decide": Act(_("decide about coulance, without a colleague who agrees"), operations=False),
    "coulance_begin": Act(_("begin coulance on an invoice, also again after it ended"), clerks=True, operations=False),
    "coulance_paper": Act(_("enter a specification that came on paper"), clerks=True, operations=False),
    "coulance_rules": Act(_("change the rules of coulance, and the texts for patients")),
}
AUDIT_LABELS = {
    "specification_received": gettext_noop("patient sent files"),
    "specification_scanned": gettext_noop("coulance: paper scanned by the care provider"),
    "specification_refused": gettext_noop("file not accepted"),
    "specification_withdrawn": gettext_noop("patient took a file back"),
    "case_message_written": gettext_noop("patient wrote a message"),
    "case_begun": gettext_noop("coulance: begun by the care provider"),
    "paper_figures_typed": gettext_noop("coulance: figures of a paper typed"),
    "case_reached_provider": gettext_noop("coulance: waits for the care provider"),
    "case_decision_proposed": gettext_noop("coulance: decision proposed, a second person has to agree"),
    "case_proposal_put_aside": gettext_noop("coulance: proposed decision put aside"),
    "case_decision": gettext_noop("coulance: decision"),
    "case_more_asked": gettext_noop("coulance: more asked of the patient"),
    "case_adjusted": gettext_noop("coulance: amount lowered"),
    "case_rejected": gettext_noop("coulance: amount not lowered"),
    "case_withdrawn": gettext_noop("coulance: patient pays the full amount"),
    "case_kept": gettext_noop("coulance: earlier decision stands"),
    "case_ended_with_invoice": gettext_noop("coulance: ended, the invoice was withdrawn"),
    "case_expired": gettext_noop("coulance: ended, no specification came"),
    "coulance_rules_added": gettext_noop("coulance: rules of the practice set"),
    "coulance_rules_changed": gettext_noop("coulance: rules of the practice changed"),
    "coulance_text_added": gettext_noop("coulance: text for patients added"),
    "coulance_text_changed": gettext_noop("coulance: text for patients changed"),
}

CHOICES = (
    Choice(
        "COULANCE_PAY_DAYS",
        _("Coulance"),
        _("days to pay after a decision"),
        Unit.DAYS,
        14,
        60,
        _("At least, from the day of the decision."),
    ),
    Choice("COULANCE_ANSWER_DAYS", _("Coulance"), _("days to send what you still ask for"), Unit.DAYS, 7, 60),
)

_ACCESS_LABELS = {
    "case page": _("what you sent for coulance, at your care provider's desk"),
    "coulance page": _("the page about coulance"),
    "specification compared": _("what an insurer's paper was compared with"),
}


BEAT = {
    "sweep-specifications": Beat("coulance.sweep_specifications", 30.0, expires=30, urgent=True),
    "sweep-readings": Beat("coulance.sweep_readings", 120.0, expires=120),
}


_KEPT = {
    "RETAIN_UPLOAD_DAYS": _("Files that you send: %(count)s days after the decision of your care provider."),
}


class CoulanceRoom(Room):
    """The patient sends the insurer's decision, and the provider lowers the amount or refuses."""

    name = "coulance"
    house_rules = {
        "COULANCE_SPECIFICATION_DAYS": 30,  # to send what the insurer decided
        "COULANCE_NUDGE_BEFORE_DAYS": 7,  # before the last day to send it
        "COULANCE_REOPEN_DAYS": 30,  # after a decision, in which a second specification reopens the case
        "COULANCE_REOPENINGS": 2,
        "COULANCE_ANSWER_DAYS": 14,  # at least, to send what the provider still asks for
        "COULANCE_PAY_DAYS": 14,  # at least, from the decision
        "COULANCE_PROVIDER_WORKING_DAYS": 5,  # to decide, before it is late
    }

    def announce(self) -> Announcement:
        from coulance import cases, deadlines, demo, export, intake, last_check, notices, retention, specifications
        from coulance.desk import first_day, panel, staff_pages
        from coulance.pages import assistant, urls
        from coulance.pages.core import CORE

        return Announcement(
            core=CORE,
            patient_urls=urls.urlpatterns,
            desk=_desk(),
            daily=[Daily(20, deadlines.run_day)],
            beat=BEAT,
            retention=retention.run_day,
            answers=assistant.ANSWERS,
            kept=_KEPT,
            export=Export(_("coulance case"), export.of_invoice, export.documents),
            messages={
                **{kind: MessageKind(may_send=last_check.may_send) for kind in last_check.CHECKED},
                **{kind: MessageKind() for kind in last_check.UNCHECKED},
            },
            audit_labels=AUDIT_LABELS,
            acts=ACTS,
            cases=panel.of_patient,
            invoice_links=staff_pages.links,
            access_labels=_ACCESS_LABELS,
            hold_reasons={cases.HOLD: HoldReason(_("your care provider is still working out the amount"))},
            invoice_panel=InvoicePanel(
                {
                    "case_id": F("coulance_case"),
                    "case_status": F("coulance_case__status"),
                    "case_offered_at": F("coulance_case__offered_at"),
                    "case_provider_since": F("coulance_case__provider_since"),
                    "case_closed_at": F("coulance_case__closed_at"),
                },
                happened=notices.told_to_patient,
                on_hold="coulance/invoice_on_hold.html",
                hold_reason=cases.HOLD,
                below="coulance/invoice_below.html",
            ),
            invoice_withdrawn=cases.end_with_invoice,
            intake=intake.INTAKE,
            staff_tasks={specifications.UNREADABLE_SCAN: _("a scan of a paper can't be read: scan it again")},
            look_again=cases.look_again,
            patient_files=specifications.of_patient,
            choices=CHOICES,
            waits_for_second=cases.waiting_for_second,
            first_steps=first_day.steps,
            demo=Demo(demo.fields, demo.SHOWS, demo.seed),
        )


def _desk() -> Desk:
    from coulance.desk import figures, panel, staff_pages

    return Desk(
        ("CoulanceCase", "PracticeRules", "NoteTemplate"),
        "admin/coulance/desk.html",
        panel.facts,
        staff_pages.pages(),
        figures=figures.FIGURES,
        came_in=figures.came_in,
    )
