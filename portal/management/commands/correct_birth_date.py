"""`manage.py correct_birth_date`: ask for another date of birth of a patient; a second person approves at /beheer/."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from billing.errors import Refused
from billing.models import Patient
from billing.patients import birth_date


class Command(BaseCommand):
    help = "Read a date of birth and a reason, a line each, and let them wait until somebody else approves at /beheer/."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agb_code", metavar="AGB", help="of the care provider")
        parser.add_argument("number", metavar="PATIENT", help="the patient number there")

    def handle(self, *args: Any, **options: Any) -> None:
        patient = Patient.objects.filter(
            provider__agb_code=options["agb_code"], number=options["number"], invoices__erased_at=None
        ).first()
        if patient is None:
            raise CommandError(_("We don't know a patient with this number there."))
        # Not as arguments: those stand in the history of the shell and in the list of processes.
        given, reason = self._line(_("Date of birth (1980-02-29): ")), self._line(_("Reason: "))
        try:
            birth_date.ask(patient, date_of_birth=given, reason=reason, by=f"command:{getpass.getuser()}"[:60])
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(_("It waits: somebody else approves it at /beheer/, under corrections of a date of birth."))

    def _line(self, question: str) -> str:
        self.stdout.write(question, ending="")
        self.stdout.flush()
        return sys.stdin.readline().strip()
