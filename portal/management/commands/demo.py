"""`manage.py demo`: fill a demo with practices, invoices and staff once, and serve it with the sandbox."""

import json
import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, transaction
from django.utils import timezone, translation
from django_otp.oath import totp

from billing.desk.accounts import add_member
from billing.dunning import day_clock
from billing.models import Invoice, Provider, Staff
from billing.statements import figures
from portal import environment
from portal.api import keys
from portal.intake import batch
from portal.management.commands.serve import prepare, reserve_ports, serve
from portal.ops import demo, demo_past, demo_states
from portal.staff import otp

ACTOR = "demo"
EXAMPLE = "docs/examples/invoices.json"


class Command(BaseCommand):
    help = "Fill a demo practice (once) and serve it with the sandbox until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--welcome", action="store_true", help="only say again what to try, and how to sign in")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("The demo runs with stand-in servers only: SANDBOX=1 manage.py demo, or make demo.")
        if options["welcome"]:
            self.stdout.write(welcome_again())
            return
        held = reserve_ports()
        environment.demo_choices().write_text(f"SANDBOX=1\nPORT={settings.PORT}\n")
        self.stdout.write("Preparing the database and the pages …")
        prepare()
        today = timezone.localdate()
        day_clock.confirm(timezone.now())  # who comes back to a demo after days finds it at work
        fill(today)
        figures.record_day(today)  # the charts of operations begin now, not at the next daily run
        passwords, key = add_staff(), key_of_practice()
        serve(held, on_ready=lambda: self.stdout.write(welcome(today, passwords, key)))


def fill(today: date) -> None:
    """Create the demo practices and import their batches like any other; later runs change nothing."""
    demo.seed_providers()
    if not Invoice.objects.filter(provider__agb_code=demo.AGB_CODE).exists():
        with transaction.atomic():
            _take(demo.build_unpaid(today))
    demo_past.live(demo.by_ending().get(demo_past.ENDING), today)
    if not demo.by_ending().keys() - {demo_past.ENDING}:
        _fill(today)


def _fill(today: date) -> None:
    with transaction.atomic():  # so that an interrupted first start leaves no half-filled demo
        for one in demo.build_batches(today):
            _take(one)
        for room in demo.demos():
            room.seed()
        demo_states.seed(demo.by_ending(), today)


def _take(given: demo.DemoBatch) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=given.filename, dir=settings.DATA_DIR) as file:
        json.dump(given.content, file)
        file.flush()
        result = batch.import_file(file.name, dry_run=False, today=given.received_on, by=ACTOR)
    if result.errors:
        said = (f"{given.filename}: {error.path}: {error.sentence}" for error in result.errors)
        raise CommandError("\n".join(said))


def add_staff() -> dict[str, str]:
    """Add the demo's staff; return their passwords by name, stored for the next run in a file only its owner reads."""
    store = Path(settings.DATA_DIR) / "demo-staff.json"
    passwords: dict[str, str] = json.loads(store.read_text()) if store.exists() else {}
    practice = Provider.objects.get(agb_code=demo.AGB_CODE)
    # Money leaves the bank by two persons, so there is a colleague.
    operations = Staff.Role.OPERATIONS
    members = (
        ("praktijk", Staff.Role.APPROVER, practice), ("beheer", operations, None), ("collega", operations, None)
    )  # fmt: skip
    for username, role, provider in members:
        if not Staff.objects.filter(username=username).exists():
            _member, passwords[username] = add_member(
                username, role=role, provider=provider, by=ACTOR, keeps_password=True
            )
    _write_private(store, json.dumps(passwords))
    return passwords


def key_of_practice() -> str:
    """Return a key for the software of the demo's practice, stored for the next run in a file only its owner reads."""
    store = Path(settings.DATA_DIR) / "demo-key"
    text = store.read_text() if store.exists() else ""
    if keys.find(text, now=timezone.now()) is None:
        _row, text = keys.make(Provider.objects.get(agb_code=demo.AGB_CODE), "Demo", by=ACTOR)
        _write_private(store, text)
    return text


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def welcome_again() -> str:
    """Return the welcome of the demo that was filled. Raises CommandError when there is none."""
    try:
        if Invoice.objects.filter(provider__agb_code=demo.AGB_CODE).exists():
            return welcome(timezone.localdate(), add_staff(), key_of_practice())
    except DatabaseError:
        pass  # no tables yet
    raise CommandError("There is no demo yet: make demo.")


def welcome(today: date, passwords: dict[str, str], key: str) -> str:
    """Return what to try, and how to sign in."""
    with translation.override("en"):
        references = demo.references(today)
    lines = ["", f"Zorgrekening is ready: {settings.PUBLIC_URL}/", "", "Payment references to try:"]
    lines += [f"  {reference}  {shows}" for reference, shows in references]
    lines += ["", f"Staff: {settings.PUBLIC_URL}/beheer/"]
    for username, password in passwords.items():
        secret = otp.enrol_for_demo(Staff.objects.get(username=username))
        code = f"{totp(bytes.fromhex(secret)):06d}"
        lines.append(f"  {username:<10} password {password}   code {code} (code app secret: {otp.secret_text(secret)})")
    lines += ["", f"What the software of a practice may ask: {settings.PUBLIC_URL}/api/   Try it:"]
    lines += [f"  ZORGREKENING_KEY={key} sh docs/examples/client.sh {settings.PUBLIC_URL} {EXAMPLE}"]
    lines += ["", f"Every mail and SMS sent: {settings.PUBLIC_URL}/sandbox/inbox/"]
    lines += [f"The bank account, with transfers, statements and orders: {settings.PUBLIC_URL}/sandbox/account/", ""]
    lines += ["A code works for half a minute: `make welcome` says all this again, with new ones."]
    lines += ["`make fresh` begins afresh. Ctrl-C stops everything.", ""]
    return "\n".join(lines)
