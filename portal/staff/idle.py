"""The end of a staff session: after an hour without activity, and after half a day in any case."""

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest
from django.utils.translation import gettext as _

_SEEN = "staff_seen"  # in the session: seconds since 1970
_SEEN_EVERY_SECONDS = 60  # recording each page would cost a write per page


def begin(request: HttpRequest, *, now: datetime) -> None:
    """Begin a session at sign-in; it ends after SESSION_COOKIE_AGE, however often it is saved meanwhile."""
    request.session.set_expiry(now + timedelta(seconds=settings.SESSION_COOKIE_AGE))
    request.session[_SEEN] = now.timestamp()


def end_when_idle(request: HttpRequest, *, now: datetime, by_script: bool = False) -> None:
    """End a session without a request during STAFF_IDLE_SECONDS, with a message; else record this request.

    A request that a script or a page makes by itself (`by_script`) is not recorded.
    """
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
    """Restart the idle time at the person's request."""
    request.session[_SEEN] = now.timestamp()


def ends_at(request: HttpRequest) -> datetime | None:
    """Return when this session ends without further activity; None when nobody is signed in."""
    if not request.user.is_authenticated:
        return None
    idle = datetime.fromtimestamp(_seen(request) + settings.STAFF_IDLE_SECONDS, UTC)
    return min(idle, request.session.get_expiry_date())


def seconds_left(request: HttpRequest, *, now: datetime) -> int:
    """Return the seconds until `ends_at`, rounded up, so that a script that waits for it does not act just before."""
    ends = ends_at(request)
    return max(0, ceil((ends - now).total_seconds())) if ends else 0


def _seen(request: HttpRequest) -> float:
    member: Any = request.user
    return request.session.get(_SEEN) or member.last_login.timestamp()
