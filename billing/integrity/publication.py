"""Publication of digests outside the database: one line a day for each table, chained and keyed.

Whoever changes rows later, with the triggers switched off, can't change what was written here before. A line holds
counts and digests, no personal data, so it may be sent anywhere: it is also a line of the log.
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import IO, Any

from django.apps import apps
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Count, Max, Model

from billing.integrity.keyed import DigestField, current_key_id, is_as_written, is_digest_of, keyed_digest

log = logging.getLogger(__name__)
CHUNK = 2000
LOCK_SECONDS, LOCK_NOT_AVAILABLE = 2, "55P03"


@dataclass(frozen=True, slots=True)
class Publication:
    """What was true of a table at a moment: `rows` rows, the last with the id or number `through`.

    `digest` covers the rows since the publication before, and that one's digest. `anew` says that the chain of the
    table begins here: after a backup was restored the books may hold less than was published.
    """

    of: str
    at: str
    through: int
    rows: int
    digest: str
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A publication in the file; `seal` is the keyed digest of it and of the line before."""

    publication: Publication
    seal: str
    is_right: bool


# --- the file -------------------------------------------------------------------------------------


def lines() -> list[Line]:
    """Return all lines of the file, oldest first; none when there is no file yet."""
    try:
        with settings.DIGESTS_FILE.open() as file:
            return _parsed(file)
    except FileNotFoundError:
        return []


def publications(of: str) -> list[Publication]:
    """Return what was published about `of` and still counts, oldest first."""
    found: list[Publication] = []
    for line in lines():
        if line.is_right and line.publication.of == of:
            found = [line.publication] if line.publication.anew else [*found, line.publication]
    return found


def forged() -> Iterator[str]:
    """Yield each line of the file that was changed, or that stands behind one that was changed or removed."""
    for number, line in enumerate(lines(), start=1):
        if not line.is_right:
            yield f"line {number} of the published digests was changed, or the line before it"


def append(publication: Publication) -> None:
    """Write `publication` as the last line, on disk when this returns, and log it. Raises OSError."""
    path = settings.DIGESTS_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = _parsed(file)
        _drop_torn_line(file)
        seal = keyed_digest("publication", [before[-1].seal if before else "", *asdict(publication).values()])
        file.write(json.dumps({**asdict(publication), "seal": seal}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    log.info(
        "published digest of %s: %s rows through %s, %s", publication.of, publication.rows, publication.through,
        _in_groups(publication.digest),
    )  # fmt: skip


def _in_groups(digest: str) -> str:
    """Return the first 120 bits in groups, which the log does not take for a number that names a person."""
    return "-".join(digest.partition(":")[2][start : start + 6] for start in range(0, 30, 6))


def _parsed(file: IO[str]) -> list[Line]:
    file.seek(0)
    found: list[Line] = []
    previous = ""
    for text in file:
        if not text.endswith("\n"):
            break  # the process was killed while it wrote
        try:
            fields: dict[str, Any] = json.loads(text)
            seal = str(fields.pop("seal"))
            publication = Publication(**fields)
        except (ValueError, TypeError, KeyError, AttributeError):
            seal, publication = "", Publication("", "", 0, 0, "")
        is_right = is_digest_of(seal, "publication", [previous, *asdict(publication).values()])
        found.append(Line(publication, seal, is_right))
        previous = seal
    return found


def _drop_torn_line(file: IO[str]) -> None:
    file.seek(0)
    whole = file.read().rpartition("\n")
    file.seek(len((whole[0] + whole[1]).encode()))
    file.truncate()


@contextmanager
def alone() -> Iterator[None]:
    """Let no other process publish within the block.

    What is published follows from what was published last: of two who read the same last line at once, the second would
    publish beside it, and true rows would look changed.
    """
    path = settings.DIGESTS_FILE.with_suffix(".lock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600)) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# --- tables with a DigestField --------------------------------------------------------------------


@cache
def tables() -> dict[str, type[Model]]:
    """Return the models whose rows carry a keyed digest, by the name of their table."""
    found = (m for m in apps.get_models() if any(isinstance(f, DigestField) for f in m._meta.concrete_fields))
    return {model._meta.db_table: model for model in found}


def publish_tables(*, now: datetime, anew: bool = False) -> bool:
    """Publish, for each table with keyed digests, the rows that came since the last time; return whether for all.

    `anew` begins each chain from the first row, for a database that was restored.
    """
    with alone():
        published = [_publish_table(name, model, now=now, anew=anew) for name, model in tables().items()]
    return all(published)


def _publish_table(name: str, model: type[Model], *, now: datetime, anew: bool) -> bool:
    """Publish the rows of one table that came since the last time; return False when it has to be done later."""
    before = publications(name)
    last = None if anew or not before else before[-1]
    try:
        through = _last_committed(model)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
            raise
        log.warning("the digest of %s is published later: a long transaction writes to it", name)
        return False
    if last is None or through > last.through:
        digest, rows = _segment(model, last, through)
        count = rows + (last.rows if last else 0)
        append(Publication(name, now.isoformat(), through, count, digest, anew=last is None))
    return True


def _last_committed(model: type[Model]) -> int:
    """Return the highest id below which no row can still appear: those who write now have committed."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # Waits for transactions that wrote and are not over, but not long: who wants to write waits behind it.
                # On SQLite one that writes is alone anyway.
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
                cursor.execute(f"LOCK TABLE {connection.ops.quote_name(model._meta.db_table)} IN SHARE MODE")
        return model._default_manager.aggregate(last=Max("pk"))["last"] or 0


def _segment(model: type[Model], last: Publication | None, through: int, key_id: int | None = None) -> tuple[str, int]:
    """Return the digest of the rows after `last` up to `through`, and how many they are."""
    begun = last.through if last else 0
    rows = model._default_manager.filter(pk__gt=begun, pk__lte=through).order_by("pk").values_list("pk", "digest")
    digest, count = last.digest if last else "", 0
    key_id = current_key_id() if key_id is None else key_id
    chunk: list[Any] = []
    for row in rows.iterator(chunk_size=CHUNK):
        chunk.append(row)
        count += 1
        if len(chunk) == CHUNK:
            digest, chunk = keyed_digest("segment", [digest, chunk], key_id=key_id), []
    return keyed_digest("segment", [digest, chunk], key_id=key_id), count


def contradictions() -> Iterator[str]:
    """Yield, as a sentence, each row that is not as it was written, and each table that is not as it was published."""
    yield from forged()
    for name, model in tables().items():
        for row in model._default_manager.order_by("pk").iterator(chunk_size=CHUNK):
            if not is_as_written(row):
                yield f"table {name}: row {row.pk} is not as the product wrote it"
        copied = model._default_manager.values("digest").annotate(count=Count("pk")).filter(count__gt=1)
        for digest in copied.order_by().values_list("digest", flat=True):
            yield f"table {name}: a row was copied, with the digest {digest[:16]}…"
        last: Publication | None = None
        for publication in publications(name):
            digest, count = _recomputed(model, last, publication)
            if digest != publication.digest or count + (last.rows if last else 0) != publication.rows:
                first = last.through + 1 if last else 1
                yield f"table {name}: rows {first} to {publication.through} are not those published {publication.at}"
            last = publication


def _recomputed(model: type[Model], last: Publication | None, publication: Publication) -> tuple[str, int]:
    key_id, _, _digits = publication.digest.partition(":")
    try:
        return _segment(model, last, publication.through, int(key_id))
    except (ValueError, KeyError):
        return "", -1
