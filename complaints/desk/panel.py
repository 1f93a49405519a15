"""The part of the start page that complaints have: what waits for somebody, the oldest promise first."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils import timezone

from complaints.desk.base import open_files


@dataclass(frozen=True, slots=True)
class Overview:
    """The open files of somebody: the key of the one with the oldest promise, how many wait, how many are late."""

    oldest: int
    waiting: int
    late: int


def facts(request: HttpRequest) -> Overview | None:
    """Return what waits; None, and no panel, for whom there is nothing."""
    rows = open_files(request.user).select_related(None)
    oldest = rows.values_list("pk", flat=True).first()
    if oldest is None:
        return None
    late = Count("pk", filter=Q(due__lt=timezone.localdate()))
    return Overview(oldest, **rows.order_by().aggregate(waiting=Count("pk"), late=late))
