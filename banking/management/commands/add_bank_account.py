"""`manage.py add_bank_account IBAN NAME [--from DAY]`: an account of ours, of which statements are read from now on."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from stdnum import iban

from banking import accounts


class Command(BaseCommand):
    help = "Add an account of ours in euros; its statements are read from now on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("iban")
        parser.add_argument("name", help="of the holder, as the bank knows it")
        parser.add_argument(
            "--from", dest="starts_on", type=date.fromisoformat, help="the first booking day to read: YYYY-MM-DD"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        number = iban.compact(options["iban"]).upper()
        if not iban.is_valid(number):
            raise CommandError(_("%s is no IBAN.") % number)
        added = accounts.add(number, name=options["name"], starts_on=options["starts_on"], by="command")
        self.stdout.write(
            (_("Account %s was added.") if added else _("Account %s was there already; nothing was changed.")) % number
        )
