"""Designed answers for what goes wrong. Each says what the reader can do."""

import sys
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation

from portal import context
from portal.languages import WHOLE, core, words
from portal.postgresql.away import is_away

_AWAY_SECONDS = 5  # a database that is started anew takes some seconds


def _page(request: HttpRequest, template: str, facts: dict[str, Any] | None = None, *, status: int) -> HttpResponse:
    """Return a page in the reader's language, and in Dutch where the core of that language does not have it."""
    if core.is_core(template):
        translation.activate(words.reader_of(request))
    elif translation.get_language() not in WHOLE:
        translation.activate(settings.LANGUAGE_CODE)
    return render(request, template, facts, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    # Without the request: a host name that we don't serve may have brought us here, and it spoils context.
    return HttpResponse(render_to_string("400.html", context.site(request)), status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, "403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request, "403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, "404.html", status=404)


def not_allowed(request: HttpRequest, *, allowed: str) -> HttpResponse:
    """Return the page for an address that takes a form, and was opened as a page; `allowed` names its methods."""
    response = HttpResponse(render_to_string("405.html", context.site(request)), status=405)
    response.headers["Allow"] = allowed
    return response


def too_many(request: HttpRequest, *, wait_seconds: int, failed: bool = False) -> HttpResponse:
    """Come back later; `wait_seconds` is told in whole minutes, rounded up. `failed`: because tries did not succeed."""
    facts = {"minutes": -(-wait_seconds // 60), "failed": failed}
    response = _page(request, "429.html", facts, status=429)
    response.headers["Retry-After"] = str(wait_seconds)
    return response


def too_large(request: HttpRequest) -> HttpResponse:
    """More than the page takes; the limits of files are told."""
    context = {
        "megabytes": settings.UPLOAD_MAX_BYTES // 1024**2,
        "together": settings.UPLOAD_MAX_REQUEST_BYTES // 1024**2,
        "files": settings.UPLOAD_MAX_FILES,
    }
    return _page(request, "413.html", context, status=413)


def busy(request: HttpRequest) -> HttpResponse:
    """Too many write at the same time; nothing was changed."""
    response = HttpResponse(render_to_string("503.html", context.site(request)), status=503)
    response.headers["Retry-After"] = "5"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Something of ours failed; 503 while the database is away, so that programs come back by themselves."""
    # Neither request nor database: whatever broke may well be one of them. Nor "nothing was changed": who knows.
    response = HttpResponse(render_to_string("500.html", context.site(request)), status=500)
    if is_away(sys.exception()):
        response.status_code = 503
        response.headers["Retry-After"] = str(_AWAY_SECONDS)
    return response
