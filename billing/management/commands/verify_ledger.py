"""`manage.py verify_ledger`: prove that the books are correct, or exit with 1 and say where they are not."""

from itertools import islice
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.integrity import publication
from billing.ledger.verification import discrepancies
from billing.models import LastRun, LedgerTransaction, Posting

MAX_SHOWN = 50


class Command(BaseCommand):
    help = "Check every promise of the ledger against the rows; exit 1 when one is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(islice(discrepancies(), MAX_SHOWN + 1))
        for sentence in found[:MAX_SHOWN]:
            self.stderr.write(sentence)
        if found:
            raise CommandError(
                "The ledger is NOT proven" + (": more than shown above." if len(found) > MAX_SHOWN else ".")
            )
        LastRun.record(LastRun.LEDGER, at=timezone.now())
        self.stdout.write(f"The ledger is proven: {LedgerTransaction.objects.count()} transactions. {_published()}")


def _published() -> str:
    """Return what was compared with digests outside the database, so that a file that is gone is noticed."""
    published = publication.publications(Posting._meta.db_table)
    if not published:
        return f"No digest was published yet in {settings.DIGESTS_FILE}: each row was checked by itself only."
    return f"As published: {published[-1].rows} postings, last at {published[-1].at[:16]}."
