"""`manage.py verify_ledger`: proves that the books are true, or exits with 1 and says where they are not."""

from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.models import LedgerEntry
from billing.verification import discrepancies

MOST = 50


class Command(BaseCommand):
    help = "Check every promise of the ledger against the rows; exit 1 when one is broken."

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(islice(discrepancies(), MOST + 1))
        for sentence in found[:MOST]:
            self.stderr.write(sentence)
        if found:
            raise CommandError("The ledger is NOT proven" + (": more than shown above." if len(found) > MOST else "."))
        self.stdout.write(f"The ledger is proven: {LedgerEntry.objects.count()} entries.")
