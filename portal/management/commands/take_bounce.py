"""`manage.py take_bounce < report`: receive a bounce of our sender's address from the mail server."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from billing.dunning import bounces


class Command(BaseCommand):
    help = (
        "Read one delivery report (RFC 3464) from standard input and record which mail bounced. "
        'For a mail server\'s alias, such as  rekening: "|/srv/zorgrekening/.venv/bin/python manage.py take_bounce".'
    )

    def handle(self, *args: Any, **options: Any) -> None:
        taken = bounces.record_bounces(sys.stdin.buffer.read(bounces.MAX_BYTES))
        self.stdout.write(f"{len(taken)} of our mails came back.")
