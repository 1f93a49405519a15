"""HTTP that ends: one total deadline for a call, which no library of ours offers.

The timeouts of requests, urllib3 and httpx start anew at every byte, so a far end that drips its answer holds a thread
for ever. Here every read from the socket, of head and body, waits no longer than what is left of the call. What comes
before (connecting, TLS, sending) has the caller's connect timeout.
"""

import io
import math
import ssl
import time
from contextvars import ContextVar
from functools import lru_cache
from http.client import HTTPResponse
from socket import socket
from typing import Any

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.ssl_ import create_urllib3_context

_ends_at: ContextVar[float] = ContextVar("ends_at")  # of the call under way, by the monotonic clock


class _Reader(io.RawIOBase):
    """Reads from a socket until its call must have ended; raises TimeoutError then."""

    def __init__(self, raw: io.RawIOBase, sock: socket) -> None:
        self._raw, self._sock = raw, sock
        self._pause, self._ends_at = sock.gettimeout() or math.inf, _ends_at.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the call has passed")
        self._sock.settimeout(min(left, self._pause))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock))

    def begin(self) -> None:
        super().begin()
        self.will_close = True  # never one connection for two calls: the far end may be closing it just then


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Return whom we believe. Read once a process: reading the list of authorities takes longer than a call."""
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.load_verify_locations(certifi.where())
    return context


class _Adapter(HTTPAdapter):
    """Sends each request on a connection of its own, whose answer ends `seconds` after the call began."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_trusted(), **kwargs)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        _ends_at.set(time.monotonic() + self._seconds)  # requests asks for a connection once, as a call begins
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = type("Connection", (type(pool).ConnectionCls,), {"response_class": _Response})
        return pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)
        if verify is True:
            conn.ca_certs = None  # they are in the context; with their name here they would be read again


def session(seconds: float) -> requests.Session:
    """Return a session whose calls end within `seconds`: no retries, no redirects, no proxies of the machine."""
    new = requests.Session()
    new.trust_env = False  # an entry in .netrc would replace the key
    new.max_redirects = 0
    new.headers["Connection"] = "close"
    for scheme in ("https://", "http://"):
        new.mount(scheme, _Adapter(seconds))
    return new
