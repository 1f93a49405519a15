"""A practice's file of invoices: read as a stream, checked and written in one transaction, all or nothing.

The first error rolls the transaction back, and the rest of the file is only checked: the practice sees all errors at
once, and a wrong file does not keep the database locked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from os import PathLike
from pathlib import Path
from typing import IO, Any

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from billing import audit, rooms
from billing.invoices import intake
from billing.invoices.fields import PROVIDER, printable, read_object
from billing.invoices.rules import Checked, InvoiceReader
from billing.models import Provider
from billing.patients import registration
from billing.patients.same_person import Difference
from portal.intake.reader import MAX_BYTES, Broken, parts

FORMAT = "invoice-batch/1"
CHUNK = 400  # below SQLite's 999 parameters of one query
MAX_ERRORS = 1000


@dataclass(frozen=True, slots=True)
class BatchError:
    """An error: its path in the file (`invoices[3].patient.postcode`, empty for the whole file) and a sentence."""

    path: str
    sentence: str


@dataclass(slots=True)
class BatchResult:
    """What the import did or would do (`dry_run`), or why it did nothing (`errors`, the first MAX_ERRORS)."""

    dry_run: bool
    errors: list[BatchError] = field(default_factory=list)
    error_count: int = 0
    new: int = 0
    known: int = 0
    patients_created: int = 0
    patients_updated: int = 0

    def report(self, path: str, sentence: str) -> None:
        """Add an error."""
        self.error_count += 1
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(BatchError(path, sentence))


class _RollBack(Exception):
    """Rolls the transaction back."""


def import_file(path: str | PathLike[str], *, dry_run: bool, today: date, by: str) -> BatchResult:
    """Import the batch at `path` as of `today` and return the result; `by` is the actor in ledger and audit trail.

    Nothing is changed when the result has errors. Invoices imported before with the same content are counted as known
    and left alone, with their patients.
    """
    result = BatchResult(dry_run)
    try:
        file = Path(path).open("rb")  # noqa: SIM115  closed below; here only the opening may fail
    except OSError:
        result.report("", _("This file can't be opened. Check its name, and whether you may read it."))
        return result
    with file:
        try:
            _import(file, result, today, by)
        except Broken as broken:
            result.report(broken.path, broken.sentence)
        except OperationalError as error:
            if "locked" not in str(error):
                raise
            result.report("", _("The database is busy, probably with another import. Try again in a minute."))
    if result.error_count:
        result.new = result.known = result.patients_created = result.patients_updated = 0
    return result


def _import(file: IO[bytes], result: BatchResult, today: date, by: str) -> None:
    if not file.seekable():
        raise Broken("", _("Give the name of a file, not a stream."))
    if file.seek(0, 2) > MAX_BYTES:
        raise Broken("", _("This file is too large. Split it into several batches."))
    head = _head(file)
    provider = _provider(head, result)
    chunks = _chunks(file, head, result, today)
    if provider and not result.dry_run:
        try:
            with transaction.atomic():
                _write(chunks, provider, result, today, by)
        except _RollBack:
            pass
    for checked in chunks:  # after an error or with dry_run the (rest of the) file is only checked
        if provider:
            new = _unknown(provider, checked, result)
            result.new += len(new)
            result.known += len(checked) - len(new)


def _write(chunks: Iterator[list[Checked]], provider: Provider, result: BatchResult, today: date, by: str) -> None:
    """Write until there is an error. The lock makes a second import of the same file find all invoices known."""
    intake.lock_provider(provider.pk)
    for checked in chunks:
        new = _unknown(provider, checked, result)
        if result.error_count:
            raise _RollBack
        result.known += len(checked) - len(new)
        result.new += len(new)
        if new:
            _write_chunk(new, provider, result, today, by)
    if result.error_count:
        raise _RollBack
    if result.new:
        audit.record("batch_imported", by=by, provider=provider.agb_code, new=result.new, known=result.known)


def _write_chunk(new: list[Checked], provider: Provider, result: BatchResult, today: date, by: str) -> None:
    given = [invoice.as_new(today=today) for invoice in new]
    patients = registration.register(provider, (invoice.patient for invoice in given), by=by)
    taken = intake.create_many(provider, given, patient_ids=patients.ids, by=by)
    for room in rooms.intakes():
        room.accept(list(zip(taken, new, strict=True)), today, by)
    result.patients_created += patients.created
    result.patients_updated += patients.corrected


def _head(file: IO[bytes]) -> dict[str, Any]:
    """Return format and provider of the batch, reading only until both were seen. Raises Broken for another format."""
    head: dict[str, Any] = {}
    for key, _index, value in parts(file, lambda path, sentence: None):
        if key in ("format", "provider"):
            head[key] = value
        if len(head) == 2:
            break
    if head.get("format") != FORMAT:
        raise Broken("format", _('The batch must say "format": "%s".') % FORMAT)
    return head


def _provider(head: dict[str, Any], result: BatchResult) -> Provider | None:
    named = read_object(head.get("provider"), PROVIDER, "provider", result.report)
    if "agb_code" not in named:
        return None
    provider = Provider.objects.filter(agb_code=named["agb_code"]).first()
    if provider is None:
        result.report("provider.agb_code", _("We don't know a care provider with this AGB code."))
    return provider


def _chunks(file: IO[bytes], head: dict[str, Any], result: BatchResult, today: date) -> Iterator[list[Checked]]:
    """Yield the valid invoices of the file, CHUNK at a time; errors go to the result."""
    reader = InvoiceReader(today, result.report)
    members: dict[str, Any] = {}
    chunk: list[Checked] = []
    for key, index, value in parts(file, result.report):
        if index is None:
            members.setdefault(key, value)
            continue
        if checked := reader.read(value, index):
            chunk.append(checked)
        if index % CHUNK == CHUNK - 1:
            yield chunk
            chunk = []
    if {key: members.get(key) for key in head} != head:
        raise Broken("", _("The file changed while it was read."))
    for key in members.keys() - {*head, "invoices"}:
        result.report(printable(key), _("This field is not part of the format."))
    if not reader.count:
        result.report("invoices", _("There is no list of invoices here, or it is empty."))
    yield chunk


def _unknown(provider: Provider, checked: list[Checked], result: BatchResult) -> list[Checked]:
    """Return the invoices not submitted before; a known number with other content is an error."""
    known = intake.known_fingerprints(provider, [invoice.number for invoice in checked])
    for invoice in checked:
        if invoice.number in known and known[invoice.number] != invoice.fingerprint():
            result.report(
                f"{invoice.path}.number",
                _("This invoice was handed in before with other content. An invoice can't be changed by a new batch."),
            )
    _same_persons(provider, checked, result)
    return [invoice for invoice in checked if invoice.number not in known]


def _same_persons(provider: Provider, checked: list[Checked], result: BatchResult) -> None:
    """Report each patient number under which we know another person: whoever has it would read the other's care."""
    different = registration.differences(provider, (invoice.new_patient() for invoice in checked))
    for invoice in checked:
        why = different.get(invoice.patient["number"])
        if why == Difference.BIRTH_DATE:
            field, sentence = "date_of_birth", _("We know this patient number with another date of birth.")
        elif why:
            field, sentence = "initials", _("We know this patient number with other initials, born on the same day.")
        else:
            continue
        advice = _("Another person needs a number of their own. Is it the same person? Ask Zorgrekening to correct it.")
        result.report(f"{invoice.path}.patient.{field}", f"{sentence} {advice}")
