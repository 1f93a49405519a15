"""Who is asking, how often they may, and which invoices this browser may see."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import transaction
from django.http import HttpRequest

from billing import audit
from billing.invoices import open_links
from guests import throttle

LOOKUP_BREAKER = "lookup_breaker"  # a staff task
_GRANTS = "invoices"  # in the session: token → [opened, last seen (seconds since 1970), what its link rests on]
_ASKED = "zorgrekening.rests"  # in request.META: token → what access may rest on
CLOCK_SKEW_SECONDS = 5  # between the clocks of two machines
_MAX_GRANTS = 10
_SEEN_EVERY_SECONDS = 60  # recording each view would cost a write per page
_EVERYBODY = ""


def client_address(request: HttpRequest) -> str:
    """Return the client's IP address: behind n trusted proxies the n-th of X-Forwarded-For from the right.

    Entries further left were sent by the client and prove nothing.
    """
    candidates = [request.META.get("REMOTE_ADDR", "")]
    if settings.TRUSTED_PROXIES:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        candidates.insert(0, forwarded[-min(settings.TRUSTED_PROXIES, len(forwarded))])
    for candidate in candidates:
        if address := _parse_address(candidate.strip()):
            return str(address)
    return "0.0.0.0"  # noqa: S104  a unix socket: all its clients count as one


def client_network(request: HttpRequest) -> str:
    """Return what counts as one client: an IPv4 address, or the IPv6 /64 of a household."""
    address = ipaddress.ip_address(client_address(request))
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


def network_address(request: HttpRequest) -> str:
    """Return `client_network` as an address, for tables that store one: of an IPv6 /64 its first."""
    return client_network(request).partition("/")[0]


def _parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


# --- looking up a payment reference -------------------------------------------------------------


def _per_address() -> throttle.Limit:
    return throttle.Limit("lookup", settings.LOOKUP_FAILURES_PER_ADDRESS, settings.LOOKUP_ADDRESS_SECONDS)


def _breaker() -> throttle.Limit:
    return throttle.Limit("lookup-all", settings.LOOKUP_FAILURES_GLOBAL, settings.LOOKUP_GLOBAL_SECONDS)


def _reserve() -> throttle.Limit:
    """Return the limit of one try while the breaker is open, for a network without a failure within the hour.

    Some 34 addresses that fail as often as they may (30 times an hour) keep the breaker open; without the reserve
    they would lock out every patient. What it allows is harmless: a guess then costs a fresh address (in IPv6 a fresh
    /64). A reference is 15 random digits and a check digit, log2(10**15) = 49.8 bits: with a million invoices on file
    one guess in 10**9 finds one. A botnet of 100,000 addresses, one guess an hour each, needs 10,000 hours, more than
    a year, for a single page that shows an amount and no care; staff have a task within the first hour.
    """
    return throttle.Limit("lookup-reserve", 1, settings.LOOKUP_GLOBAL_SECONDS)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a look-up gave: the token of the invoice, or None; and the seconds to wait when it was refused.

    `failed`: because tries failed, of this network or of everybody; else it only came too often.
    """

    token: str | None = None
    wait: int = 0
    failed: bool = True


def look_up(request: HttpRequest, find: Callable[[], str | None], *, now: datetime) -> LookedUp:
    """Search an invoice by `find`, which returns its token or None, unless there were too many failures.

    Only failures count. The limits are locked while `find` searches, so that parallel guesses can't share a try: always
    that of everybody first. The breaker for all addresses together opens a staff task; even then a network without a
    recent failure has one try in reserve. One network begins only so many sessions for one invoice.
    """
    network = client_network(request)
    with transaction.atomic():
        everybody, own = throttle.hold_together([(_breaker(), _EVERYBODY), (_per_address(), network)], now=now)
        if own.wait:
            return LookedUp(wait=own.wait)
        shared = everybody
        if everybody.wait:
            audit.open_task(LOOKUP_BREAKER, dedupe_key=f"{now:%Y-%m-%d %H}")
            shared = throttle.hold(_reserve(), network, now=now)
            if shared.wait:
                return LookedUp(wait=everybody.wait)
        token = find()
        if token is not None:
            return _with_session(request, token, network, now)
        own.use()
        shared.use()
        if shared is everybody:
            throttle.take(_reserve(), network, now=now)
    throttle.delete_idle(now=now)
    return LookedUp()


def _with_session(request: HttpRequest, token: str, network: str, now: datetime) -> LookedUp:
    """Use up one of the sessions that a network may begin for one invoice in an hour.

    A browser that has a session goes on with it. Else each right look-up of a client without cookies makes a row.
    """
    request.session.keys()  # reads the row: an id that we never gave out is none
    if not request.session.session_key:
        limit = throttle.Limit("lookup-session", settings.LOOKUP_SESSIONS_PER_HOUR, 3600)
        if wait := throttle.take(limit, f"{token}:{network}", now=now):
            return LookedUp(wait=wait, failed=False)
    return LookedUp(token)


