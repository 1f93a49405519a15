"""What somebody filled in before the page went away, by a switch of language or the end of their session.

It travels in a cookie of their own browser, sealed, bound to the page and for a quarter of an hour: nothing is stored
here, and whoever finds the cookie reads nothing.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from billing.encryption import Unreadable, seal, unseal

Fields = dict[str, str | list[str]]  # what was filled in, by name
LASTS_SECONDS = 15 * 60
_MAX_CHARACTERS = 3800  # of a cookie, which browsers drop above 4096 bytes
_BOUND_TO = "guests.kept"
_READ = "zorgrekening.kept_read"  # in request.META: the page has shown it again
_PAGE = "zorgrekening.page"  # in request.META: the page whose form is sent to this address
_NOT_FILLED_IN = ("csrfmiddlewaretoken", "next", "language", "show", "shown_on", "code")


def cookie_name() -> str:
    return "__Host-kept" if settings.HTTPS else "kept"


def belongs_to(request: HttpRequest, path: str) -> None:
    """Say that what is sent to this address is a form of the page at `path`."""
    request.META[_PAGE] = path


def page_of(request: HttpRequest) -> str:
    """Return the path of the page that this request is about: one that can be opened again."""
    return str(request.META.get(_PAGE, request.path))


def filled_in(posted: QueryDict, *, prefix: str = "") -> Fields:
    """Return what a person filled in of a form that was sent: a text, or a list where a field was sent repeatedly.

    Of names that begin with `prefix`, without it.
    """
    found: Fields = {}
    for sent, values in posted.lists():
        name = sent.removeprefix(prefix)
        given = [str(value) for value in values if value]
        if given and sent.startswith(prefix) and name not in _NOT_FILLED_IN:
            found[name] = given[0] if len(given) == 1 else given
    return found


def keep(request: HttpRequest, response: HttpResponse, path: str, fields: Mapping[str, str | list[str]]) -> None:
    """Keep `fields` for the page at `path`, or say that they are too much for a cookie."""
    if not fields:
        return
    plain = zlib.compress(json.dumps([path, dict(fields)], ensure_ascii=False).encode(), level=9)
    value = base64.urlsafe_b64encode(seal(plain, bound_to=_BOUND_TO)).decode()
    if len(value) > _MAX_CHARACTERS:
        messages.warning(request, _("What you filled in was too long to keep. Please fill it in again."))
        return
    response.set_cookie(
        cookie_name(),
        value,
        max_age=LASTS_SECONDS,
        secure=settings.HTTPS,
        httponly=True,
        samesite=settings.SAME_SITE,
    )


def waiting_at(request: HttpRequest) -> str:
    """Return the path of the page for which something is kept; empty without one."""
    return _read(request)[0]


def initial(request: HttpRequest) -> Fields:
    """Return what is kept for this page, as the initial values of its form. It is shown once."""
    path, fields = _read(request)
    if not path or path != request.path:
        return {}
    request.META[_READ] = True
    return fields


def _read(request: HttpRequest) -> tuple[str, Fields]:
    value = request.COOKIES.get(cookie_name())
    if not value:
        return "", {}
    try:
        path, fields = json.loads(zlib.decompress(unseal(base64.urlsafe_b64decode(value), bound_to=_BOUND_TO)))
    except (Unreadable, binascii.Error, ValueError, zlib.error):
        return "", {}
    return path, fields


def forget(response: HttpResponse) -> None:
    """Let the browser delete what is kept."""
    response.delete_cookie(cookie_name(), samesite=settings.SAME_SITE)


class ForgetWhatWasShown:
    """Middleware: what a page has shown again is not kept any longer."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        response = self.get_response(request)
        if _READ in request.META:
            forget(response)
        return response
