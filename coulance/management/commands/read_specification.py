"""`manage.py read_specification FILE [--invoice NUMBER --provider AGB]`: what can be read of an insurer's paper."""

import getpass
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.adjustments import reductions
from billing.models import AccessEvent, Invoice
from billing.privacy import access_log
from coulance.reading import document, knowledge, telling
from guests.files import cleaning, words
from guests.files.row import GuestFile


class Command(BaseCommand):
    help = (
        "Read a specification of an insurer and print what was read as JSON. With an invoice it is compared with that,"
        " and the amounts are proposed when every check is passed. Nothing is kept and nothing is decided."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a PDF or a picture")
        parser.add_argument("--invoice", metavar="NUMBER", help="the number of the invoice that it should be about")
        parser.add_argument("--provider", metavar="AGB", help="the AGB code of the practice of that invoice")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["invoice"]) != bool(options["provider"]):
            raise CommandError("Say both --invoice and --provider, or neither.")
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        invoice = _invoice(options["provider"], options["invoice"]) if options["invoice"] else None
        content = path.read_bytes()
        kind = cleaning.kind_of(content)
        if kind is None:
            raise CommandError("This is not a PDF or a picture.")
        try:
            reading = _read(content, kind, knowledge.ours_of(invoice) if invoice else None)
        except cleaning.FileRejected as refusal:
            raise CommandError(str(GuestFile.Reason(refusal.reason).label)) from refusal
        except words.ReaderError as error:
            raise CommandError(f"The file could not be read: {error}.") from error
        share = reductions.patient_share(invoice) if invoice else None
        self.stdout.write(json.dumps(telling.as_json(reading, share), ensure_ascii=False, indent=2))


def _invoice(agb_code: str, number: str) -> Invoice:
    rows = Invoice.objects.filter(provider__agb_code=agb_code, number=number, erased_at=None)
    invoice = rows.select_related("provider", "care_detail").first()
    if invoice is None:
        raise CommandError("This practice has no invoice with this number.")
    access_log.record(
        AccessEvent.Act.READ,
        invoice=invoice,
        who=f"command:{getpass.getuser()}"[:60],
        role=AccessEvent.Role.OPERATIONS,
        data="specification compared",
        grounds="administration",
        organisation="zorgrekening",
    )
    return invoice


def _read(content: bytes, kind: GuestFile.Kind, ours: Any) -> Any:
    text = words.of_text(content) if kind == GuestFile.Kind.PDF else []
    clean = cleaning.clean(content, kind)
    made = cleaning.kind_of(clean)
    assert made is not None
    return document.read(text, clean, made, ours)
