"""`manage.py import_invoices FILE [--dry-run]`: import a practice's batch, all or nothing."""

import getpass
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.intake.batch import import_file
from portal.intake.result import BatchResult

PRINTED_ERRORS = 50


class Command(BaseCommand):
    help = "Import a file of invoices in the format invoice-batch/1 or /2: all of it, or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the JSON file of the practice")
        parser.add_argument("--dry-run", action="store_true", help="only check the file, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        result = import_file(
            options["file"],
            dry_run=options["dry_run"],
            today=timezone.localdate(),
            by=f"import:{getpass.getuser()}"[:60],
        )
        if result.error_count:
            self._refuse(result)
        if result.new or result.known or result.credited:
            self.stdout.write(self.style.SUCCESS(_outcome(result)))
        for sentence in _remarks(result):
            self.stdout.write(sentence)

    def _refuse(self, result: BatchResult) -> None:
        for error in result.errors[:PRINTED_ERRORS]:
            self.stderr.write(str(error))
        rest = result.error_count - min(len(result.errors), PRINTED_ERRORS)
        if rest:
            self.stderr.write(ngettext("… and %d more error.", "… and %d more errors.", rest) % rest)
        if result.partly_written:
            raise CommandError(_("A part of the file was taken. Hand the same file in again: it continues."))
        raise CommandError(_("Nothing was changed. Correct the file and hand it in again."))


def _outcome(result: BatchResult) -> str:
    counts = {"new": result.new, "known": result.known, "credited": result.credited}
    if result.credited:
        if result.dry_run:
            return (
                _("The file is right. New invoices: %(new)d; credit notes: %(credited)d. Nothing was changed.") % counts
            )
        return _("Done. New invoices: %(new)d; credit notes booked: %(credited)d.") % counts
    if not result.new:
        return _("Nothing to do: all %(known)d invoices were handed in before. Nothing was changed.") % counts
    if result.dry_run:
        return _("The file is right. New invoices: %(new)d; handed in before: %(known)d. Nothing was changed.") % counts
    return _("Done. New invoices: %(new)d; handed in before and left alone: %(known)d.") % counts


def _remarks(result: BatchResult) -> Iterator[str]:
    if result.continued:
        yield _("An import of this file was interrupted before. It was continued.")
    if result.corrections and result.dry_run:
        yield _("Corrections of patients in the file: %d. Nothing was changed.") % result.corrections
    elif result.corrections:
        yield _("Patients corrected: %(changed)d of %(given)d.") % {
            "changed": result.patients_updated,
            "given": result.corrections,
        }
    if count := len(result.outdated):
        yield (
            ngettext(
                "Of %d patient with an invoice that was handed in before the file says something else than we have."
                " That was left alone: correct it with patients in the format invoice-batch/2.",
                "Of %d patients with an invoice that was handed in before the file says something else than we have."
                " That was left alone: correct it with patients in the format invoice-batch/2.",
                count,
            )
            % count
        )
