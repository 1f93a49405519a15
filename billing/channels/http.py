"""HTTP with one total deadline for a call, which requests, urllib3 and httpx do not offer.

Their timeouts start again at every byte, so a server that trickles its answer blocks a thread for ever. Here every read
from the socket, of headers and body, waits no longer than the time left of the call; so do the question where a name
leads, and each try to connect there. The steps between (TLS, sending) have the caller's connect timeout.
"""

import io
import ipaddress
import math
import queue
import socket as sockets
import ssl
import threading
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
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
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


def _look_up(name: str, port: int) -> list[str]:
    """Return the addresses to which a name leads. Raises TimeoutError at the deadline of the call, OSError for none.

    The resolver's own patience has no limit of ours: a thread that was given up on ends when the resolver gives up.
    """
    told: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = sockets.getaddrinfo(name, port, type=sockets.SOCK_STREAM)
            told.put([str(entry[4][0]) for entry in found])
        except (OSError, UnicodeError) as error:  # UnicodeError: a part of the name is too long for DNS
            told.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = told.get(timeout=max(0.0, _ends_at.get() - time.monotonic()))
    except queue.Empty:
        raise TimeoutError("the deadline of the call has passed") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _looking(allowed: Allowed | None) -> type:
    """Return what a connection needs to look at where a name leads, and to go to the very addresses that were seen.

    A name may lead elsewhere when it is asked for a second time, so it is asked for once.
    """

    class Looking:
        _dns_host: str
        port: int
        timeout: float | None

        def _new_conn(self) -> Any:
            name, patience = self._dns_host, self.timeout
            try:
                addresses = _look_up(name, self.port)
            except TimeoutError:
                raise ConnectTimeoutError(self, "nobody told in time where the name leads") from None
            except OSError as error:
                raise NewConnectionError(self, f"the name leads nowhere: {error}") from error  # type: ignore[arg-type]
            if allowed and not all(allowed(ipaddress.ip_address(text.partition("%")[0])) for text in addresses):
                raise NotAllowed
            try:
                return self._first_that_answers(addresses)
            finally:
                self._dns_host, self.timeout = name, patience  # the name is what the certificate must bear

        def _first_that_answers(self, addresses: list[str]) -> Any:
            patience = self.timeout or math.inf
            failure: Exception = ConnectTimeoutError(self, "the deadline of the call has passed")
            for address in addresses:
                left = _ends_at.get() - time.monotonic()
                if left <= 0:
                    break
                self._dns_host, self.timeout = address, min(left, patience)
                try:
                    return super()._new_conn()  # type: ignore[misc]
                except (ConnectTimeoutError, NewConnectionError) as error:
                    failure = error
            raise failure

    return Looking


class _Adapter(HTTPAdapter):
    """Sends each request on its own connection, whose response must end `seconds` after the call began."""

    def __init__(self, seconds: float, allowed: Allowed | None) -> None:
        self._seconds = seconds
        self._looking = _looking(allowed)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_ssl_context(), **kwargs)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        _ends_at.set(time.monotonic() + self._seconds)  # requests asks for a connection once, as a call begins
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = type(
            "Connection", (self._looking, type(pool).ConnectionCls), {"response_class": _Response}
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
