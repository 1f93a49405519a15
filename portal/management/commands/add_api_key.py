"""`manage.py add_api_key AGB NAME`: make a key for a practice's software, and print it once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.errors import Refused
from billing.models import Provider
from portal.api import keys
from portal.models.keys import Scope


class Command(BaseCommand):
    help = "Make a key for the software of a practice and print it; it can't be read again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agb", metavar="AGB", help="the AGB code of the practice")
        parser.add_argument("name", metavar="NAME", help="the program that uses the key")
        parser.add_argument(
            "--scope", action="append", choices=Scope.values, help="what the program may do (default: everything)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        provider = Provider.objects.filter(agb_code=options["agb"]).first()
        if provider is None:
            raise CommandError(f"There is no provider with AGB code {options['agb']}.")
        try:
            _row, text = keys.make(provider, options["name"], by="command", scopes=options["scope"] or Scope.values)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(text)
