"""`manage.py read_payment_status FILE`: read what the bank says of our orders (pain.002)."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from banking.orders import pain002
from billing.errors import Refused


class Command(BaseCommand):
    help = "Read a status report of the bank (pain.002): rejections release their money. No proof of payment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open("rb") as file:
                content = file.read(pain002.MAX_BYTES + 1)
            counted = pain002.apply(pain002.read(content))
        except OSError as error:
            raise CommandError(f"The file can't be read: {error.strerror}.") from None
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(
            f"{counted.rejected} rejected, {counted.accepted} accepted, {counted.checked} names checked, "
            f"{len(counted.unknown)} not ours"
        )
