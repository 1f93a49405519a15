"""What debt collection announces to the rest of the product."""

from typing import Any

from django.db.models import OuterRef, Subquery
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
    DeskPage,
    Elsewhere,
    Export,
    HandOver,
    HoldReason,
    InvoicePanel,
    MessageKind,
    Room,
    Unit,
)

AUDIT_LABELS = {
    "agency_checked": gettext_noop("collection agency looked up in the register"),
    "agency_iban_asked": gettext_noop("another IBAN of a collection agency asked, a second person has to agree"),
    "agency_iban_approved": gettext_noop("another IBAN of a collection agency approved"),
    "agency_iban_refused": gettext_noop("another IBAN of a collection agency refused"),
    "agency_iban_counts": gettext_noop("another IBAN of a collection agency counts from now on"),
    "agency_received": gettext_noop("paid to the collection agency"),
    "hand_over_asked": gettext_noop("hand-over to an agency asked, a second person has to agree"),
    "hand_over_refused": gettext_noop("not handed over to an agency"),
    "handed_over": gettext_noop("handed over to a collection agency"),
    "hand_over_exported": gettext_noop("file for the collection agency handed out"),
    "hand_over_accepted": gettext_noop("agency: accepted"),
    "hand_over_rejected": gettext_noop("agency: rejected"),
    "hand_over_active": gettext_noop("agency: collects"),
    "hand_over_paused": gettext_noop("agency: paused"),
    "hand_over_paid": gettext_noop("agency: paid, the case is closed"),
    "hand_over_returned": gettext_noop("agency: returned"),
    "hand_over_recalled": gettext_noop("agency: the case is closed"),
    "hand_over_recall": gettext_noop("recalled from the collection agency"),
    "hand_over_request": gettext_noop("patient asks the agency for something"),
}

COLLECTED = _(
    "A collection agency has this invoice. Pay the agency, not us. It may write to you, and interest may be added."
    " Costs never become more than the law allows."
)

CHOICES = (
    Choice(
        "HAND_OVER_SECOND_PERSON_ABOVE",
        _("When a second person decides too"),
        _("two people hand over to an agency above"),
        Unit.EUROS,
        0,
        5000,
        guard=True,
    ),
)


class DebtCollectionRoom(Room):
    """Claims go to a collection agency, by a person and with a way back."""

    name = "debt_collection"
    house_rules = {
        "HAND_OVER_SECOND_PERSON_ABOVE": 500,  # euros of one debtor that one person may hand over
        "HAND_OVER_FROM_PRINCIPAL": 10,  # euros of the invoice that are open: below it nothing is handed over
        "HAND_OVER_FROM_REST": 5,  # euros that are open with costs and interest: likewise
        "HAND_OVER_KEPT_YEARS": 2,  # after a case closed: the least that the Bki asks of files about collection
        "AGENCY_CHECK_DAYS": 30,  # how long a look in the register of agencies counts
        "AGENCY_IBAN_WAIT_DAYS": 2,  # after a second person approved another IBAN of an agency, until it counts
        "RECALL_TERM_DAYS": 30,  # to pay, after a claim was recalled
        "RECALL_CONFIRM_WORKING_DAYS": 2,  # within which an agency confirms a recall
    }

    def announce(self) -> Announcement:
        from billing.models import StaffTask
        from debt_collection import agencies, days, demo, export, handing_over, retention
        from debt_collection.pages import assistant, urls
        from debt_collection.pages.core import CORE
        from debt_collection.running import recall

        return Announcement(
            core=CORE,
            patient_urls=urls.urlpatterns,
            desk=_desk(),
            access_labels={"hand-over": _("what an agency collects")},
            daily=[Daily(24, days.run_day)],
            choices=CHOICES,
            waits_for_second=handing_over.waiting_for_second,
            beat={"tell-agencies": Beat("debt_collection.tell_agencies", 60.0, expires=60)},
            staff_tasks=_staff_tasks(),
            task_pages={StaffTask.Kind.READY_FOR_HAND_OVER: "billing_invoice_hand_over"},
            retention=retention.run_day,
            answers=assistant.ANSWERS,
            kept={
                "HAND_OVER_KEPT_YEARS": _(
                    "Your invoice at a collection agency: %(count)s years after that case closed."
                ),
            },
            export=Export(_("collection agencies"), export.of_invoice, export.documents),
            messages=_messages(),
            audit_labels=AUDIT_LABELS,
            acts={"hand_over": Act(_("hand an invoice over to an agency, and take it back"))},
            hold_reasons={
                handing_over.HOLD: HoldReason(
                    _("a collection agency collects it"), elsewhere=Elsewhere(COLLECTED, page="at_agency")
                )
            },
            invoice_panel=_invoice_panel(handing_over.HOLD),
            demo=Demo(demo.fields, demo.SHOWS, demo.seed),
            hand_over=HandOver(recall.stands, recall.recall_invoices, recall.since),
            invoice_withdrawn=recall.for_withdrawn,
            collectors=agencies.collectors,
        )


def _invoice_panel(hold_reason: str) -> InvoicePanel:
    """Return what the page of an invoice shows while an agency has it."""
    from debt_collection.models import Claim
    from debt_collection.models import HandOver as Case

    live = Claim.objects.filter(invoice=OuterRef("pk"), closed_at=None, hand_over__status__in=Case.LIVE)
    return InvoicePanel(
        {"agency_name": Subquery(live.values("hand_over__agency__name")[:1])},
        on_hold="debt_collection/invoice_on_hold.html",
        hold_reason=hold_reason,
        is_whole=True,
    )


def _staff_tasks() -> Any:
    from debt_collection import accounts, days, handing_over
    from debt_collection.running import replies

    return {
        handing_over.TO_CONFIRM: _("a hand-over to an agency waits for a second person"),
        accounts.WAITS: _("another IBAN of a collection agency waits for a second person: call the agency first"),
        days.UNANSWERED: _("an agency has not confirmed a hand-over: ask it"),
        days.TOO_OLD: _("an agency has a claim that is too old to ask for: recall it"),
        days.ENDS_SOON: _("the registration of an agency with claims of ours ends soon: look it up"),
        days.UNREGISTERED: _("an agency with claims of ours is registered no more: recall them, or look it up"),
        days.UNCONFIRMED: _("an agency has not confirmed a recall: call it today"),
        replies.REFUSED: _("a message of an agency does not fit what we know"),
        replies.RETURNED: _("an agency gave a claim back: decide what happens next"),
    }


def _messages() -> dict[str, MessageKind]:
    from debt_collection import notices
    from debt_collection.running import standing

    checks: Any = {"agency_resumed": standing.may_send_resumed, "agency_returned": notices.may_send_returned}
    return {
        kind: MessageKind(needs, checks[kind]) if kind in checks else MessageKind(needs)
        for kind, needs in notices.NEEDS.items()
    }


def _desk() -> Desk:
    from billing.desk.base import EVERYBODY, OPERATIONS
    from debt_collection.desk import agencies, pages, panel

    return Desk(
        tables=("HandOver",),
        panel="admin/debt_collection/panel.html",
        facts=panel.facts,
        pages=(
            DeskPage("incasso/", pages.index, "collection", EVERYBODY, _("collection agencies")),
            DeskPage("incasso/bureaus/", agencies.index, "agencies", OPERATIONS),
            DeskPage("incasso/rekening/<int:object_id>/", pages.prepare, "billing_invoice_hand_over", EVERYBODY),
            DeskPage("incasso/<int:object_id>/", pages.show, "collection_handover_case", EVERYBODY),
        ),
    )
