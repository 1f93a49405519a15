"""`manage.py export_patient AGB NUMBER --out FILE`: export all personal data of one patient, for that patient."""

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.errors import Refused
from portal.ops.patient_export import export_patient


class Command(BaseCommand):
    help = (
        "Write a zip with all personal data of one patient, for when they ask for it (AVG art. 15 and 20). It "
        "contains medical data and is not encrypted: verify who asks, and hand it over yourself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("provider", metavar="AGB", help="the AGB code of the care provider")
        parser.add_argument("number", help="the patient's number with that provider")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the zip; it must not exist yet")

    def handle(self, *args: Any, **options: Any) -> None:
        by = f"command:{getpass.getuser()}"[:60]
        try:
            count = export_patient(options["provider"], options["number"], options["out"], by=by, now=timezone.now())
        except (Refused, OSError) as error:
            raise CommandError(f"{error} Nothing was exported.") from error
        self.stdout.write(f"Exported {count} invoices to {options['out']}. The access log tells of it.")
