"""`manage.py restore FILE`: restore a backup into an empty place, and verify the result."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.dunning import planning
from billing.integrity import publication
from billing.outbox import delivery
from billing.privacy import access_log
from portal.ops.backup import archive, database
from portal.ops.backup.sealing import BackupUnusable


class Command(BaseCommand):
    help = (
        "Restore a backup where DATABASE_URL, DATA_DIR and MEDIA_ROOT point. Database and document storage must be "
        "empty, and no process of the product may run: it would go on with the database that it has open. Every "
        "checksum is compared before anything is touched."
    )
    requires_system_checks = []  # there is no database yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a file that `manage.py backup` made")
        parser.add_argument(
            "--nothing-sent-since",
            action="store_true",
            help="the workers stood still from the backup on (a move to another machine): what waits may go out",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()

        def say(what: str) -> None:
            self.stdout.write(f"{time.monotonic() - began:.0f} s: {what}")
            self.stdout.flush()

        try:
            restored = archive.restore(options["file"], say=say)
        except (BackupUnusable, OSError) as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        say("Counting the rows.")
        about = restored.manifest["database"]
        if database.rows_per_table() != about["tables"]:
            raise CommandError("The restored tables do not hold as many rows as the backup says. Do not use them.")
        call_command("migrate", verbosity=0, stdout=self.stdout)  # when this version is newer than the backup
        # What was published after the backup was made is not in these books: the chain of digests begins anew.
        publication.publish_tables(now=timezone.now(), anew=True)
        access_log.publish_end(now=timezone.now(), anew=True)
        say("Proving the books and the access log.")
        call_command("verify_ledger", stdout=self.stdout, stderr=self.stderr)
        call_command("verify_access_log", stdout=self.stdout, stderr=self.stderr)
        self.stdout.write(
            f"Restored the backup of {restored.manifest['made_at']}: {restored.words}, "
            f"in {time.monotonic() - began:.1f} s."
        )
        if not options["nothing_sent_since"]:
            self._mark_in_doubt()

    def _mark_in_doubt(self) -> None:
        """Mark as in doubt what may have been sent since the backup, so that it is not sent again by itself."""
        count = delivery.mark_waiting_in_doubt()
        if count:
            self.stdout.write(
                f"{count} messages waited when the backup was made. They may have gone out since, so they are in doubt "
                "now and stay here: decide about each in /beheer/."
            )
        count = planning.suspend_in_doubt(timezone.localdate())
        if count:
            self.stdout.write(
                f"{count} invoices were due for a letter by now. It may have gone out since, so none is made: decide "
                "about each in /beheer/. Where it did not arrive, let the reminders go on."
            )
        self.stdout.write(
            "What came after the backup is not known here: bring in the invoices of that time again. Their patients "
            "get the announcement again, and mails whose day was in it go out anew."
        )
