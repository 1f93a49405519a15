"""Random tokens and the addresses built from them. Nothing guessable, nothing personal in a URL."""

import secrets

from django.conf import settings

TOKEN_BYTES = 18  # 144 bits, 24 characters


def new_token() -> str:
    """A token for a URL: 144 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def absolute(path: str) -> str:
    """`path` on the one address that patients know."""
    return f"{settings.PUBLIC_URL}{path}"
