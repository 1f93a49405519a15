"""Headers that every answer carries, and the language that a person chose."""

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotAllowed
from django.utils import translation
from structlog.contextvars import bind_contextvars, clear_contextvars

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "object-src 'none'",  # default-src says so already; checklists look for the word
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-src 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)


class SecurityHeaders:
    """Outermost, so that error pages and static files carry the headers too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
            if request.path != "/":
                response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response


class KnownMethods:
    """TRACE and methods that nobody has heard of are refused before any page: Django's own answer to any method."""

    METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in self.METHODS:
            return HttpResponseNotAllowed(self.METHODS)
        return self.get_response(request)


class HttpsForMachines:
    """Who asks an address for machines without TLS is refused. A redirect, as people get, would hide for ever that a
    bearer token or a report of the bank travels in the clear. /healthz and /readyz carry nothing and answer both."""

    PATHS = ("/metrics", "/mollie/")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and request.path.startswith(self.PATHS):
            return HttpResponseForbidden("https only\n", content_type="text/plain; charset=utf-8")
        return self.get_response(request)


class RequestId:
    """Every request has an id: the trusted proxy's own, when it is a sane one, or a new one.

    It stands in the answer and on every line of the log that the request causes, also in the tasks it rings for. What
    a client sends is not believed; the id that counts takes its place in the request's headers.
    """

    SANE = re.compile(r"[A-Za-z0-9_-]{16,64}")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "") if settings.TRUSTED_PROXIES else ""
        request_id = given if self.SANE.fullmatch(given) else uuid.uuid4().hex
        request.META["HTTP_X_REQUEST_ID"] = request_id
        clear_contextvars()  # now and not afterwards: Django logs a refusal when the answer has left us
        bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response


class ChosenLanguage:
    """Dutch, unless this person chose another language on our own page.

    The browser's own preference is not followed: our letters and mails are Dutch, many Dutch phones speak
    English, and a page that differs from the letter in somebody's hand looks like a fraud.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", translation.get_language())
        return response
