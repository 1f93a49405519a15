"""Headers of every response, the request id, and the language that a person chose."""

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotAllowed
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header
from structlog.contextvars import bind_contextvars, clear_contextvars

from portal.languages import WHOLE, as_tag, core
from portal.pages import errors

_STAFF_SITE = "/beheer/"
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "object-src 'none'",  # implied by default-src, but scanners look for it
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
    """Set the security headers. Outermost, so that error pages and static files get them too."""

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
    """Refuse TRACE and unknown methods with 405 before any view; Django would pass them on.

    A person who comes to an address by another method than it takes reads our page, not the browser's own.
    """

    METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in self.METHODS:
            return HttpResponseNotAllowed(self.METHODS)
        response = self.get_response(request)
        if response.status_code == 405 and "text/html" in request.headers.get("Accept", ""):
            return errors.not_allowed(request, allowed=response.headers.get("Allow", ""))
        return response


class HttpsForMachines:
    """Refuse requests for machine addresses without TLS.

    A redirect, as people get, would hide for ever that a bearer token or a webhook travels unencrypted. /healthz and
    /readyz carry nothing and answer both.
    """

    PATHS = ("/metrics", "/mollie/", "/api/v1/")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and request.path.startswith(self.PATHS):
            return HttpResponseForbidden("https only\n", content_type="text/plain; charset=utf-8")
        return self.get_response(request)


class RequestId:
    """Give every request an id: the trusted proxy's own, when it is well-formed, or a new one.

    It is in the response and on every log line that the request causes, also in the tasks that it enqueues. An id from
    a client is not trusted; it is replaced in the request's headers.
    """

    WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{16,64}")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "") if settings.TRUSTED_PROXIES else ""
        request_id = given if self.WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
        request.META["HTTP_X_REQUEST_ID"] = request_id
        clear_contextvars()  # now and not afterwards: Django logs a refusal after this middleware has returned
        bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response


class ChosenLanguage:
    """Show pages in the language that this person chose on our own page, else in that of the browser, else in Dutch.

    A page that a language does not have is in Dutch, and says so: `request.LANGUAGE_CODE` is what the person reads, the
    active language that of the page. Behind a link in a mail the language of the mail goes first (`pages.lookup`):
    another one would look like fraud. Staff stay with what they chose: their site has no switch.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reads = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        staff = request.path.startswith(_STAFF_SITE)
        if reads not in (WHOLE if staff else dict(settings.READERS)):
            reads = settings.LANGUAGE_CODE if staff else _of_browser(request)
        request.LANGUAGE_CODE = reads
        translation.activate(reads if reads in WHOLE else settings.LANGUAGE_CODE)
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", as_tag(translation.get_language() or settings.LANGUAGE_CODE))
        return response

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        """Go on in the language of the reader, on a page that is there in all of them."""
        if request.resolver_match and request.resolver_match.url_name in core.pages():
            translation.activate(request.LANGUAGE_CODE or settings.LANGUAGE_CODE)


def _of_browser(request: HttpRequest) -> str:
    """Return the language of ours that the browser likes best; Dutch when it names none of them."""
    for name, quality in parse_accept_lang_header(request.META.get("HTTP_ACCEPT_LANGUAGE", "")):
        language = name.partition("-")[0]
        if quality and language in dict(settings.LANGUAGES):
            return language
    return settings.LANGUAGE_CODE
