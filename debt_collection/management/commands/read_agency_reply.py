"""`manage.py read_agency_reply FILE`: read what an agency says of our cases, each message once."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.errors import Refused
from debt_collection.running import replies


class Command(BaseCommand):
    help = "Read messages of a collection agency: a file that is not right changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open("rb") as file:
                counted = replies.apply(file.read(replies.MAX_BYTES + 1))
        except OSError as error:
            raise CommandError(f"The file can't be read: {error.strerror}.") from None
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{counted['done']} done, {counted['known']} known, {counted['refused']} refused")
        if counted["refused"]:
            raise CommandError("Some messages were refused: see the tasks at the desk.")
