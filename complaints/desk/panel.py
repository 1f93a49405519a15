"""The part of the start page that complaints have: what waits for somebody, the oldest promise first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from complaints.desk.pages import open_files
from complaints.models import Complaint

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Overview:
    """The open files of somebody: how many wait, how many are late, and the first of them."""

    waiting: int
    late: int
    rows: Sequence[Complaint]


def facts(request: HttpRequest) -> Any:
    """Return what waits; None, and no panel, for whom there is nothing."""
    rows, today = open_files(request.user), timezone.localdate()
    found = list(rows[:SHOWN])
    if not found:
        return None
    return Overview(rows.count(), rows.filter(answer_by__lt=today).count(), found)
