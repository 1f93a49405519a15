"""Random tokens and the URLs built from them: nothing guessable and nothing personal in a URL."""

import base64
import secrets
from datetime import date
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

TOKEN_BYTES = 18  # 144 bits, 24 characters
CODE_LENGTH = 8
CODE_LETTERS = "BCDFGHJKMNPQRSTVWXYZ"  # no vowels, so that no word arises, and no L, which looks like 1
CODE_CHARACTERS = f"{CODE_LETTERS}23456789"
_TOKEN_CHARACTERS, _DAY_CHARACTERS, _SIGNATURE_BYTES = 24, 5, 20


def new_token() -> str:
    """Return a token for a URL: 144 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_code() -> str:
    """Return a code that people type: a letter and seven letters or digits, 38 random bits, so never a number."""
    return secrets.choice(CODE_LETTERS) + "".join(secrets.choice(CODE_CHARACTERS) for _ in range(CODE_LENGTH - 1))


def absolute(path: str) -> str:
    """Return the absolute URL of `path` under PUBLIC_URL, the one address that patients know."""
    return f"{settings.PUBLIC_URL}{path}"


def site_host() -> str:
    """Return the host of PUBLIC_URL, which patients see in their address bar."""
    return urlsplit(settings.PUBLIC_URL).netloc


def sign(token: str, *, until: date, rests_on: str) -> str:
    """Return a signed link that opens the invoice of `token` through `until`; its signature has 160 bits.

    It is not the token itself, so that nobody who sees the URL of a page can make a link from it. It needs no row,
    works any number of times until `until`, and only while it is checked against the same `rests_on`.
    """
    payload = f"{token}{until.toordinal():0{_DAY_CHARACTERS}x}"
    return payload + _signature(payload, rests_on, settings.SECRET_KEY)


def parse(link: str) -> tuple[str, date] | None:
    """Return the token and the last day that `link` names; None when it is not written like one of ours."""
    payload = link[: _TOKEN_CHARACTERS + _DAY_CHARACTERS]
    try:
        return payload[:_TOKEN_CHARACTERS], date.fromordinal(int(payload[_TOKEN_CHARACTERS:], 16))
    except (ValueError, OverflowError):
        return None


def is_signed(link: str, *, rests_on: str) -> bool:
    """Tell whether `sign` made this link with this `rests_on`."""
    payload, signature = link[: _TOKEN_CHARACTERS + _DAY_CHARACTERS], link[_TOKEN_CHARACTERS + _DAY_CHARACTERS :]
    keys = map(str, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    return any(constant_time_compare(signature, _signature(payload, rests_on, key)) for key in keys)


def _signature(payload: str, rests_on: str, key: str) -> str:
    signed = f"{payload} {rests_on}"
    digest = salted_hmac("billing.links", signed, secret=key, algorithm="sha256").digest()[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
