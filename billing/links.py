"""Random tokens and the URLs built from them: nothing guessable and nothing personal in a URL."""

import base64
import secrets
from datetime import date
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

TOKEN_BYTES = 18  # 144 bits, 24 characters
_TOKEN_CHARACTERS, _DAY_CHARACTERS, _SIGNATURE_BYTES = 24, 5, 20


def new_token() -> str:
    """Return a token for a URL: 144 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def absolute(path: str) -> str:
    """Return the absolute URL of `path` under PUBLIC_URL, the one address that patients know."""
    return f"{settings.PUBLIC_URL}{path}"


def site_host() -> str:
    """Return the host of PUBLIC_URL, which patients see in their address bar."""
    return urlsplit(settings.PUBLIC_URL).netloc


def sign(token: str, *, until: date) -> str:
    """Return a signed link for a mail that opens the invoice of `token` through `until`; its signature has 160 bits.

    It is not the token itself, so that nobody who sees the URL of a page can make a link from it. It needs no row, and
    works any number of times until `until`.
    """
    payload = f"{token}{until.toordinal():0{_DAY_CHARACTERS}x}"
    return payload + _signature(payload, settings.SECRET_KEY)


def read(link: str, *, today: date) -> str | None:
    """Return the invoice token in a link that `sign` made; None when it is not ours or has expired."""
    payload, signature = link[: _TOKEN_CHARACTERS + _DAY_CHARACTERS], link[_TOKEN_CHARACTERS + _DAY_CHARACTERS :]
    keys = map(str, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    if not any(constant_time_compare(signature, _signature(payload, key)) for key in keys):
        return None
    if int(payload[_TOKEN_CHARACTERS:], 16) < today.toordinal():
        return None
    return payload[:_TOKEN_CHARACTERS]


def _signature(payload: str, key: str) -> str:
    digest = salted_hmac("billing.links", payload, secret=key, algorithm="sha256").digest()[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
