"""A mail server that stores everything it receives, and fails when `faults.py` says so."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import OperationalError, connection, connections
from django.utils import timezone

from sandbox import faults, mailbox

logger = logging.getLogger(__name__)
# The server writes every address it meets to its log; a log holds no addresses.
logging.getLogger("mail.log").setLevel(logging.WARNING)

MAXIMUM_BYTES = 25 * 1024 * 1024


class Sink:
    """The handler of the server. Database work runs in a thread of its own, outside the server's event loop."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sandbox-mailbox")

    async def _in_thread(self, rule: Any, **arguments: Any) -> Any:
        def call() -> Any:
            try:
                return rule(**arguments)
            except OperationalError:
                connection.close()  # the next mail starts on a fresh one
                raise

        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def handle_RCPT(  # noqa: N802 (the name is the server's)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept the recipient, unless a fault says otherwise."""
        fault = await self._in_thread(faults.take, section="smtp", to=address, having=("refuse",))
        if fault:
            return f"{fault['refuse']} refused by the sandbox's faults"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store the mail, unless a fault says otherwise."""
        fault: dict[str, Any] = {}
        for address in envelope.rcpt_tos:
            having = ("drop_after_data", "lose", "slow_ms")
            fault = fault or await self._in_thread(faults.take, section="smtp", to=address, having=having)
        await asyncio.sleep(int(fault.get("slow_ms", 0)) / 1000)
        if not fault.get("lose"):
            await self._in_thread(
                mailbox.store_mail,
                raw=bytes(envelope.original_content or b""),
                sender=envelope.mail_from or "",
                recipients=list(envelope.rcpt_tos),
                now=timezone.now(),
            )
        if fault.get("lose") or fault.get("drop_after_data"):
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 OK: kept in the sandbox's mailbox"

    async def handle_exception(self, error: Exception) -> str:
        """Answer any error with a temporary failure (451): the sender retries."""
        logger.error("sandbox: a mail could not be kept", exc_info=error)
        return "451 the sandbox could not keep this mail"

    def close(self) -> None:
        """End the thread and its database connection."""
        self._thread.submit(connections.close_all).result()
        self._thread.shutdown()


class MailServer:
    """The mail server with its thread."""

    def __init__(self, *, host: str, port: int) -> None:
        self.port = port
        self._sink = Sink()
        self._controller = Controller(
            self._sink, hostname=host, port=port, data_size_limit=MAXIMUM_BYTES, enable_SMTPUTF8=True
        )

    def start(self) -> None:
        """Start; return when the port answers. Raises OSError when the port is in use."""
        self._controller.start()

    def stop(self) -> None:
        """Stop, and close the connections."""
        self._controller.stop()
        self._sink.close()
