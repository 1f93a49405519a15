"""When access to an invoice ends by itself, and whether it can be extended."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from guests import access, gate

_MIN_GAIN_SECONDS = 30  # an extension by less is not offered


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """The moment, the seconds left for the script, and whether access can be extended."""

    closes: datetime
    seconds: int
    can_stay: bool


def session_end(request: HttpRequest, token: str) -> SessionEnd | None:
    """Return when this browser's access to the invoice of `token` ends; None without access."""
    now = timezone.now()
    closes, last = access.closes_at(request, token), access.absolute_expiry(request, token)
    if held := gate.passed(request, token, now=now):
        closes = min(closes, held.until) if closes else held.until
    if closes is None or last is None:
        return None
    return SessionEnd(closes, _seconds(now, closes), can_stay=_seconds(closes, last) > _MIN_GAIN_SECONDS)


def _seconds(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds()))
