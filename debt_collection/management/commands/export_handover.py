"""`manage.py export_handover AGENCY --out FOLDER`: write what an agency has to get."""

import getpass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.errors import Refused
from debt_collection.exchange import orders, signing
from debt_collection.models import Agency


class Command(BaseCommand):
    help = "Write the messages that an agency has not confirmed into a folder; again changes nothing there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("agency", help="the short name of the agency")
        parser.add_argument("--out", required=True, type=Path, help="a folder that exists, such as a mount of SFTP")

    def handle(self, *args: Any, **options: Any) -> None:
        agency = Agency.objects.filter(key=options["agency"]).first()
        if agency is None:
            raise CommandError("There is no agency by this short name.")
        try:
            written = orders.export(agency, options["out"], by=f"command:{getpass.getuser()}"[:60])
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        except OSError as error:
            raise CommandError(f"The folder can't be written: {error.strerror}.") from None
        self.stdout.write(f"{len(written)} new files. Signatures: Ed25519, public key {signing.public_key()}")
