"""Requests to a WSGI application in this process, where every microsecond of processor time can be counted."""

import io
from collections.abc import Callable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]
# What `startproject` gives, and the paths of the bare application.
DEFAULT_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def bare_application(urlconf: str) -> WSGIHandler:
    """What Django is without the product: its default middleware around the views of `urlconf`."""
    with override_settings(MIDDLEWARE=[f"{__name__}.OwnPaths", *DEFAULT_MIDDLEWARE]):
        application = WSGIHandler()
    OwnPaths.urlconf = urlconf
    return application


class OwnPaths:
    """Gives the bare application's requests its own map."""

    urlconf = ""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.urlconf = self.urlconf
        return self.get_response(request)


def ask(application: Application, path: str, *, form: bytes | None = None, cookie: str = "") -> bytes:
    """The body of the answer to a GET, or to a POST of `form`; AssertionError when it is not 200."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET" if form is None else "POST",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_COOKIE": cookie,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(form or b"")),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(form or b""),
    }
    statuses: list[str] = []
    answer = application(environ, lambda status, headers: statuses.append(status))
    body = b"".join(answer)
    answer.close()
    assert statuses == ["200 OK"], (path, statuses)
    return body
