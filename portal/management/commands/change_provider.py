"""`manage.py change_provider`: change details of a practice; another IBAN waits for a second person at /beheer/."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from billing.errors import Refused
from billing.models import Provider
from billing.practices import providers


class Command(BaseCommand):
    help = "Change details of the care provider with this AGB code. Another IBAN waits for a second person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agb_code", metavar="AGB", help="eight digits")
        for name in providers.DETAILS:
            parser.add_argument(f"--{name.replace('_', '-')}")

    def handle(self, *args: Any, **options: Any) -> None:
        given = {name: options[name] for name in providers.DETAILS if options[name] is not None}
        if not given:
            raise CommandError(_("Say what has to change, such as --city Utrecht."))
        try:
            changed, asked = providers.change(options["agb_code"], given, by=f"command:{getpass.getuser()}"[:60])
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        if changed:
            self.stdout.write(_("Changed: %(fields)s.") % {"fields": ", ".join(changed)})
        if asked:
            self.stdout.write(_("The new IBAN waits: somebody else approves it at /beheer/, under changes of IBAN."))
        waiting = providers.waits(Provider.objects.get(agb_code=options["agb_code"]))
        if waiting:
            what = ", ".join(sorted(waiting.details))
            self.stdout.write(_("Somebody else approves the change of %(what)s at /beheer/.") % {"what": what})
        if not changed and not asked and not waiting:
            self.stdout.write(_("Nothing to change: that is what we have already."))