# --- what a guest may see -----------------------------------------------------------------------


def open_invoice(request: HttpRequest, token: str, *, now: datetime, rests_on: str = "") -> None:
    """Let this browser see the invoice of `token` for a while, in a session with a new id.

    `rests_on`: what the link rests on by which it was opened (see `billing.invoices.open_links`); empty for the payment
    reference, which rests on nothing that can change. Whoever came by a link keeps what it gave when the same invoice
    is looked up by its reference while the page is open.
    """
    session = request.session
    if not rests_on and may_see(request, token, now=now):
        rests_on = _rests_on(request, token)
    if session.session_key:  # else there is no row yet, and it is written only once
        session.cycle_key()  # against session fixation
    if SESSION_KEY not in session:  # a member of staff keeps the expiry of their own session
        session.set_expiry(0)  # the cookie ends with the browser
    grants = dict(sorted(session.get(_GRANTS, {}).items(), key=lambda grant: grant[1][1])[1 - _MAX_GRANTS :])
    session[_GRANTS] = grants | {token: [now.timestamp(), now.timestamp(), rests_on]}


def came_by_link(request: HttpRequest, token: str) -> bool:
    """Tell whether this browser opened the invoice by a link of ours; knowing the reference is not enough for that."""
    return bool(_rests_on(request, token))


def _rests_on(request: HttpRequest, token: str) -> str:
    grant = request.session.get(_GRANTS, {}).get(token)
    return str(grant[2]) if grant else ""


def may_see(request: HttpRequest, token: str, *, now: datetime) -> bool:
    """Tell whether this browser opened the invoice within the absolute and idle limits; a view restarts the latter.

    Access that ended is deleted, so that it stays ended if the clock goes back: after a limit, when it was opened
    later than now, and when the address was corrected to which its link was sent.
    """
    grants = request.session.get(_GRANTS, {})
    if token not in grants:
        return False
    opened, seen = grants[token][:2]
    moment = now.timestamp()
    idle, absolute = settings.GUEST_IDLE_SECONDS, settings.GUEST_ABSOLUTE_SECONDS
    in_time = lasts(seen, moment, idle) and lasts(opened, moment, absolute)
    if not in_time or not still_rests(request, token, _rests_on(request, token)):
        del grants[token]
        request.session.modified = True
        return False
    if moment - seen > _SEEN_EVERY_SECONDS:
        grants[token][1] = moment
        request.session.modified = True
    return True


def opened(request: HttpRequest, *, now: datetime) -> list[str]:
    """Return the tokens of the invoices that this browser may see now, in the order in which it opened them."""
    grants = sorted(request.session.get(_GRANTS, {}).items(), key=lambda grant: grant[1][0])
    return [token for token, _grant in grants if may_see(request, token, now=now)]


def lasts(since: float, now: float, seconds: float) -> bool:
    """Tell whether what began at `since` lasts `seconds` and is not over; what begins after now is over too."""
    return -CLOCK_SKEW_SECONDS <= now - since <= seconds


def still_rests(request: HttpRequest, token: str, ground: str) -> bool:
    """Tell whether what access rests on is as it was; asked once per request. The payment reference always is."""
    if not ground:
        return True
    asked: dict[str, frozenset[str]] = request.META.setdefault(_ASKED, {})
    if token not in asked:
        asked[token] = open_links.rests(token)
    return ground in asked[token]


def extend_session(request: HttpRequest, token: str, *, now: datetime) -> bool:
    """Restart the idle time at the person's request; return False when the access has ended already."""
    if not may_see(request, token, now=now):
        return False
    request.session[_GRANTS][token][1] = now.timestamp()
    request.session.modified = True
    return True


def closes_at(request: HttpRequest, token: str) -> datetime | None:
    """Return when this browser's access to the invoice ends without further activity; None without access."""
    if token not in request.session.get(_GRANTS, {}):
        return None
    seen = request.session[_GRANTS][token][1]
    idle = datetime.fromtimestamp(seen + settings.GUEST_IDLE_SECONDS, UTC)
    return min(idle, absolute_expiry(request, token) or idle)


def absolute_expiry(request: HttpRequest, token: str) -> datetime | None:
    """Return when this browser's access to the invoice ends in any case; None without access."""
    if token not in request.session.get(_GRANTS, {}):
        return None
    return datetime.fromtimestamp(request.session[_GRANTS][token][0] + settings.GUEST_ABSOLUTE_SECONDS, UTC)
