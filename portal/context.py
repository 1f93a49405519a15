"""Context processors: what every page may use."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from markupsafe import Markup

from guests.pages import in_view


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
    token = get_token(request)
    if request.COOKIES.get(settings.CSRF_COOKIE_NAME) == request.META["CSRF_COOKIE"]:
        request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False
    field = f'<input type="hidden" name="csrfmiddlewaretoken" value="{token}">'
    return {"csrf_input": Markup(field)}  # noqa: S704  a token is letters and digits
