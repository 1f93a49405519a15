"""A real mail server for tests: it keeps what it took, counts connections, and can refuse, stall or hang up."""

import email
import email.policy
import threading
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers import free_port

HANG_UP = "hang up"


class Sink:
    """A mail server on a port of its own, used as a context manager.

    `answers` gives the reply to a command (MAIL, RCPT, DATA: the reply to the mail itself), as a list that is
    used up one by one; an empty list means yes. HANG_UP ends the connection instead of answering.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.senders: list[str] = []  # of the envelopes
        self.connections = 0
        self.answers: dict[str, list[str]] = {"MAIL": [], "RCPT": [], "DATA": []}
        self.refuse: dict[str, str] = {}  # the reply to RCPT for an address, always
        self.taken = threading.Event()  # set when a mail is wholly in
        self.may_answer = threading.Event()  # cleared: the answer to a mail waits for it
        self.may_answer.set()
        self.port = free_port()  # the controller can't be asked for port 0
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> "Sink":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.may_answer.set()
        self._controller.stop(no_assert=True)

    async def handle_EHLO(self, server: SMTP, session: Session, _: Envelope, name: str, replies: list[str]) -> Any:  # noqa: N802
        self.connections += 1
        session.host_name = name
        return replies

    async def handle_MAIL(self, server: SMTP, _: Session, envelope: Envelope, sender: str, options: list[str]) -> str:  # noqa: N802
        answer = self._next(server, "MAIL")
        if answer.startswith("2"):
            envelope.mail_from = sender
            self.senders.append(sender)
        return answer

    async def handle_RCPT(self, server: SMTP, _: Session, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        answer = self.refuse.get(address) or self._next(server, "RCPT")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self._next(server, "DATA", hang_up=False)
        if answer.startswith("2") or answer == HANG_UP:  # who hangs up has the mail, and says nothing
            self.recipients.append(envelope.rcpt_tos)
            self.mails.append(email.message_from_bytes(envelope.original_content, policy=email.policy.default))
        self.taken.set()
        await server.loop.run_in_executor(None, self.may_answer.wait, 30)
        if answer == HANG_UP:
            server.transport.abort()
        return answer

    def _next(self, server: SMTP, command: str, *, hang_up: bool = True) -> str:
        answer = self.answers[command].pop(0) if self.answers[command] else "250 OK"
        if answer == HANG_UP and hang_up:
            server.transport.abort()
        return answer
