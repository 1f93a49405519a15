"""The history of what a practice is and chose, as its page of settings shows it. Rows are only added."""

from typing import Any

from django.db.models import QuerySet

from billing.models import PracticeChange, Provider


def record(provider: Provider, what: str, *, was: Any, now: Any, by: str) -> None:
    """Add a change of `what` (a column, a house rule, a step that was skipped) by somebody (see `audit.actor`)."""
    PracticeChange.objects.create(provider=provider, what=what, was=_text(was), now=_text(now), by=by)


def of(provider: Provider) -> QuerySet[PracticeChange]:
    """Return what changed at this practice, the newest first."""
    return PracticeChange.objects.filter(provider=provider).order_by("-pk")


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:200]
