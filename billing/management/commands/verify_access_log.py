"""`manage.py verify_access_log`: prove that no event of the access log was changed or removed, or exit with 1."""

from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.models import AccessEvent
from billing.privacy import access_log

MAX_SHOWN = 20


class Command(BaseCommand):
    help = "Check the chain of the access log; exit 1 when it is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        breaks = list(islice(access_log.breaks(), MAX_SHOWN))
        for sentence in breaks:
            self.stderr.write(sentence)
        if breaks:
            raise CommandError("The access log is NOT whole.")
        self.stdout.write(f"The access log is whole: {AccessEvent.objects.count()} events.")
