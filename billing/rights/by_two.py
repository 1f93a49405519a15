"""Changes that one person asks for and another decides about: the four eyes of every `ChangeByTwo`."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.errors import Refused, Stale


def person(by: str) -> str:
    """Return who is meant by an actor: somebody may ask by a command and sign in at the desk under one name."""
    return by.partition(":")[2].casefold() or by


def refuse_own(asked: Any, *, approved: bool, by: str) -> None:
    """Raise Refused when whoever asked for a change would approve it. They may take it back."""
    if approved and person(by) == person(asked.asked_by):
        raise Refused(_("You asked for this change yourself. Somebody else has to approve it."))


def settle(waiting: QuerySet[Any], *, approved: bool, by: str, now: datetime | None = None) -> None:
    """Keep a decision about the change that waits. Raises Stale when somebody decided before."""
    if not waiting.update(decided_at=now or timezone.now(), decided_by=by, approved=approved):
        raise Stale(_("Somebody else has decided about this change in the meantime."))


def supersede(waiting: QuerySet[Any], *, by: str) -> None:
    """End the changes that wait, if any, because another one is asked for."""
    waiting.update(decided_at=timezone.now(), decided_by=by, approved=False)
