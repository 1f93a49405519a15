"""The mail server: one connection, and for every message a clear yes, no, not now, or unknown."""

import re
import smtplib
import ssl
from functools import lru_cache
from types import TracebackType
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

from billing.errors import GatewayRefused, GatewayUnknown

# A mail server that scans what it got may think for long before it answers the last dot. Hanging up
# earlier would turn mails that arrive into mails in doubt.
ANSWER_SECONDS = 120
_OK, _OK_FORWARDED, _GO_AHEAD, _SERVICE_CLOSES = 250, 251, 354, 421
_ADDRESS = re.compile(r"\S+@\S+")  # servers like to repeat the recipient, and errors are no place for it


@lru_cache(maxsize=1)
def _ssl_context() -> ssl.SSLContext:
    """Whom we believe to be our mail server, as Django does. Read once a process and not for every connection: the
    list of authorities takes longer than a mail."""
    return ssl.create_default_context()


class RefusedForNow(GatewayRefused):
    """The mail was not taken, and nothing says that it will not be taken later."""


class Mailer:
    """A connection that is opened for the first message and reused for the next ones. A context manager.

    The steps are taken here and not by a library's one call, because only this says whether a lost connection came
    before the mail was handed over (it was not sent) or after (nobody can know). Not for two threads at once.
    """

    def __init__(self) -> None:
        self._backend: Any = EmailBackend()  # host, TLS with verified certificates, login: from the settings
        self._backend.ssl_context = _ssl_context()

    def __enter__(self) -> "Mailer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._backend.close()

    @property
    def connected(self) -> bool:
        return self._backend.connection is not None

    def send(self, mail: bytes, *, sender: str, recipient: str) -> None:
        """Hand `mail` over to the server; returns when the server has said yes. The addresses are plain and ASCII.

        Raises RefusedForNow (not sent, try later), GatewayRefused (not sent, and never will be) or
        GatewayUnknown (the connection was lost while handing it over: it may have been sent).
        """
        reused = self.connected
        self._connect()
        try:
            self._begin(sender, recipient)
        except RefusedForNow:
            if self.connected or not reused:
                raise
            # A server may end a connection that it finds old enough. Nothing was handed over yet.
            self._connect()
            self._begin(sender, recipient)
        self._hand_over(mail)

    def _connect(self) -> None:
        try:
            self._backend.open()
            self._server.ehlo_or_helo_if_needed()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            login_refused = isinstance(error, smtplib.SMTPAuthenticationError)
            raise RefusedForNow(f"no connection ({type(error).__name__})", alarm=login_refused) from None

    def _begin(self, sender: str, recipient: str) -> None:
        """Say who it is from and who it is for, and wait for the server's word that it will listen."""
        steps = (
            (f"MAIL FROM:<{sender}>", (_OK,)),
            (f"RCPT TO:<{recipient}>", (_OK, _OK_FORWARDED)),
            ("DATA", (_GO_AHEAD,)),
        )
        try:
            for command, expected in steps:
                code, answer = self._server.docmd(command)
                if code not in expected:
                    # Whoever may not send at all should hear of it, and no message is to blame.
                    raise self._refusal(code, answer, blame_message=not command.startswith("MAIL"))
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise RefusedForNow(f"connection lost before sending ({type(error).__name__})") from None

    def _hand_over(self, mail: bytes) -> None:
        """From here on a lost connection means that nobody knows."""
        dotted = re.sub(rb"(?m)^\.", b"..", mail).removesuffix(b"\r\n")
        line: Any = self._server.sock
        try:
            line.settimeout(ANSWER_SECONDS)
            self._server.send(dotted + b"\r\n.\r\n")
            code, answer = self._server.getreply()
            line.settimeout(self._backend.timeout)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise GatewayUnknown(f"connection lost while sending ({type(error).__name__})") from None
        if 400 <= code <= 599:
            raise self._refusal(code, answer)
        if code != _OK:
            self._drop()
            raise GatewayUnknown(f"the answer {code} says neither yes nor no")

    def _refusal(self, code: int, answer: bytes, *, blame_message: bool = True) -> GatewayRefused:
        """The error for a server's no, after the connection was made ready for the next message, or ended."""
        detail = _ADDRESS.sub("…", f"{code} {answer.decode('ascii', 'replace')}")
        if code == _SERVICE_CLOSES or not 400 <= code <= 599:
            self._drop()
            return RefusedForNow(detail)
        try:
            if self.connected:
                self._server.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()
        if code >= 500 and blame_message:
            return GatewayRefused(detail)
        return RefusedForNow(detail, alarm=code >= 500)

    @property
    def _server(self) -> smtplib.SMTP:
        return self._backend.connection

    def _drop(self) -> None:
        """End a connection that is not worth a farewell: waiting for its answer would only take time."""
        for connection in (self._backend.connection, self._backend._partial_connection):
            if connection is not None:
                connection.close()
        self._backend.connection = self._backend._partial_connection = None
