"""Context processors: what every page may use."""

import secrets
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import CSRF_ALLOWED_CHARS, CSRF_SECRET_LENGTH, get_token
from markupsafe import Markup

from guests.pages import in_view

_CHARACTERS = CSRF_ALLOWED_CHARS
_PLACES = {character: place for place, character in enumerate(_CHARACTERS)}
_FAIR_BELOW = 256 - 256 % len(_CHARACTERS)  # above it the first characters would come more often


def site(request: HttpRequest) -> dict[str, object]:
    """Return the host of the site, who runs it, whose invoice the page is about, and whether the sandbox is on."""
    practice, token = in_view(request)
    return {
        "sandbox": settings.SANDBOX,
        "site_host": urlsplit(settings.PUBLIC_URL).netloc,
        "operator": settings.OPERATOR,
        "practice_in_view": practice,
        "token_in_view": token,
    }


def csrf(request: HttpRequest) -> dict[str, object]:
    """One token for all forms of a page, as Django's own templates have; else each form gets 64 new characters.

    A browser that has the cookie is not sent it again with each page: it lasts a year from the first.
    """
    held = request.COOKIES.get(settings.CSRF_COOKIE_NAME)
    token = masked(held) if held and request.META.get("CSRF_COOKIE") == held else get_token(request)
    field = f'<input type="hidden" name="csrfmiddlewaretoken" value="{token}">'
    return {"csrf_input": Markup(field)}  # noqa: S704  a token is letters and digits


def masked(secret: str) -> str:
    """Return the secret of a browser as Django masks it for a page, other characters each time.

    Django asks the system for each of the mask's 32 characters, which takes longer than anything else about a token.
    """
    drawn = [byte % len(_CHARACTERS) for byte in secrets.token_bytes(2 * CSRF_SECRET_LENGTH) if byte < _FAIR_BELOW]
    mask = drawn[:CSRF_SECRET_LENGTH]
    cipher = [(_PLACES[character] + shift) % len(_CHARACTERS) for character, shift in zip(secret, mask, strict=True)]
    return "".join([_CHARACTERS[place] for place in mask + cipher])
