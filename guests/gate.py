"""The gate before medical data: proof of who is asking, which lets the browser read it for a while.

A gate is one way to prove it. The code by SMS is the first; another login (DigiD) would be a second entry in GATES
with a page of its own that ends in `let_through`. Pages with medical data only call `passed`.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from billing.models import Invoice
from guests import access, sms_code

THEN = "verder"  # in the address of the code: where the right one leads
_PASSES = "passes"  # in the session: token → [grounds, begun, until (seconds since 1970), what it rests on]
_MIN_GAIN_SECONDS = 30  # an extension by less is not offered
_BROWSER = "gate"  # in the session: a secret that identifies this browser and ends with the session


@dataclass(frozen=True, slots=True)
class Gate:
    """One way to prove who is asking."""

    grounds: str  # its name in the access log
    is_usable: Callable[[Invoice], bool]


@dataclass(frozen=True, slots=True)
class Pass:
    """The proof that this browser has given, and until when it holds."""

    grounds: str
    until: datetime


SMS = Gate(sms_code.GROUNDS, sms_code.can_receive)
GATES = (SMS,)


def usable(invoice: Invoice) -> Gate | None:
    """Return the gate that the patient of this invoice can pass; None when there is none."""
    return next((gate for gate in GATES if gate.is_usable(invoice)), None)


def holder_of(request: HttpRequest) -> str:
    """Return what binds a code to this browser: it survives a new session id, and ends with the session."""
    if _BROWSER not in request.session:
        request.session[_BROWSER] = secrets.token_urlsafe(32)
    return sms_code.hash_holder(request.session[_BROWSER])


def address_of_code(token: str, *, then: str = "") -> str:
    """Return the address where the code is entered; the right code leads on to `then`, a page of the same invoice."""
    address = reverse("code", args=[token])
    return f"{address}?{urlencode({THEN: then})}" if then else address


def leads_to(request: HttpRequest, token: str) -> str:
    """Return the page to which the right code leads; empty for the full invoice, and for anything that is not ours."""
    then = request.GET.get(THEN, "")
    ours = then.startswith(reverse("invoice", args=[token])) and then != reverse("code", args=[token])
    return then if ours and url_has_allowed_host_and_scheme(then, allowed_hosts=None) else ""


def let_through(request: HttpRequest, token: str, *, gate: Gate, rests_on: str, now: datetime) -> None:
    """Let this browser read the documents of one invoice for a while, in a session with a new id.

    The pass ends with what it `rests_on`: the number that the code was sent to.
    """
    request.session.cycle_key()
    access.extend_session(request, token, now=now)
    until = _until(request, token, now=now)
    held = [gate.grounds, now.timestamp(), until.timestamp(), rests_on]
    request.session[_PASSES] = request.session.get(_PASSES, {}) | {token: held}


def passed(request: HttpRequest, token: str, *, now: datetime) -> Pass | None:
    """Return the pass of this browser for the invoice of `token`, while it is valid; one that ended is deleted."""
    passes = request.session.get(_PASSES, {})
    if token not in passes or not access.may_see(request, token, now=now):
        return None
    grounds, begun, until, rests_on = passes[token]
    in_time = access.lasts(begun, now.timestamp(), until - begun) and now.timestamp() < until
    if not in_time or not access.still_rests(request, token, rests_on):
        del passes[token]
        request.session.modified = True
        return None
    return Pass(grounds, datetime.fromtimestamp(until, UTC))


def extend_pass(request: HttpRequest, token: str, *, now: datetime) -> None:
    """Extend the access to the invoice and the pass, if there is one, within the absolute limit."""
    access.extend_session(request, token, now=now)
    if passed(request, token, now=now):
        grounds, _begun, _until_before, rests_on = request.session[_PASSES][token]
        until = _until(request, token, now=now).timestamp()
        request.session[_PASSES] |= {token: [grounds, now.timestamp(), until, rests_on]}
        request.session.modified = True


def _until(request: HttpRequest, token: str, *, now: datetime) -> datetime:
    last = access.absolute_expiry(request, token) or now
    return min(now + timedelta(seconds=settings.DOCUMENT_GRANT_SECONDS), last)


# --- the end of the session ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """The moment, the seconds left for the script, and whether access can be extended."""

    closes: datetime
    seconds: int
    can_stay: bool


def session_end(request: HttpRequest, token: str) -> SessionEnd | None:
    """Return when this browser's access to the invoice of `token` ends; None without access."""
    now = timezone.now()
    closes, last = closes_at(request, token, now=now), access.absolute_expiry(request, token)
    if closes is None or last is None:
        return None
    return SessionEnd(closes, _seconds(now, closes), can_stay=_seconds(closes, last) > _MIN_GAIN_SECONDS)


def closes_at(request: HttpRequest, token: str, *, now: datetime) -> datetime | None:
    """Return when what this browser may read of an invoice ends without further activity; None without access."""
    closes = access.closes_at(request, token)
    held = passed(request, token, now=now)
    return min(closes, held.until) if closes and held else closes


def _seconds(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds()))
