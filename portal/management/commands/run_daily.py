"""`manage.py run_daily`: run the daily rules, as beat does."""

from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
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
        "Plan what falls today: reminders, installments, deadlines. Running it twice changes nothing. "
        "The letters are made and sent by the worker, in the hours in which that is allowed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--today",
            type=day,
            default=None,
            metavar="YYYY-MM-DD",
            help="as if it were this day; a day that lies ahead plans, and sends, what falls until then",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        today = options["today"] or timezone.localdate()
        daily.run_day(today)
        self.stdout.write(f"Planned for {today}.")
