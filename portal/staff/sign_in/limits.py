"""How often somebody may try to sign in, and how much of the machine that may take.

axes counts for each user name from each network. Here every try counts, whatever the name: from one network, and from
all together, so that a list of names gets no further than one name does. Checking a password is slow on purpose; one
thread of each process does it at a time and one waits, so that the others go on serving pages.

After a right password each code of an app counts, until it is right. A browser that the account knows has limits of
its own in all of this, so that nobody else can use them up. What strangers may guess is bound to the password that they
know: a new password begins anew. Recovery codes have 48 bits and are not counted, so that they work for their owner
while strangers have used up their guesses.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from billing.models import Staff
from guests import throttle
from guests.access import client_network
from portal.staff.sign_in.known_browsers import KnownBrowser

AT_ONCE, WAITING = 1, 1  # checks of a password in one process
BUSY_SECONDS = 5  # until somebody who met a full queue may try again
_EVERYBODY = ""
_DAY = 24 * 3600
_checking = threading.BoundedSemaphore(AT_ONCE)
_places = threading.BoundedSemaphore(AT_ONCE + WAITING)
_places_of_known = threading.BoundedSemaphore(AT_ONCE + WAITING)
Uses = list[tuple[throttle.Limit, str]]


def _per_network() -> throttle.Limit:
    return throttle.Limit("sign-in", settings.SIGN_IN_FAILURES_PER_NETWORK, settings.SIGN_IN_SECONDS)


def _all_together() -> throttle.Limit:
    return throttle.Limit("sign-in-all", settings.SIGN_IN_FAILURES_GLOBAL, settings.SIGN_IN_SECONDS)


def _reserve() -> throttle.Limit:
    """Return the limit of one try an hour for a network, while the limit of all together is used up by others."""
    return throttle.Limit("sign-in-reserve", 1, 3600)


def _of_browser() -> throttle.Limit:
    return throttle.Limit("sign-in-browser", settings.SIGN_IN_FAILURES_PER_NETWORK, settings.SIGN_IN_SECONDS)


def take(request: HttpRequest, *, browser: KnownBrowser | None, now: datetime) -> tuple[int, Uses]:
    """Use up one try; return 0, or the seconds to wait, and what `refund` undoes when it succeeds."""
    if browser:
        return _take_all([(_of_browser(), browser.key)], now=now)
    network = client_network(request)
    if wait := throttle.take(_per_network(), network, now=now):
        return wait, []
    used = [(_per_network(), network)]
    for limit, who in ((_all_together(), _EVERYBODY), (_reserve(), network)):
        if not (wait := throttle.take(limit, who, now=now)):
            return 0, [*used, (limit, who)]
    refund(used)
    return wait, []


def refund(used: Uses) -> None:
    """Undo a try that succeeded, or that was not made."""
    for limit, who in used:
        throttle.refund(limit, who)


def of_codes(request: HttpRequest, member: Staff, *, browser: KnownBrowser | None) -> Uses:
    """Return the limits of the codes that are looked at after the right password of `member`."""
    if browser:
        return [(throttle.Limit("code-browser", settings.STAFF_CODES_PER_BROWSER, _DAY), browser.key)]
    known_by = f"{member.pk}:{member.password}"  # the row holds a keyed hash of it
    return [
        (
            throttle.Limit("code-network", settings.STAFF_CODES_PER_NETWORK, _DAY),
            f"{known_by}:{client_network(request)}",
        ),
        (throttle.Limit("code-strangers", settings.STAFF_CODES_BY_STRANGERS, _DAY), known_by),
        (throttle.Limit("code-strangers-month", settings.STAFF_CODES_BY_STRANGERS_PER_MONTH, 30 * _DAY), known_by),
    ]


def of_codes_in_session(request: HttpRequest) -> Uses:
    """Return the limit of the codes that somebody who is signed in may try in this session."""
    return [(throttle.Limit("code-session", settings.STAFF_CODES_PER_BROWSER, _DAY), str(request.session.session_key))]


def codes_wait(limits: Uses, *, now: datetime) -> int:
    """Return the seconds until the next code is looked at; 0 when it is now."""
    return max(throttle.wait(limit, who, now=now) for limit, who in limits)


def take_code(limits: Uses, *, now: datetime) -> bool:
    """Use up one code before it is looked at; return False when none is left. `refund` undoes it when it is right."""
    return not _take_all(limits, now=now)[0]


def _take_all(limits: Uses, *, now: datetime) -> tuple[int, Uses]:
    """Use up one try of each of these limits, or none and return the seconds to wait."""
    for place, (limit, who) in enumerate(limits):
        if wait := throttle.take(limit, who, now=now):
            refund(limits[:place])
            return wait, []
    return 0, limits


@contextmanager
def password_check(*, known: bool = False) -> Iterator[bool]:
    """Yield whether this thread may check a password in the block; it may wait for one other, and never for two.

    Those from a browser that is `known` wait apart, and never behind more than one of each kind.
    """
    places = _places_of_known if known else _places
    if not places.acquire(blocking=False):
        yield False
        return
    try:
        with _checking:
            yield True
    finally:
        places.release()
