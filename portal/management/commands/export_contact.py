"""`manage.py export_contact CONTACT --out FILE`: export what is held about somebody without an invoice, for them."""

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.errors import Refused
from portal.ops.patient_export import export_contact


class Command(BaseCommand):
    help = (
        "Write a zip with what is held about no invoice of one person, such as their complaint about us (AVG art. 15 "
        "and 20). It may contain medical data and is not encrypted: verify that the contact is theirs, by an answer "
        "from that mailbox or telephone, and hand it over yourself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("contact", help="their e-mail address, their telephone number, or the number of their file")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the zip; it must not exist yet")

    def handle(self, *args: Any, **options: Any) -> None:
        by = f"command:{getpass.getuser()}"[:60]
        try:
            count = export_contact(options["contact"], options["out"], by=by)
        except (Refused, OSError) as error:
            raise CommandError(f"{error} Nothing was exported.") from error
        self.stdout.write(f"Exported {count} files to {options['out']}. The access log tells of it.")
