"""The part of the start page that leads to the spared patients, and to a report."""

from dataclasses import dataclass

from django.http import HttpRequest

from forbearance.desk.pages import grounds


@dataclass(frozen=True, slots=True)
class Overview:
    """How many grounds somebody may see that spare a patient now; nothing of it waits: a letter to read is a task."""

    spared: int
    waiting: int = 0


def facts(request: HttpRequest) -> Overview:
    """Return how many are spared."""
    return Overview(grounds(request.user).filter(ended_at=None).count())
