"""What leaves for a Sentry, over real HTTP: where an error happened, and nothing about anybody."""

import gzip
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType

import brotli
import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path

from portal.ops.sentry import Reporter
from portal.urls import urlpatterns as site_urls

SECRETS = ("Jansen", "123456782", "jansen@post.example", "kaakchirurg", "SECRETTOKENOF20LETTERS")


class Inbox(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress}[self.headers["Content-Encoding"]]
        self.server.got.append(unpack(body).decode())
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        return None


@pytest.fixture
def sentry():
    """The events that arrived, once everything that was under way has."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Inbox)
    server.got = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    reporter = Reporter(dsn=f"http://key@127.0.0.1:{server.server_port}/1")
    reporter.setLevel("ERROR")
    logging.getLogger().addHandler(reporter)

    def events():
        reporter.flush()
        return server.got

    yield events
    logging.getLogger().removeHandler(reporter)
    reporter.close()
    server.shutdown()
    server.server_close()


def fails(request: HttpRequest, token: str) -> HttpResponse:
    name, number = "Jansen", "123456782"  # what a local variable may hold
    try:
        raise KeyError(f"Key (insured)=({number}) exists")
    except KeyError as error:
        raise ValueError(f"{name} owes for kaakchirurg: {request.POST['note']}") from error


@pytest.fixture
def urls(settings):
    module = ModuleType("tests.portal.failing_urls")
    module.urlpatterns = [path("mis/<str:token>/", fails), *site_urls]
    module.handler500 = "portal.pages.errors.server_error"
    sys.modules[module.__name__] = module
    settings.ROOT_URLCONF = module.__name__
    yield
    del sys.modules[module.__name__]


@pytest.mark.django_db
def test_a_page_that_fails_is_reported_without_personal_data(sentry, urls, client):
    client.raise_request_exception = False
    answer = client.post(
        "/mis/SECRETTOKENOF20LETTERS/?q=Jansen", {"note": "jansen@post.example"}, headers={"User-Agent": "Jansen"}
    )
    assert answer.status_code == 500
    (sent,) = sentry()
    for secret in SECRETS:
        assert secret not in sent
    event = json.loads(sent.splitlines()[2])
    assert [one["type"] for one in event["exception"]["values"]] == ["KeyError", "ValueError"]
    frame = event["exception"]["values"][1]["stacktrace"]["frames"][-1]
    assert (frame["filename"], frame["function"]) == ("tests/portal/ops/test_sentry.py", "fails")
    assert set(frame) == {"filename", "function", "lineno", "in_app"}
    assert event["tags"]["request_id"] == answer.headers["X-Request-ID"]
    assert not {"request", "user", "extra", "breadcrumbs", "modules"} & event.keys()
    assert not event.get("server_name")


def test_words_are_cleaned_as_in_the_logs_and_extras_left_out(sentry):
    logging.getLogger("billing.test").error(
        "mail to %s about /rekening/%s/ failed", "someone@somewhere.example", "A" * 32, extra={"insured": "123456782"}
    )
    (sent,) = sentry()
    event = json.loads(sent.splitlines()[2])
    assert event["message"] == "mail to …@… about /rekening/…/ failed"
    assert "123456782" not in sent
    assert "A" * 32 not in sent


def test_what_any_stranger_can_cause_and_what_is_no_error_stays_here(sentry):
    logging.getLogger("django.security.DisallowedHost").error("Invalid HTTP_HOST header")
    logging.getLogger("billing.test").warning("a warning")
    assert sentry() == []


def test_a_sentry_that_is_down_costs_nothing():
    reporter = Reporter(dsn="http://key@127.0.0.1:9/1")
    reporter.emit(logging.LogRecord("billing", logging.ERROR, __file__, 1, "words", (), None))
    reporter.close()
