"""`manage.py reset_totp`: remove the code app of somebody who lost their phone and their recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.models import Staff
from portal.staff import otp


class Command(BaseCommand):
    help = "Remove the code app and recovery codes of a member of staff; they set up a new one at the next sign-in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        member = Staff.objects.filter(username=options["username"]).first()
        if member is None:
            raise CommandError(f"There is no member of staff called {options['username']}.")
        apps = otp.reset(member, by="command")
        self.stdout.write(f"{member.username}: {apps} code app(s) removed. The password still works, for a new one.")
