"""A real mail server for tests: it keeps what it took, counts connections, and can refuse, stall or hang up."""

import asyncio
import email
import email.policy
import threading
from collections.abc import Container
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

    def __init__(self, *, answer_after: float = 0) -> None:
        self._answer_after = answer_after  # seconds that the server thinks about the content of a mail
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.senders: list[str] = []  # of the envelopes
        self.connections = 0
        self.most_connections: int | None = None  # one more is hung up on
        self.answers: dict[str, list[str]] = {"MAIL": [], "RCPT": [], "DATA": []}
        self.refuse: dict[str, str] = {}  # the reply to RCPT for an address, always
        self.awaited = 1
        self.taken = threading.Event()  # set when so many mails are wholly in
        self._in = 0
        self.may_answer = threading.Event()  # cleared: the answers to the mails that are `held` wait for it
        self.may_answer.set()
        self.held: Container[int] = range(1, 1_000_000)  # by their number: the first that is wholly in is 1
        self.port = free_port()  # the controller can't be asked for port 0
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> "Sink":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.may_answer.set()
        self._controller.stop(no_assert=True)

    async def handle_EHLO(self, server: SMTP, session: Session, _: Envelope, name: str, replies: list[str]) -> Any:  # noqa: N802
        if self.connections == self.most_connections:
            server.transport.abort()
            return replies
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
        self._in += 1
        number = self._in
        if number >= self.awaited:
            self.taken.set()
        await asyncio.sleep(self._answer_after)
        if number in self.held:
            await server.loop.run_in_executor(None, self.may_answer.wait, 30)
        if answer == HANG_UP:
            server.transport.abort()
        return answer

    def _next(self, server: SMTP, command: str, *, hang_up: bool = True) -> str:
        answer = self.answers[command].pop(0) if self.answers[command] else "250 OK"
        if answer == HANG_UP and hang_up:
            server.transport.abort()
        return answer
