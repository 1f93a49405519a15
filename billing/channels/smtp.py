"""The mail server: a few connections, and a definite outcome of every mail: accepted, refused, deferred or unknown."""

import logging
import re
import smtplib
import ssl
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from functools import lru_cache
from types import TracebackType
from typing import Any

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend

from billing.errors import GatewayRefused, GatewayUnknown

# A mail server that scans content may take long to answer the final dot. A shorter timeout would turn mails that arrive
# into mails in doubt.
ANSWER_SECONDS = 120
_OK, _OK_FORWARDED, _GO_AHEAD, _SERVICE_CLOSES = 250, 251, 354, 421
log = logging.getLogger(__name__)
_ADDRESS = re.compile(r"\S+@\S+")  # servers repeat the recipient in errors; we store them without


@lru_cache(maxsize=1)
def _ssl_context() -> ssl.SSLContext:
    """Return the trusted authorities, as Django does, loaded once per process: that takes longer than a mail."""
    return ssl.create_default_context()


class RefusedForNow(GatewayRefused):
    """The mail was not accepted, but may be accepted later."""


class Mailer:
    """A connection that is opened for the first message and reused for the next ones. A context manager.

    It performs the SMTP steps itself instead of smtplib's single call, to know whether a connection was lost before the
    mail was handed over (not sent) or after (unknown). Not thread-safe.
    """

    def __init__(self) -> None:
        self._backend: Any = EmailBackend()  # host, TLS with verified certificates, login: from the settings
        self._backend.ssl_context = _ssl_context()

    def __enter__(self) -> "Mailer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._backend.close()

    @property
    def connected(self) -> bool:
        return self._backend.connection is not None

    def send(self, mail: bytes, *, sender: str, recipient: str) -> None:
        """Send `mail` and return when the server has accepted it. The addresses are plain and ASCII.

        Raises RefusedForNow (not sent, try later), GatewayRefused (not sent, and never will be) or GatewayUnknown (the
        connection was lost while handing it over: it may have been sent).
        """
        try:
            self._begin_anew_if_closed(sender, recipient)
            self._hand_over(mail)
        except (GatewayRefused, GatewayUnknown):
            raise
        except BaseException:  # else the next mail would take what is still to be answered for its own answer
            self.drop()
            raise

    def connect(self) -> None:
        """Open the connection if there is none. Raises RefusedForNow."""
        try:
            self._backend.open()
            self._server.ehlo_or_helo_if_needed()
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            self.drop()
            # A name of a host or a password that is not ASCII is our configuration, and no fault of a message.
            alarm = isinstance(error, smtplib.SMTPAuthenticationError | UnicodeError)
            raise RefusedForNow(f"no connection ({type(error).__name__})", alarm=alarm) from None

    def _begin_anew_if_closed(self, sender: str, recipient: str) -> None:
        reused = self.connected
        self.connect()
        try:
            self._begin(sender, recipient)
        except RefusedForNow:
            if self.connected or not reused:
                raise
            # The server may have closed an idle connection. Nothing was handed over yet.
            self.connect()
            self._begin(sender, recipient)

    def _begin(self, sender: str, recipient: str) -> None:
        """Send the envelope and wait until the server accepts data."""
        steps = (
            (f"MAIL FROM:<{sender}>", (_OK,)),
            (f"RCPT TO:<{recipient}>", (_OK, _OK_FORWARDED)),
            ("DATA", (_GO_AHEAD,)),
        )
        try:
            for command, expected in steps:
                code, answer = self._server.docmd(command)
                if code not in expected:
                    # A refused sender is our configuration, not a fault of this message.
                    raise self._refusal(code, answer, blame_message=not command.startswith("MAIL"))
        except (smtplib.SMTPException, OSError) as error:
            self.drop()
            raise RefusedForNow(f"connection lost before sending ({type(error).__name__})") from None

    def _hand_over(self, mail: bytes) -> None:
        """Send the content; from here on a lost connection means that the outcome is unknown."""
        dotted = re.sub(rb"(?m)^\.", b"..", mail).removesuffix(b"\r\n")
        sock: Any = self._server.sock
        try:
            sock.settimeout(ANSWER_SECONDS)
            self._server.send(dotted + b"\r\n.\r\n")
            code, answer = self._server.getreply()
            sock.settimeout(self._backend.timeout)
        except (smtplib.SMTPException, OSError) as error:
            self.drop()
            raise GatewayUnknown(f"connection lost while sending ({type(error).__name__})") from None
        if 400 <= code <= 599:
            raise self._refusal(code, answer)
        if code != _OK:
            self.drop()
            raise GatewayUnknown(f"the answer {code} says neither yes nor no")

    def _refusal(self, code: int, answer: bytes, *, blame_message: bool = True) -> GatewayRefused:
        """Return the error for a refusal, after resetting the connection for the next message or closing it."""
        detail = _ADDRESS.sub("…", f"{code} {answer.decode('ascii', 'replace')}")
        if code == _SERVICE_CLOSES or not 400 <= code <= 599:
            self.drop()
            return RefusedForNow(detail)
        try:
            if self.connected:
                self._server.rset()
        except (smtplib.SMTPException, OSError):
            self.drop()
        if code >= 500 and blame_message:
            return GatewayRefused(detail)
        return RefusedForNow(detail, alarm=code >= 500)

    @property
    def _server(self) -> smtplib.SMTP:
        return self._backend.connection

    def drop(self) -> None:
        """Close the connection without QUIT, whose answer would only take time."""
        for connection in (self._backend.connection, self._backend._partial_connection):
            if connection is not None:
                connection.close()
        self._backend.connection = self._backend._partial_connection = None


