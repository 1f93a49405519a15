"""`manage.py restore FILE`: put a backup back into an empty place, and prove what came out."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from billing.models import OutboxMessage
from portal.backup import archive, database
from portal.backup.sealing import BackupUnusable


class Command(BaseCommand):
    help = (
        "Restore a backup where DATABASE_URL, DATA_DIR and MEDIA_ROOT point. Database and document storage must be "
        "empty; every checksum is compared before anything is touched."
    )
    requires_system_checks = []  # there is no database yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a file that `manage.py backup` made")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        try:
            restored = archive.restore(options["file"])
        except (BackupUnusable, OSError) as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        about = restored.manifest["database"]
        if database.rows_per_table() != about["tables"]:
            raise CommandError("The restored tables do not hold as many rows as the backup says. Do not use them.")
        call_command("migrate", verbosity=0, stdout=self.stdout)  # when this version is newer than the backup
        call_command("verify_ledger", stdout=self.stdout, stderr=self.stderr)
        call_command("verify_access_log", stdout=self.stdout, stderr=self.stderr)
        self.stdout.write(
            f"Restored the backup of {restored.manifest['made_at']}: {restored.words}, "
            f"in {time.monotonic() - began:.1f} s."
        )
        self._warn()

    def _warn(self) -> None:
        """What was sent after the backup was made stands in no row, so it would go out again."""
        waiting = OutboxMessage.objects.filter(status=OutboxMessage.Status.QUEUED).count()
        if waiting:
            self.stdout.write(
                f"{waiting} messages waited when the backup was made. They may have gone out since: look at them in "
                "/beheer/ before you start the workers, which send what waits."
            )
