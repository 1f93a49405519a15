"""Writing a batch that was checked, in chunks that are each a transaction of their own."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from billing import audit, rooms, rows
from billing.invoices import intake
from billing.models import Provider
from billing.patients import registration
from billing.submission import batches
from billing.submission.rules import Checked
from portal.intake import checking, crediting
from portal.intake.checking import Chunk
from portal.intake.result import BatchResult

PART = 200  # invoices of one transaction: as long as others may have to wait, some 0.1 s


class RollBack(Exception):
    """Rolls the transaction of a chunk back."""


def write(
    chunks: Iterator[Chunk],
    provider: Provider,
    result: BatchResult,
    *,
    digest: str,
    count: int,
    today: date,
    by: str,
    seen: Callable[[int], object],
) -> None:
    """Write part by part what is new, and count it in the result; `seen` is told of each part that is written.

    Each part is compared once more under the lock of the provider: another import of the same practice may have come
    in between. What contradicts it then ends the import with an error; the parts before stay, and the same file
    handed in again continues behind them.
    """
    result.continued = batches.was_interrupted(provider, digest)
    row = batches.begin(provider, digest, invoices=count, by=by)
    for place, chunk in enumerate(part for read in chunks for part in read.parts(PART)):
        if place:
            rows.let_others_write()
        try:
            with transaction.atomic():
                intake.lock_provider(provider.pk)
                write_chunk(chunk, provider, result, today, by)
                batches.advance(row, len(chunk.invoices))
            result.partly_written = True
            seen((place + 1) * PART)
        except RollBack:
            sentence = _("Another import of this practice came in between. Hand this file in again: it continues.")
            result.report("", "import-interrupted", sentence)
            return
    with transaction.atomic():
        batches.finish(row)
        if result.new or result.patients_updated or result.credited:
            counts: dict[str, Any] = {"new": result.new, "known": result.known, "credited": result.credited}
            audit.record("batch_imported", by=by, provider=provider.agb_code, **counts)


def write_chunk(chunk: Chunk, provider: Provider, result: BatchResult, today: date, by: str) -> None:
    """Write what is new of a chunk, in the transaction of the caller, which holds `intake.lock_provider`.

    Raises RollBack with errors in the result: what we know by now contradicts the chunk.
    """
    new = checking.compare(provider, chunk, result)
    if result.error_count:
        raise RollBack
    if new:
        _write_invoices(new, provider, result, today, by)
    if chunk.credit_notes:
        crediting.book(provider, chunk.credit_notes, result, by=by)
        if result.error_count:
            raise RollBack
    if chunk.corrections:
        corrections = (correction.patient for correction in chunk.corrections)
        result.patients_updated += registration.correct(provider, corrections, by=by)


def _write_invoices(new: list[Checked], provider: Provider, result: BatchResult, today: date, by: str) -> None:
    given = [invoice.as_new(provider=provider, today=today) for invoice in new]
    patients = registration.register(provider, (invoice.patient for invoice in given), by=by)
    taken = intake.create_many(provider, given, patient_ids=patients.ids, by=by)
    for room in rooms.intakes():
        room.accept(list(zip(taken, new, strict=True)), today, by)
    result.patients_created += patients.created
    result.patients_updated += patients.corrected
