"""`manage.py watch`: look every minute whether everything runs, and tell operators what does not."""

import logging
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from portal.ops.watching import round as one_round

SECONDS = 60
NOBODY = "Nobody would be told: set ALERT_EMAIL, or ALERT_WEBHOOK_URL. See .env.example."
log = logging.getLogger("zorgrekening.watch")


class Command(BaseCommand):
    help = (
        "Look every minute whether the timetable, the worker, the backup and the rest ran in time. Tell by mail"
        " (ALERT_EMAIL) and by webhook (ALERT_WEBHOOK_URL) what does not, once, and when it is right again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="look once and end")

    def handle(self, *args: Any, **options: Any) -> None:
        if not one_round.channels():
            if options["once"]:
                raise CommandError(NOBODY)
            log.warning(NOBODY)  # it goes on: what it finds is written down, and nothing else has to stop for it
        watch, stopping = one_round.Watch(), threading.Event()
        if not options["once"]:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_signal: stopping.set())
        while True:
            watch.round()
            close_old_connections()
            if options["once"] or stopping.wait(SECONDS):
                return
