"""When the page of an invoice closes by itself, and a way to stay longer: `{% session_end invoice.token %}`."""

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone

from guests import access, gate

register = template.Library()
_ROOM_SECONDS = 30  # less than this can't be won by staying


@register.inclusion_tag("pages/session_end.html", takes_context=True)
def session_end(context: dict[str, Any], token: str) -> dict[str, Any]:
    """The moment, whether staying longer can move it, and the seconds left for the script."""
    request, now = context["request"], timezone.now()
    closes, last = access.closes_at(request, token), access.absolute_expiry(request, token)
    if held := gate.passed(request, token, now=now):
        closes = min(closes, held.until) if closes else held.until
    if closes is None or last is None:
        return {}
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "token": token,
        "closes": closes,
        "seconds": _seconds(now, closes),
        "can_stay": _seconds(closes, last) > _ROOM_SECONDS,
    }


def _seconds(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds()))
