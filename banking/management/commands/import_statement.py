"""`manage.py import_statement FILE [--dry-run] [--json]`: read a file of bank statements, all or nothing."""

import getpass
import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from banking.importing import Outcome, Told, import_file

KEYS = tuple(Told("", "", date.min, date.min, "", "", 0).as_json())


class Command(BaseCommand):
    help = "Read bank statements: CAMT.053, also zipped, or MT940. A file is read whole or refused whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the file as the bank gave it")
        parser.add_argument("--dry-run", action="store_true", help="only check the file, and change nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object for each statement, a line each")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        if not path.is_file():
            raise CommandError(_("There is no file %s.") % path)
        outcome = import_file(path, dry_run=options["dry_run"], by=f"import:{getpass.getuser()}"[:60])
        if options["json"]:
            refused: list[dict[str, object]] = [dict.fromkeys(KEYS) | {"refused_because": outcome.refused_because}]
            objects = refused if outcome.refused_because else [told.as_json() for told in outcome.statements]
            for one in objects:
                self.stdout.write(json.dumps(one, ensure_ascii=False))
        if outcome.refused_because:
            raise CommandError(f"{outcome.refused_because} {_('Nothing was changed.')}")
        if not options["json"]:
            self._tell(outcome, dry_run=options["dry_run"])

    def _tell(self, outcome: Outcome, *, dry_run: bool) -> None:
        for told in outcome.statements:
            self.stdout.write(_in_words(told))
        if outcome.read_before_on:
            self.stdout.write(_("This file was read on %s already: nothing was changed.") % outcome.read_before_on)
        elif dry_run:
            self.stdout.write(_("The file is right. Nothing was changed."))


def _in_words(told: Told) -> str:
    words = {
        "account": told.account[-4:],
        "number": told.number or "–",
        "first": told.from_on,
        "last": told.to_on,
        "lines": told.lines,
        "new": told.new,
        "known": told.known,
        "booked": told.booked,
        "proposed": told.proposed,
        "unmatched": told.unmatched,
        "why": told.refused_because,
    }
    if told.refused_because:
        return _("Account …%(account)s, statement %(number)s of %(first)s – %(last)s was left out: %(why)s") % words
    return (
        _(
            "Account …%(account)s, statement %(number)s of %(first)s – %(last)s: %(lines)d lines, %(new)d new,"
            " %(known)d known. Booked %(booked)d, proposed %(proposed)d, for staff %(unmatched)d."
        )
        % words
    )
