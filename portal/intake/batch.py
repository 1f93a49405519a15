"""A practice's file: read as a stream, checked as a whole, and then written in chunks.

Nothing is written when any error is found, unless the practice chose that the good ones go on: then only what nothing
speaks against is. It is written a few hundred invoices at a time, each chunk in a transaction of its own, so that
nobody who pays waits for a long file. An import that is killed continues where it stopped when the same file is handed
in again.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from os import PathLike
from pathlib import Path
from typing import IO

from django.db import OperationalError
from django.utils.translation import gettext as _

from billing.models import Provider
from portal.intake import checking, writing
from portal.intake.checking import Chunk, Items
from portal.intake.reader import MAX_BYTES, Broken
from portal.intake.result import BatchResult

KEPT_BYTES = 8 << 20  # a file of at most so many is not read a second time; what it says takes three times as many
_DIGEST_BYTES = 1 << 20
Problem = tuple[str, str, str]  # path, code and sentence of an error


def _nobody(_count: int) -> None:
    """Tell nobody how far it is."""


def _always(_result: BatchResult) -> bool:
    """Agree with whatever was found."""
    return True


def import_file(path: str | PathLike[str], *, dry_run: bool, today: date, by: str) -> BatchResult:
    """Import the batch at `path` as of `today` and return the result; `by` is the actor in ledger and audit trail.

    Nothing is changed when the result has errors. Invoices imported before with the same content are counted as known
    and left alone, with their patients.
    """
    try:
        file = Path(path).open("rb")  # noqa: SIM115  closed below; here only the opening may fail
    except OSError:
        result = BatchResult(dry_run)
        sentence = _("This file can't be opened. Check its name, and whether you may read it.")
        result.report("", "file-unreadable", sentence)
        return result
    with file:
        return import_stream(file, dry_run=dry_run, today=today, by=by)


def import_stream(
    file: IO[bytes],
    *,
    dry_run: bool,
    today: date,
    by: str,
    of: Provider | None = None,
    good_ones: bool = False,
    seen: Callable[[int], object] = _nobody,
    agreed: Callable[[BatchResult], bool] = _always,
    problems: Iterable[Problem] = (),
) -> BatchResult:
    """Import the batch in `file`, which can be read more than once; as `import_file`, for one invoice or many.

    `of`: the practice that hands it in; a batch that names another one is refused. With `good_ones` an item with an
    error stays behind and the others go on (`result.goes_on`); an error of the file itself still refuses all of it.
    `seen` is told how many items were checked or written so far. Nothing is written unless what was found is `agreed`.
    `problems` were found before, when another format was read as a batch.
    """
    result = BatchResult(dry_run)
    for path, code, sentence in problems:
        result.report(path, code, sentence)
    try:
        _import(file, result, today, by, of=of, good_ones=good_ones, seen=seen, agreed=agreed)
    except Broken as broken:
        result.report(broken.path, broken.code, broken.sentence)
        result.goes_on = False
    except OperationalError as error:
        if "locked" not in str(error):
            raise
        sentence = _("The database is busy, probably with another import. Try again in a minute.")
        result.report("", "database-busy", sentence)
        result.goes_on = False
    if result.error_count and not result.goes_on:
        result.count_nothing()
    return result


class _Reading:
    """A file that is read for checking, and once more for writing when it is long."""

    def __init__(self, file: IO[bytes], today: date) -> None:
        if not file.seekable():
            raise Broken("", "not-a-file", _("Give the name of a file, not a stream."))
        size = file.seek(0, 2)
        if size > MAX_BYTES:
            raise Broken("", "file-too-large", _("This file is too large. Split it into several batches."))
        self.file = file
        self.head, self._version = checking.read_head(file)
        self._today = today
        self._kept: list[Chunk] | None = [] if size <= KEPT_BYTES else None
        self._digests: list[bytes] = []

    def first(self, result: BatchResult) -> Iterator[Chunk]:
        """Yield the chunks for the first time; errors go to the result. Raises Broken."""
        for chunk in self._items(result).chunks():
            if self._kept is not None:
                self._kept.append(chunk)
            else:
                self._digests.append(chunk.digest())
            yield chunk

    def again(self) -> Iterator[Chunk]:
        """Yield the chunks again, each only when it says what it said when it was checked. Raises Broken."""
        if self._kept is not None:
            yield from self._kept
            return
        for place, chunk in enumerate(self._items(BatchResult(dry_run=True)).chunks()):
            if place >= len(self._digests) or chunk.digest() != self._digests[place]:
                raise checking.changed()
            yield chunk

    def _items(self, result: BatchResult) -> Items:
        return Items(self.file, self.head, self._version, result, self._today)


def _import(
    file: IO[bytes],
    result: BatchResult,
    today: date,
    by: str,
    *,
    of: Provider | None,
    good_ones: bool,
    seen: Callable[[int], object],
    agreed: Callable[[BatchResult], bool],
) -> None:
    reading = _Reading(file, today)
    provider = checking.known_provider(reading.head, result, of=of)
    for place, chunk in enumerate(reading.first(result), 1):
        result.corrections += len(chunk.corrections)
        if provider:
            checking.compare(provider, chunk, result)
        seen(place * checking.CHUNK)
    if provider is None or result.file_errors or (result.error_count and not good_ones):
        return
    written, chunks = result, reading.again
    if result.error_count:
        chunks = partial(_good_ones, reading, result)
        written = _counted(provider, chunks(), result)
        result.take_over(written)
    if written.error_count or result.dry_run or not agreed(result):
        return
    if not (written.new or written.credited or written.corrections):
        return
    count = written.new + written.known
    written.new = written.cents = written.known = written.credited = 0
    writing.write(chunks(), provider, written, digest=_digest(file), count=count, today=today, by=by, seen=seen)
    if written is not result:
        result.take_over(written)


def _good_ones(reading: _Reading, result: BatchResult) -> Iterator[Chunk]:
    return (checking.good_ones(chunk, result) for chunk in reading.again())


def _counted(provider: Provider, chunks: Iterator[Chunk], result: BatchResult) -> BatchResult:
    """Return what the chunks would do, when only they go on."""
    counted = BatchResult(result.dry_run)
    for chunk in chunks:
        counted.corrections += len(chunk.corrections)
        checking.compare(provider, chunk, counted)
    return counted


def _digest(file: IO[bytes]) -> str:
    digest, at = hashlib.sha256(), file.tell()
    file.seek(0)
    while chunk := file.read(_DIGEST_BYTES):
        digest.update(chunk)
    file.seek(at)
    return digest.hexdigest()
