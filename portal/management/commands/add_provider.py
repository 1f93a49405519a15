"""`manage.py add_provider`: add a practice whose invoices can be imported."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from billing.errors import Refused
from billing.practices import providers, readiness

REQUIRED = tuple(name for name, field in providers.DETAILS.items() if field.required)


class Command(BaseCommand):
    help = "Add a care provider. All details are printed on invoices and letters; the IBAN receives the payments."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agb_code", metavar="AGB", help="eight digits")
        for name in providers.DETAILS:
            parser.add_argument(f"--{name.replace('_', '-')}", required=name in REQUIRED)

    def handle(self, *args: Any, **options: Any) -> None:
        given = {name: options[name] for name in providers.DETAILS if options[name] is not None}
        try:
            provider = providers.register(options["agb_code"], given)
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{provider.name}, AGB code {provider.agb_code}.")
        if missing := [str(words) for words in readiness.lacks(provider)]:
            self.stdout.write(_("No letter can leave yet. Still missing: %(what)s.") % {"what": ", ".join(missing)})
