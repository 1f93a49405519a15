"""`manage.py revoke_api_key ID`: end a key of a practice's software at once, such as one that leaked."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.api import keys
from portal.models import ApiKey


class Command(BaseCommand):
    help = "End a key of the software of a practice at once. Tell the practice: its software stands still."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", metavar="ID", help="the twelve letters in the middle of the key: zk_live_ID_…")

    def handle(self, *args: Any, **options: Any) -> None:
        key = ApiKey.objects.filter(public_id=options["id"]).select_related("provider").first()
        if key is None:
            raise CommandError("There is no key with this ID: give only the twelve letters in its middle.")
        if not keys.revoke(key, by="command"):
            raise CommandError("This key was revoked before.")
        self.stdout.write(f"Revoked: {key.name} of {key.provider.name} (AGB code {key.provider.agb_code}).")
