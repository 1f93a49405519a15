"""`manage.py run_daily`: run the daily rules, as beat does."""

from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal import daily


def day(text: str) -> date:
    """Return the day that `text` names. Raises ArgumentTypeError with a sentence."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"there is no day {text!r}: write it as {timezone.localdate()}") from None


class Command(BaseCommand):
    help = (
        "Plan what falls today: reminders, instalments, deadlines. Running it twice changes nothing. "
        "The letters are made and sent by the worker, in the hours in which that is allowed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--today",
            type=day,
            default=None,
            metavar="YYYY-MM-DD",
            help="only in the sandbox: as if it were this day; costs are booked by the real clock in any case",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        today = options["today"] or timezone.localdate(now)
        if today != timezone.localdate(now) and not settings.SANDBOX:
            raise CommandError("Another day than today is for the sandbox: real patients would get real letters.")
        if options["today"]:
            daily.run_day(today)
        elif not daily.run_now(now):
            raise CommandError(
                "The clock jumped by more than a day since the last run, so nothing was done. Look at the task in "
                "/beheer/: is the clock right now? Then close it, and run this again."
            )
        self.stdout.write(f"Planned for {today}.")
