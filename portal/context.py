"""Context processors: what every page may use."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.template.backends.utils import csrf_input

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
    """One token for all forms of a page, as Django's own templates have; else each form gets 64 new characters."""
    return {"csrf_input": csrf_input(request)}