class Mailers:
    """Up to EMAIL_CONNECTIONS connections side by side, each with a thread. A context manager, for one thread.

    The others are opened, without a mail, when the first has carried one: a server that is away is asked once. A server
    that refuses a mail for now may want fewer connections: where there are others, the one that it refused is closed,
    and no further one is opened.
    """

    def __init__(self) -> None:
        self._most: int = settings.EMAIL_CONNECTIONS
        self._threads = ThreadPoolExecutor(self._most, thread_name_prefix="smtp")
        self._open = [Mailer()]
        self._free = list(self._open)
        self._answers = False  # so far
        self._opening: dict[Future[None], Mailer] = {}
        self._sending: dict[Future[None], Mailer] = {}
        self.unreachable = False

    def __enter__(self) -> "Mailers":
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as ending:  # which goes on when one of them fails
            for mailer in self._open:
                ending.callback(mailer.close)
            self._threads.shutdown()

    @property
    def one_is_free(self) -> bool:
        return bool(self._free)

    def open_for(self, mails: int) -> None:
        """Open as many connections as so many mails can use, once the server took a mail."""
        while self._answers and len(self._open) < min(mails, self._most):
            mailer = Mailer()
            self._open.append(mailer)
            self._opening[self._threads.submit(mailer.connect)] = mailer

    def send(self, mail: bytes, *, sender: str, recipient: str) -> Future[None]:
        """Hand a mail to a connection that is free; the answer to come has what `Mailer.send` returns or raises.

        Raises RuntimeError when Python gives no thread any more; nobody knows whether the mail will leave.
        """
        mailer = self._free.pop()
        answer = self._threads.submit(mailer.send, mail, sender=sender, recipient=recipient)
        self._sending[answer] = mailer
        return answer

    def look(self, *, until_one_is_done: bool) -> None:
        """Take back the connections that are done with what they were given."""
        busy = [*self._sending, *self._opening]
        done, _ = wait(busy, timeout=None if until_one_is_done else 0, return_when=FIRST_COMPLETED)
        for answer in done:
            if answer in self._sending:
                self._answers = self._answers or answer.exception() is None
                self._take_back(self._sending.pop(answer), answer.exception())
            else:
                self._take_back(self._opening.pop(answer), answer.exception())

    def _take_back(self, mailer: Mailer, error: BaseException | None) -> None:
        if isinstance(error, RefusedForNow) and len(self._open) - len(self._opening) > 1:
            log.info("the mail server takes fewer connections, or none: %s", error)
            mailer.drop()
            self._open.remove(mailer)
            self._most = len(self._open)
            return
        if isinstance(error, RefusedForNow) and not mailer.connected:
            self.unreachable = True
        self._free.append(mailer)
