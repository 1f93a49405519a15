"""`manage.py backup FILE`: write all data to one encrypted file, while the product runs."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.errors import Refused
from billing.models import LastRun
from portal.ops.backup import archive
from portal.ops.backup.sealing import BackupUnusable


class Command(BaseCommand):
    help = (
        "Write the database and the stored documents to one file, encrypted with BACKUP_KEY. The keys themselves are "
        "not in it: keep BACKUP_KEY, FIELD_KEYS and SECRET_KEY in another place than the backups."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="where the backup goes; it must not exist yet")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        try:
            now = timezone.now()
            made = archive.make(options["file"], now=now)
            LastRun.record(LastRun.BACKUP, at=now)
        except (BackupUnusable, Refused, OSError) as error:
            raise CommandError(f"{error} No backup was made.") from error
        self.stdout.write(f"Backed up {made.words}: {made.bytes} bytes in {time.monotonic() - began:.1f} s.")
