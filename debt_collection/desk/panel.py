"""The part of the start page that collection has: what waits for a decision, and what is at an agency."""

from dataclasses import dataclass

from django.http import HttpRequest

from debt_collection.desk.pages import cases, ready
from debt_collection.models import HandOver


@dataclass(frozen=True, slots=True)
class Overview:
    """How many invoices wait for a decision, how many cases for a second person, and how many an agency has."""

    ready: int
    proposed: int
    live: int
    waiting: int = 0  # each has a task


def facts(request: HttpRequest) -> Overview | None:
    """Return what there is; None, and no panel, for whom there is nothing."""
    rows = cases(request.user).select_related(None)
    found = Overview(
        ready(request.user).count(),
        rows.filter(status=HandOver.Status.PROPOSED).count(),
        rows.filter(status__in=HandOver.LIVE).count(),
    )
    return found if found.ready or found.proposed or found.live else None
