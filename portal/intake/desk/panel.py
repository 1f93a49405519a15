"""What the start page says of files that wait for a person."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from billing import rights
from billing.models import SubmittedFile
from portal.intake.desk.rows import files_of

Status = SubmittedFile.Status


@dataclass(frozen=True, slots=True)
class Panel:
    """How many files of the practice wait for a person: to be handed in, corrected, or for their columns."""

    waiting: int


def facts(request: HttpRequest) -> Panel | None:
    """Return the panel for who may hand files in; None when nothing waits for them."""
    member: Any = request.user
    if member.provider_id is None or not rights.may(member, "hand_in"):
        return None
    waits = (Status.COLUMNS, Status.CHECKED, Status.REFUSED)
    count = files_of(request).filter(status__in=waits).count()
    return Panel(count) if count else None
