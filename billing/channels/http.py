"""HTTP with one total deadline for a call, which requests, urllib3 and httpx do not offer.

Their timeouts start again at every byte, so a server that trickles its answer blocks a thread for ever. Here every read
from the socket, of headers and body, waits no longer than the time left of the call. The steps before (connecting, TLS,
sending) have the caller's connect timeout.
"""

import io
import ipaddress
import math
import socket as sockets
import ssl
import time
from collections.abc import Callable
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
    """Reads from a socket until the deadline of its call; raises TimeoutError then."""

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
        self.will_close = True  # never reuse a connection: the server may be closing it at that moment


@lru_cache(maxsize=1)
def _ssl_context() -> ssl.SSLContext:
    """Return the trusted authorities, loaded once per process: that takes longer than a call."""
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.load_verify_locations(certifi.where())
    return context


Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Allowed = Callable[[Address], bool]


class NotAllowed(Exception):
    """A name leads to an address to which no connection may be made; none was."""


def _only_to(allowed: Allowed) -> type:
    """Return what a connection needs to look at where a name leads, and to go to that very address.

    A name may lead elsewhere when it is asked for a second time, so it is asked for once.
    """

    class Looking:
        _dns_host: str
        port: int

        def _new_conn(self) -> Any:
            name = self._dns_host
            found = sockets.getaddrinfo(name, self.port, type=sockets.SOCK_STREAM)
            addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
            if not addresses or not all(map(allowed, addresses)):
                raise NotAllowed
            self._dns_host = str(addresses[0])
            try:
                return super()._new_conn()  # type: ignore[misc]
            finally:
                self._dns_host = name  # the name that the certificate must bear

    return Looking


class _Adapter(HTTPAdapter):
    """Sends each request on its own connection, whose response must end `seconds` after the call began."""

    def __init__(self, seconds: float, allowed: Allowed | None) -> None:
        self._seconds = seconds
        self._looking: tuple[type, ...] = (_only_to(allowed),) if allowed else ()
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_ssl_context(), **kwargs)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        _ends_at.set(time.monotonic() + self._seconds)  # requests asks for a connection once, as a call begins
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = type(
            "Connection", (*self._looking, type(pool).ConnectionCls), {"response_class": _Response}
        )
        return pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        super().cert_verify(conn, url, verify, cert)
        if verify is True:
            conn.ca_certs = None  # they are in the context; a path here would load them again


def session(seconds: float, *, allowed: Allowed | None = None) -> requests.Session:
    """Return a session whose calls end within `seconds`: no retries, no redirects, no proxies of the machine.

    `allowed` says to which addresses a connection may be made; it raises NotAllowed for others.
    """
    new = requests.Session()
    new.trust_env = False  # an entry in .netrc would replace the key
    new.max_redirects = 0
    new.headers["Connection"] = "close"
    for scheme in ("https://", "http://"):
        new.mount(scheme, _Adapter(seconds, allowed))
    return new
