"""Context processors: what every page may use."""

from functools import partial
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.template.backends.utils import csrf_input
from django.utils.functional import SimpleLazyObject


def site(request: HttpRequest) -> dict[str, object]:
    """Return the host of the site, and whether the sandbox is on."""
    return {"sandbox": settings.SANDBOX, "site_host": urlsplit(settings.PUBLIC_URL).netloc}


def csrf(request: HttpRequest) -> dict[str, object]:
    """Return one token for all forms of a page, as Django's own templates have; else each form gets its own."""
    return {"csrf_input": SimpleLazyObject(partial(csrf_input, request))}
