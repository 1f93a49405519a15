"""The pages of a practice about itself: its first day, its settings, and who of it may do what."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.desk.base import EVERYBODY, OPERATIONS
from billing.desk.practice import adding, asking, first_day, rights_table, settings_page
from billing.practices import readiness
from billing.rooms import DeskPage


def pages() -> tuple[DeskPage, ...]:
    """Return the addresses under /beheer/; each page says itself who may change what."""
    roles, operations = frozenset(map(str, EVERYBODY)), frozenset(map(str, OPERATIONS))
    own = roles - operations
    return (
        DeskPage("begin/", first_day.show, "first_day", own),
        DeskPage("praktijk/", settings_page.show, "practice", own, _("practice"), seldom=True),
        DeskPage("praktijk/nieuw/", adding.show, "practice_add", operations, _("new practice"), seldom=True),
        DeskPage("praktijk/<int:provider_id>/", settings_page.show, "practice_of", roles),
        DeskPage("praktijk/<int:provider_id>/begin/", first_day.show, "first_day_of", roles),
        *rights_table.pages(),
        *asking.pages(),
    )


@dataclass(frozen=True, slots=True)
class Panel:
    """What the start page says: what keeps letters back (None: nothing, and the practice is set up), and tasks."""

    lacks: list[Promise] | None
    tasks: asking.Panel

    @property
    def waiting(self) -> bool:
        return self.lacks is not None or bool(self.tasks.mine)


def facts(request: HttpRequest) -> Panel | None:
    """Return what the start page says of the practice for which somebody works; None for operations."""
    member: Any = request.user
    if member.is_operations or member.provider_id is None:
        return None
    lacks = list(readiness.lacks(member.provider))  # also of who closed the list before this was asked
    is_over = member.provider.set_up_at is not None and not lacks
    return Panel(None if is_over else lacks, asking.panel(member))
