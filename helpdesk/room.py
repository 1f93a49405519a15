"""What the helpdesk announces to the rest of the product."""

from datetime import date

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from billing.rooms import Announcement, Desk, DeskPage, Room


class HelpdeskRoom(Room):
    """Who has a question finds the answer or a person, and learns whether a message is ours."""

    name = "helpdesk"
    house_rules = {
        "UNANSWERED_KEPT_DAYS": 90,  # a question to which the assistant had no answer
    }

    def ready(self) -> None:
        """Add the checks on what the operator set, and on the FAQ."""
        from helpdesk.assistant import checks as of_faq  # noqa: F401
        from helpdesk.contact import checks  # noqa: F401

        super().ready()

    def announce(self) -> Announcement:
        from helpdesk.assistant import state
        from helpdesk.pages import urls

        return Announcement(
            patient_urls=urls.urlpatterns,
            desk=_desk(),
            answers=state.ANSWERS,
            retention=_erase,
            audit_labels={"unanswered_question_read": gettext_noop("read: a question without an answer")},
        )


def _erase(today: date) -> dict[str, int]:
    from helpdesk.assistant import unanswered

    return {"unanswered_questions": unanswered.erase(today)}


def _desk() -> Desk:
    from billing.desk.base import OPERATIONS
    from helpdesk.assistant import desk

    return Desk(
        pages=(
            DeskPage("vragen/", desk.index, "unanswered", OPERATIONS, _("questions without an answer"), seldom=True),
        )
    )
