"""`manage.py add_provider`: add a practice whose invoices can be imported, or update its details."""

import re
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from stdnum import iban
from stdnum.exceptions import ValidationError as WrongNumber

from billing.invoices.intake import register_provider
from billing.models import Provider

# Printed on invoices and letters; the IBAN receives the payments.
DETAILS = ("name", "email", "phone", "street", "house_number", "postcode", "city", "iban")
# Printed where they are known: the letters say who claims, and interest begins by the terms that were agreed.
OPTIONAL = ("kvk_number", "phone_hours", "term_agreed_in")
_KVK = re.compile(r"[0-9]{8}")
_AGB = re.compile(r"(?!0{8})[0-9]{8}")


class Command(BaseCommand):
    help = "Add or update the care provider with this AGB code. All details are printed on invoices and letters."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agb_code", metavar="AGB", help="eight digits")
        for name in DETAILS:
            parser.add_argument(f"--{name.replace('_', '-')}", required=True)
        for name in OPTIONAL:
            parser.add_argument(f"--{name.replace('_', '-')}")
        parser.add_argument(
            "--vat-on-costs", action="store_true", default=None, help="it can't deduct VAT, and declares so"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        given: dict[str, Any] = {name: options[name].strip() for name in DETAILS}
        given |= {name: options[name].strip() for name in OPTIONAL if options[name] is not None}
        if given.get("kvk_number") and not _KVK.fullmatch(given["kvk_number"]):
            raise CommandError("--kvk-number has 8 digits.")
        if options["vat_on_costs"]:
            given["vat_on_costs"] = True
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
                " ".join(f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items())
            ) from error
        provider = register_provider(agb_code=options["agb_code"], **given)
        self.stdout.write(f"{provider.name}, AGB code {provider.agb_code}.")
