"""`manage.py end_sessions`: sign staff out, for example after a phone or computer was lost."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.models import Staff
from portal.staff import sessions


class Command(BaseCommand):
    help = "Sign a member of staff out everywhere, or everybody; they sign in again with password and code."

    def add_arguments(self, parser: ArgumentParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("username", nargs="?")
        who.add_argument("--everybody", action="store_true", help="all staff, of every practice; no patients")

    def handle(self, *args: Any, **options: Any) -> None:
        member = None
        if not options["everybody"]:
            member = Staff.objects.filter(username=options["username"]).first()
            if member is None:
                raise CommandError(f"There is no member of staff called {options['username']}.")
        self.stdout.write(f"{sessions.end(member, by='command')} session(s) ended.")
