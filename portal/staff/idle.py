"""A member of staff who walked away is signed out, and after half a day everybody is."""

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest
from django.utils.translation import gettext as _

_SEEN = "staff_seen"  # in the session: seconds since 1970
_SEEN_EVERY_SECONDS = 60  # writing down each page would cost a write per page


def begin(request: HttpRequest, *, now: datetime) -> None:
    """Somebody signed in. Their session ends after SESSION_COOKIE_AGE, however often it is written meanwhile."""
    request.session.set_expiry(now + timedelta(seconds=settings.SESSION_COOKIE_AGE))
    request.session[_SEEN] = now.timestamp()


def end_when_idle(request: HttpRequest, *, now: datetime, by_script: bool = False) -> None:
    """End the session of staff who asked for no page during STAFF_IDLE_SECONDS, with a word of explanation; else
    remember that they were here, but for a page that a script may ask for by itself (`by_script`)."""
    member: Any = request.user
    if not member.is_authenticated:
        return
    idle = now.timestamp() - _seen(request)
    if idle >= settings.STAFF_IDLE_SECONDS:
        logout(request)
        messages.info(request, _("You did nothing for an hour. So we signed you out. What you did not save is gone."))
    elif idle > _SEEN_EVERY_SECONDS and not by_script:
        request.session[_SEEN] = now.timestamp()


def extend_session(request: HttpRequest, *, now: datetime) -> None:
    """Somebody said that they are still there."""
    request.session[_SEEN] = now.timestamp()


def ends_at(request: HttpRequest) -> datetime | None:
    """When this session ends, if nothing more is done; None for who is not signed in."""
    if not request.user.is_authenticated:
        return None
    idle = datetime.fromtimestamp(_seen(request) + settings.STAFF_IDLE_SECONDS, UTC)
    return min(idle, request.session.get_expiry_date())


def seconds_left(request: HttpRequest, *, now: datetime) -> int:
    """Until `ends_at`, rounded up: a script that leaves then comes after the end, not just before it."""
    ends = ends_at(request)
    return max(0, ceil((ends - now).total_seconds())) if ends else 0


def _seen(request: HttpRequest) -> float:
    member: Any = request.user
    return request.session.get(_SEEN) or member.last_login.timestamp()
