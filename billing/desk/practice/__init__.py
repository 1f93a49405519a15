"""The pages of a practice about itself: its first day, its settings, and who of it may do what."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.desk.base import EVERYBODY, OPERATIONS
from billing.desk.practice import adding, first_day, rights_table, settings_page
from billing.practices import readiness
from billing.rooms import DeskPage


def pages() -> tuple[DeskPage, ...]:
    """Return the addresses under /beheer/; each page says itself who may change what."""
    roles, operations = frozenset(map(str, EVERYBODY)), frozenset(map(str, OPERATIONS))
    own = roles - operations
    return (
        DeskPage("begin/", first_day.show, "first_day", own),
        DeskPage("praktijk/", settings_page.show, "practice", own, _("practice")),
        DeskPage("praktijk/nieuw/", adding.show, "practice_add", operations, _("new practice")),
        DeskPage("praktijk/<int:provider_id>/", settings_page.show, "practice_of", roles),
        DeskPage("praktijk/<int:provider_id>/begin/", first_day.show, "first_day_of", roles),
        *rights_table.pages(),
    )


@dataclass(frozen=True, slots=True)
class Panel:
    """What the start page says of a practice that is not set up: what keeps its letters back."""

    lacks: list[Promise]
    waiting: bool = True


def facts(request: HttpRequest) -> Any:
    """Return what the start page says of a practice that is not set up; None once it is, and for operations."""
    member: Any = request.user
    if member.is_operations or member.provider_id is None or member.provider.set_up_at:
        return None
    lacks = list(readiness.lacks(member.provider))
    return Panel(lacks)
