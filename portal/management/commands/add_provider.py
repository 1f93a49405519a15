"""`manage.py add_provider`: a practice whose invoices may come in from now on, or its new particulars."""

import re
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from stdnum import iban
from stdnum.exceptions import ValidationError as WrongNumber

from billing.invoices.intake import register_provider
from billing.models import Provider

# What stands on invoices and letters, and where what is paid goes.
PARTICULARS = ("name", "email", "phone", "street", "house_number", "postcode", "city", "iban")
_AGB = re.compile(r"(?!0{8})[0-9]{8}")


class Command(BaseCommand):
    help = "Add the care provider with this AGB code, or bring it up to date. All of it stands on invoices and letters."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agb_code", metavar="AGB", help="eight digits")
        for name in PARTICULARS:
            parser.add_argument(f"--{name.replace('_', '-')}", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        given = {name: options[name].strip() for name in PARTICULARS}
        try:
            given["iban"] = iban.validate(given["iban"])
        except WrongNumber as error:
            raise CommandError("--iban is not a right IBAN.") from error
        if not _AGB.fullmatch(options["agb_code"]):
            raise CommandError("An AGB code has 8 digits, not only zeros.")
        try:
            Provider(agb_code=options["agb_code"], **given).full_clean(validate_unique=False)
        except ValidationError as error:
            raise CommandError(
                " ".join(f"{name}: {' '.join(told)}" for name, told in error.message_dict.items())
            ) from error
        provider = register_provider(agb_code=options["agb_code"], **given)
        self.stdout.write(f"{provider.name}, AGB code {provider.agb_code}.")
