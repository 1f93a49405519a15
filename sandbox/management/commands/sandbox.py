"""`manage.py sandbox`: run the parts of the sandbox that are not pages, until SIGTERM or Ctrl-C."""

import logging
import signal
import threading
from datetime import datetime

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import OperationalError, connection
from django.utils import timezone

from sandbox import payments, webhooks
from sandbox.smtp import MailServer

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.1
CLOCK_EVERY = 10  # payments and refunds are checked for what is due once in so many polls
AFTER_DATABASE_LOSS_SECONDS = 1.0


class Command(BaseCommand):
    help = "Runs the sandbox's mail server and sends its webhooks."

    def handle(self, *args: object, **options: object) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        server = MailServer(host="127.0.0.1", port=settings.SANDBOX_SMTP_PORT)
        server.start()
        try:
            self.stdout.write(f"sandbox ready: mail on 127.0.0.1:{settings.SANDBOX_SMTP_PORT}, webhooks running")
            self.stdout.flush()
            dispatch(stop)
        finally:
            server.stop()


def dispatch(stop: threading.Event) -> None:
    """Poll until told to stop, on one persistent connection; wait while the database is not available."""
    turn = 0
    while not stop.is_set():
        pause = POLL_SECONDS
        try:
            tick(timezone.now(), clock=turn % CLOCK_EVERY == 0)
        except OperationalError as error:
            logger.warning("sandbox: the database is away: %s", error)
            connection.close()
            pause = AFTER_DATABASE_LOSS_SECONDS
        turn += 1
        stop.wait(pause)


def tick(now: datetime, *, clock: bool) -> None:
    """Send the webhooks that are due; with `clock` also expire payments and settle refunds."""
    if clock:
        payments.expire_due(now)
        payments.settle_refunds_due(now)
    webhooks.deliver_due(now)
