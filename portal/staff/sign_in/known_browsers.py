"""Browsers in which somebody has signed in with both factors: their tries are counted apart from those of strangers.

So whoever knows a name or a password can use up what strangers may try, and never what its owner may try at their own
desk. Each browser keeps one signed cookie that names it and the accounts it has signed in to: OWASP's device cookies
(Slow Down Online Guessing Attacks with Device Cookies). It opens nothing: password and code are asked as before.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from billing.links import new_token
from billing.models import Staff

LASTS_SECONDS = 90 * 24 * 3600  # after the last time that somebody signed in there
_MOST_ACCOUNTS = 8  # of a browser that many share: a cookie has little room
_SALT = "portal.staff.known_browsers"
_FOUND = "zorgrekening.known_browser"  # in request.META


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """One browser of one account; `key` is what its tries are counted under."""

    username: str
    key: str


def find(request: HttpRequest, username: str) -> KnownBrowser | None:
    """Return this browser when the account with this name has signed in here before, and note it in the request."""
    browser, accounts = _read(request)
    member = Staff.objects.filter(username=username).only("username", "session_salt").first() if accounts else None
    found = None
    if member and constant_time_compare(accounts.get(str(member.pk), ""), _proof(member)):
        found = KnownBrowser(member.username, f"{member.pk}:{browser}")
    request.META[_FOUND] = found
    return found


def of(request: HttpRequest) -> KnownBrowser | None:
    """Return what `find` found for this request."""
    found: KnownBrowser | None = request.META.get(_FOUND)
    return found


def is_known(request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
    """Tell axes whether its lock, which is for strangers, is not for this try."""
    known = of(request)
    return known is not None and known.username == (credentials or {}).get("username")


def remember(request: HttpRequest, response: HttpResponse, member: Staff) -> None:
    """Have this browser known to `member`, who has just shown both factors here."""
    browser, accounts = _read(request)
    accounts.pop(str(member.pk), None)
    accounts[str(member.pk)] = _proof(member)
    newest = dict(list(accounts.items())[-_MOST_ACCOUNTS:])
    response.set_cookie(
        _cookie(),
        signing.dumps([browser or new_token(), newest], salt=_SALT),
        max_age=LASTS_SECONDS,
        secure=settings.HTTPS,
        httponly=True,
        samesite=settings.SAME_SITE,
    )


def _read(request: HttpRequest) -> tuple[str, dict[str, str]]:
    """Return the name of this browser and a proof for each account by key; empty when the cookie is not ours."""
    try:
        browser, accounts = signing.loads(request.COOKIES.get(_cookie(), ""), salt=_SALT, max_age=LASTS_SECONDS)
    except signing.BadSignature:
        return "", {}
    return browser, accounts


def _proof(member: Staff) -> str:
    """Return what ends together with the sessions of an account that is blocked."""
    return salted_hmac(_SALT, f"{member.pk}:{member.session_salt}", algorithm="sha256").hexdigest()[:32]


def _cookie() -> str:
    return "__Host-known" if settings.HTTPS else "known"
