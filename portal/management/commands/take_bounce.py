"""`manage.py take_bounce < report`: receive a bounce of our sender's address from the mail server."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing.dunning import bounces


class Command(BaseCommand):
    help = (
        "Read one mail that came back to BOUNCE_ADDRESS from standard input, and record which message it is about. "
        "The mail server starts it: see 'Mail that comes back' in docs/deployment.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--recipient", default="", help="the address to which it was delivered, with its tag")

    def handle(self, *args: Any, **options: Any) -> None:
        content = sys.stdin.buffer.read(bounces.MAX_BYTES)
        taken = bounces.record_bounces(content, recipient=options["recipient"])
        self.stdout.write(f"{len(taken)} of our mails came back.")
