"""How often somebody may try to sign in, and how much of the machine that may take.

axes counts for each user name from each network. Here every try counts, whatever the name: from one network, and from
all together, so that a list of names gets no further than one name does. Checking a password is slow on purpose; one
thread of each process does it at a time and one waits, so that the others go on serving pages.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from guests import throttle
from guests.access import client_network

AT_ONCE, WAITING = 1, 1  # checks of a password in one process
BUSY_SECONDS = 5  # until somebody who met a full queue may try again
_EVERYBODY = ""
_checking = threading.BoundedSemaphore(AT_ONCE)
_places = threading.BoundedSemaphore(AT_ONCE + WAITING)


def _per_network() -> throttle.Limit:
    return throttle.Limit("sign-in", settings.SIGN_IN_FAILURES_PER_NETWORK, settings.SIGN_IN_SECONDS)


def _all_together() -> throttle.Limit:
    return throttle.Limit("sign-in-all", settings.SIGN_IN_FAILURES_GLOBAL, settings.SIGN_IN_SECONDS)


def _reserve() -> throttle.Limit:
    """Return the limit of one try an hour for a network, while the limit of all together is used up by others."""
    return throttle.Limit("sign-in-reserve", 1, 3600)


def take(request: HttpRequest, *, now: datetime) -> tuple[int, list[tuple[throttle.Limit, str]]]:
    """Use up one try; return 0, or the seconds to wait, and what `refund` undoes when it succeeds."""
    network = client_network(request)
    if wait := throttle.take(_per_network(), network, now=now):
        return wait, []
    used = [(_per_network(), network)]
    for limit, who in ((_all_together(), _EVERYBODY), (_reserve(), network)):
        if not (wait := throttle.take(limit, who, now=now)):
            return 0, [*used, (limit, who)]
    refund(used)
    return wait, []


def refund(used: list[tuple[throttle.Limit, str]]) -> None:
    """Undo a try that succeeded, or that was not made."""
    for limit, who in used:
        throttle.refund(limit, who)


@contextmanager
def password_check() -> Iterator[bool]:
    """Yield whether this thread may check a password in the block; it may wait for one other, and never for two."""
    if not _places.acquire(blocking=False):
        yield False
        return
    try:
        with _checking:
            yield True
    finally:
        _places.release()
