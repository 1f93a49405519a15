"""The SMS provider: what is sent, and what every answer means."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from billing.channels import sms
from billing.errors import GatewayRefused, GatewayUnknown
from tests.servers import free_port

NUMBER, TEXT = "+31612345678", "123456 is uw code"


class Provider(BaseHTTPRequestHandler):
    """Answers as the test sets, and records what it was sent."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), json.loads(body)))
        status, content, slow = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        for byte in content:
            time.sleep(slow)
            self.wfile.write(bytes([byte]))
            self.wfile.flush()

    def log_message(self, *args):
        pass


class Quiet(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # the test expects a client that closes the connection


@pytest.fixture
def provider(settings):
    server = Quiet(("127.0.0.1", 0), Provider)
    server.seen, server.answer = [], (200, b'{"id": "8c6da478"}', 0)
    settings.SMS_API_URL = f"http://127.0.0.1:{server.server_port}/v1/messages"
    settings.SMS_API_KEY, settings.SMS_SENDER = "secret-key", "Zorgrek"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def send(**changes):
    return sms.send_sms(**{"to": NUMBER, "text": TEXT, "reference": "code-1"} | changes)


def test_one_post_with_everything_the_provider_needs_and_no_more(provider):
    assert send() == "8c6da478"
    ((path, headers, body),) = provider.seen
    assert path == "/v1/messages"
    assert headers["Authorization"] == "Bearer secret-key"
    assert body == {
        "originator": "Zorgrek",
        "recipients": ["31612345678"],
        "body": TEXT,
        "encoding": "plain",
        "route": "business",
        "reference": "code-1",
    }


@pytest.mark.parametrize(
    "number",
    ["", None, "0612345678", "+31201234567", "+4915112345678", "+31900123", "+316", "+31612345678;ext=1", "+1900", "x"],
)
def test_other_numbers_never_leave(number, provider):
    assert not sms.can_reach(number)
    with pytest.raises(GatewayRefused):
        send(to=number)
    assert provider.seen == []


def test_a_country_is_added_by_a_setting(provider, settings):
    settings.SMS_COUNTRIES = ["NL", "BE"]
    assert sms.can_reach("+32470123456")
    assert not sms.can_reach("+3222345678")


def test_a_text_longer_than_one_message_is_refused(provider):
    with pytest.raises(GatewayRefused):
        send(text="x" * 161)
    assert provider.seen == []


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
def test_our_own_mistakes_are_refused_with_an_alarm(status, provider):
    provider.answer = (status, b'{"message": "no 31612345678"}', 0)
    with pytest.raises(GatewayRefused) as error:
        send()
    assert error.value.alarm
    assert "31612345678" not in str(error.value)


@pytest.mark.parametrize("status", [422, 429])
def test_other_refusals_raise_no_alarm(status, provider):
    provider.answer = (status, b"{}", 0)
    with pytest.raises(GatewayRefused) as error:
        send()
    assert not error.value.alarm


@pytest.mark.parametrize(
    ("status", "content"),
    [(500, b"{}"), (502, b"<html>"), (503, b""), (504, b""), (408, b""), (409, b""), (301, b""), (307, b""),
     (200, b"null"), (200, b""), (200, b"[]"), (200, b"{}"), (202, b"{}"), (200, b"x" * 100_000)],
)  # fmt: skip
def test_what_says_neither_yes_nor_no_is_unknown_and_never_repeated(status, content, provider):
    provider.answer = (status, content, 0)
    with pytest.raises(GatewayUnknown):
        send()
    assert len(provider.seen) == 1, "no retry and no redirect"


@pytest.mark.parametrize("part", ["head", "body"])
def test_an_answer_that_drips_ends(part, provider, monkeypatch):
    monkeypatch.setattr(sms, "TOTAL_SECONDS", 0.5)
    if part == "head":
        monkeypatch.setattr(Provider, "do_POST", drip_a_header)
    provider.answer = (200, b'{"id": "slow"}' + b" " * 5000, 0.02)  # 100 s
    started = time.monotonic()
    with pytest.raises(GatewayUnknown):
        send()
    assert 0.4 < time.monotonic() - started < 50


def drip_a_header(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(5000):
        handler.wfile.write(b"x")
        time.sleep(0.02)


def test_an_answer_that_does_not_come_is_unknown(provider, monkeypatch):
    monkeypatch.setattr(sms, "READ_SECONDS", 0.2)
    provider.answer = (200, b"{", 1)
    with pytest.raises(GatewayUnknown):
        send()


def test_nobody_there_means_that_nothing_was_sent(settings):
    settings.SMS_API_URL = f"http://127.0.0.1:{free_port()}/v1/messages"
    with pytest.raises(GatewayRefused) as error:
        send()
    assert not error.value.alarm


def test_the_proxies_and_passwords_of_the_machine_are_not_used(provider, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert send() == "8c6da478"


def test_nothing_of_it_reaches_a_log(provider, caplog):
    provider.answer = (503, b"123456", 0)
    with caplog.at_level("DEBUG"), pytest.raises(GatewayUnknown):
        send()
    for secret in ("612345678", "123456", "secret-key"):
        assert secret not in caplog.text
