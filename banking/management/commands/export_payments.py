"""`manage.py export_payments BATCH --out FILE`: write the pain.001 of a batch, always with the same bytes."""

import getpass
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from banking.models import OutgoingBatch
from banking.orders import batches
from billing.errors import Refused


class Command(BaseCommand):
    help = "Write the payment file (pain.001.001.09) of a batch; the same batch always gives the same bytes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("batch", help="the reference of the batch, such as ZR-B-…")
        parser.add_argument("--out", required=True, type=Path, help="a file that does not exist yet")

    def handle(self, *args: Any, **options: Any) -> None:
        batch = OutgoingBatch.objects.filter(reference=options["batch"]).first()
        if batch is None:
            raise CommandError("There is no batch with this reference.")
        try:
            # Only the owner may read it: names and accounts. Never over another file.
            handle = os.open(options["out"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"The file can't be written: {error.strerror}.") from None
        try:
            content = batches.export(batch, by=f"command:{getpass.getuser()}"[:60])
        except Refused as refusal:
            os.close(handle)
            options["out"].unlink()
            raise CommandError(str(refusal)) from None
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self.stdout.write(f"{batch.count} payments, {batch.total} euros, SHA-256 {batch.sha256}")
