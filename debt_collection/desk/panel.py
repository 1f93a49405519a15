"""The part of the start page that collection has: what waits for a second person, and what is at an agency."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.http import HttpRequest

from debt_collection.desk.pages import cases
from debt_collection.models import HandOver


@dataclass(frozen=True, slots=True)
class Overview:
    """How many cases wait for a second person, and how many an agency has. Each that waits has a task."""

    proposed: int
    live: int
    waiting: int = 0


def facts(request: HttpRequest) -> Overview | None:
    """Return what there is, in one query; None, and no panel, for whom there is nothing."""
    proposed = Count("pk", filter=Q(status=HandOver.Status.PROPOSED))
    live = Count("pk", filter=Q(status__in=HandOver.LIVE))
    found = Overview(**cases(request.user).select_related(None).aggregate(proposed=proposed, live=live))
    return found if found.proposed or found.live else None
