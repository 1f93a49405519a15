"""A practice's file: read as a stream, checked as a whole, and then written in chunks.

Nothing is written when any error is found. What is right is written a few hundred invoices at a time, each chunk in a
transaction of its own, so that nobody who pays waits for a long file. An import that is killed continues where it
stopped when the same file is handed in again.
"""

import hashlib
from collections.abc import Iterator
from datetime import date
from os import PathLike
from pathlib import Path
from typing import IO

from django.db import OperationalError
from django.utils.translation import gettext as _

from portal.intake import checking, writing
from portal.intake.checking import Chunk, Items
from portal.intake.reader import MAX_BYTES, Broken
from portal.intake.result import BatchResult

KEPT_CHUNKS = 5  # a file of at most so many is not read a second time for writing
_DIGEST_BYTES = 1 << 20


def import_file(path: str | PathLike[str], *, dry_run: bool, today: date, by: str) -> BatchResult:
    """Import the batch at `path` as of `today` and return the result; `by` is the actor in ledger and audit trail.

    Nothing is changed when the result has errors. Invoices imported before with the same content are counted as known
    and left alone, with their patients.
    """
    result = BatchResult(dry_run)
    try:
        file = Path(path).open("rb")  # noqa: SIM115  closed below; here only the opening may fail
    except OSError:
        sentence = _("This file can't be opened. Check its name, and whether you may read it.")
        result.report("", "file-unreadable", sentence)
        return result
    with file:
        try:
            _import(file, result, today, by)
        except Broken as broken:
            result.report(broken.path, broken.code, broken.sentence)
        except OperationalError as error:
            if "locked" not in str(error):
                raise
            sentence = _("The database is busy, probably with another import. Try again in a minute.")
            result.report("", "database-busy", sentence)
    if result.error_count:
        result.new = result.known = result.patients_created = result.patients_updated = result.credited = 0
    return result


def _import(file: IO[bytes], result: BatchResult, today: date, by: str) -> None:
    if not file.seekable():
        raise Broken("", "not-a-file", _("Give the name of a file, not a stream."))
    if file.seek(0, 2) > MAX_BYTES:
        raise Broken("", "file-too-large", _("This file is too large. Split it into several batches."))
    head, version = checking.read_head(file)
    provider = checking.known_provider(head, result)
    kept: list[Chunk] = []
    digests: list[bytes] = []
    for chunk in Items(file, head, version, result, today).chunks():
        digests.append(chunk.digest())
        result.corrections += len(chunk.corrections)
        if len(digests) <= KEPT_CHUNKS:
            kept.append(chunk)
        if provider:
            checking.compare(provider, chunk, result)
    if result.error_count or provider is None or result.dry_run:
        return
    if not (result.new or result.credited or result.corrections):
        return
    count, result.new, result.known, result.credited = result.new + result.known, 0, 0, 0
    is_long = len(digests) > KEPT_CHUNKS
    again = _unchanged(Items(file, head, version, result, today), digests) if is_long else iter(kept)
    writing.write(again, provider, result, digest=_digest(file), count=count, today=today, by=by)


def _unchanged(items: Items, digests: list[bytes]) -> Iterator[Chunk]:
    """Yield the chunks again, each only when it says what it said when it was checked. Raises Broken."""
    for place, chunk in enumerate(items.chunks()):
        if place >= len(digests) or chunk.digest() != digests[place]:
            raise checking.changed()
        yield chunk


def _digest(file: IO[bytes]) -> str:
    digest, at = hashlib.sha256(), file.tell()
    file.seek(0)
    while chunk := file.read(_DIGEST_BYTES):
        digest.update(chunk)
    file.seek(at)
    return digest.hexdigest()
