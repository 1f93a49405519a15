"""One deadline for a whole call, whatever part of it the server trickles, with and without TLS."""

import contextlib
import ipaddress
import socket
import ssl
import threading
import time

import pytest
import requests
from cryptography import x509

from billing.channels import http
from tests.certificates import signed_by_itself

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n"
BEFORE_THE_DRIP = {"head": HEAD + b"X: ", "body": HEAD + b"\r\n", "handshake": None}
DEADLINE, PAUSE = 0.6, 0.02  # a whole trickled answer takes 20 seconds


class Dripping:
    """Answers each connection with the given bytes and then 1,000 more, one at a time."""

    def __init__(self, first, context):
        self._first, self._context = first, context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self._socket.getsockname()[1]}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):  # closed at the end of the test
            while True:
                threading.Thread(target=self._talk, args=[self._socket.accept()[0]], daemon=True).start()

    def _talk(self, sock):
        with contextlib.suppress(OSError):  # the client closed the connection, as the test expects
            if self._first is None:
                self._drip(sock, b"\x16\x03\x03\x40\x00")  # a TLS record that is never complete
            if self._context:
                sock = self._context.wrap_socket(sock, server_side=True)
            sock.recv(65536)
            self._drip(sock, self._first)

    def _drip(self, sock, first):
        with sock:
            sock.sendall(first)
            for _ in range(1000):
                sock.sendall(b" ")
                time.sleep(PAUSE)


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a server whose certificate we trust."""
    certificate, key = signed_by_itself(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setattr(http.certifi, "where", lambda: certificate)
    http._ssl_context.cache_clear()
    started = []

    def start(scheme, first):
        started.append(Dripping(first, context if scheme == "https" else None))
        return started[-1].url

    yield start
    http._ssl_context.cache_clear()
    for server in started:
        server.close()


@pytest.mark.parametrize(
    ("scheme", "part"),
    [("http", "head"), ("http", "body"), ("https", "head"), ("https", "body"), ("https", "handshake")],
)
def test_whatever_drips_is_cut_at_the_deadline(start, scheme, part):
    url = start(scheme, BEFORE_THE_DRIP[part])
    started = time.monotonic()
    with http.session(DEADLINE) as session, pytest.raises(requests.RequestException):
        session.get(url, timeout=(DEADLINE, 30))
    assert 0.5 < time.monotonic() - started < 15


def test_twin_the_timeout_of_the_library_starts_anew_at_every_byte(start):
    url = start("http", BEFORE_THE_DRIP["head"])

    def call():
        with contextlib.suppress(requests.RequestException):
            requests.get(url, timeout=DEADLINE)

    held = threading.Thread(target=call, daemon=True)
    held.start()
    held.join(3 * DEADLINE)
    assert held.is_alive()


def test_a_silence_has_its_own_shorter_timeout():
    server = socket.create_server(("127.0.0.1", 0))
    with server, http.session(30) as session, pytest.raises(requests.Timeout):
        session.get(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=(1, 0.2))


@pytest.fixture
def silent_resolver(monkeypatch):
    """Nobody tells where a name leads, until the test ends."""
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: over.wait(40) and [])
    yield
    over.set()


@pytest.mark.usefixtures("silent_resolver")
@pytest.mark.parametrize("allowed", [None, lambda _address: True])
def test_a_name_that_nobody_resolves_is_given_up_at_the_deadline(allowed):
    started = time.monotonic()
    with http.session(DEADLINE, allowed=allowed) as session, pytest.raises(requests.ConnectTimeout):
        session.get("https://praktijk.example/", timeout=(30, 30))
    assert 0.5 < time.monotonic() - started < 15


@pytest.mark.usefixtures("silent_resolver")
def test_twin_the_library_waits_as_long_as_the_resolver():
    def call():
        with contextlib.suppress(requests.RequestException):
            requests.get("https://praktijk.example/", timeout=DEADLINE)

    held = threading.Thread(target=call, daemon=True)
    held.start()
    held.join(3 * DEADLINE)
    assert held.is_alive()


def test_a_name_that_leads_nowhere_is_told_at_once_and_every_address_is_tried(monkeypatch):
    with http.session(30) as session, pytest.raises(requests.ConnectionError):
        session.get("http://nowhere.invalid/", timeout=30)
    with http.session(30) as session, pytest.raises(requests.ConnectionError):
        session.get(f"http://{'a' * 64}.example/", timeout=30)
    real = socket.getaddrinfo
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]  # at 127.0.0.2 nobody listens
        both = [real(host, port, type=socket.SOCK_STREAM)[0] for host in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *args, **named: both if args[0] == "two.example" else real(*args, **named),
        )
        with http.session(5) as session, pytest.raises(requests.ReadTimeout):
            session.get(f"http://two.example:{port}/", timeout=(5, 0.1))
        assert server.accept()
