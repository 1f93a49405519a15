"""When the page of an invoice closes by itself, and whether its reader may stay longer."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from guests import access, gate

_ROOM_SECONDS = 30  # less than this can't be won by staying


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """The moment, the seconds left for the script, and whether staying longer can move it."""

    closes: datetime
    seconds: int
    can_stay: bool


def session_end(request: HttpRequest, token: str) -> SessionEnd | None:
    """When this browser stops seeing the invoice behind `token`; None when it does not see it."""
    now = timezone.now()
    closes, last = access.closes_at(request, token), access.absolute_expiry(request, token)
    if held := gate.passed(request, token, now=now):
        closes = min(closes, held.until) if closes else held.until
    if closes is None or last is None:
        return None
    return SessionEnd(closes, _seconds(now, closes), can_stay=_seconds(closes, last) > _ROOM_SECONDS)


def _seconds(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds()))
