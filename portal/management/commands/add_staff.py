"""`manage.py add_staff`: add a member of staff for /beheer/."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.desk.accounts import add_member
from billing.errors import Refused
from billing.models import Provider, Staff
from portal.staff import otp

Role = Staff.Role


class Command(BaseCommand):
    help = "Add a member of staff and print a random first password; with --totp also the secret of a code app."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument("--provider", metavar="AGB", help="the AGB code of the provider they work for")
        where.add_argument("--operations", action="store_true", help="they run the portal, for all providers")
        parser.add_argument("--role", choices=[Role.CLERK, Role.APPROVER], help="at a provider (default: clerk)")
        parser.add_argument("--email", default="")
        parser.add_argument("--totp", action="store_true", help="set up the code app now and print its secret")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["operations"] and options["role"]:
            raise CommandError("--role is for staff of a provider; operations is a role of its own.")
        try:
            member, password = add_member(
                options["username"],
                role=Role.OPERATIONS if options["operations"] else Role(options["role"] or Role.CLERK),
                provider=self._provider(options["provider"]),
                by="command",
                email=options["email"],
            )
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"user name  {member.username}\npassword   {password}")
        if options["totp"]:
            key = otp.enrol_for_demo(member)
            self.stdout.write(f"secret     {otp.secret_text(key)}\naddress    {otp.app_address(member, key)}")

    def _provider(self, agb_code: str | None) -> Provider | None:
        if agb_code is None:
            return None
        provider = Provider.objects.filter(agb_code=agb_code).first()
        if provider is None:
            raise CommandError(f"There is no provider with AGB code {agb_code}.")
        return provider
