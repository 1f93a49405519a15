"""Files in the document storage, each with a row, so that none is lost or left behind whenever a process dies.

The row comes first: it is committed before a byte is written. The transaction that writes the row which names the file
also keeps it, and the one that forgets the file also discards it. What was never kept, and what was discarded, is
removed by `upkeep.sweep`, whatever happened in between.
"""

import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, storages
from django.db import DatabaseError, transaction
from django.utils import timezone

from billing.links import new_token
from billing.models import StoredFile

log = logging.getLogger(__name__)
State = StoredFile.State
REMOVED_AT_ONCE = 20  # right after the commit; of more than that the sweep removes the rest
_FIRST_RETRY = timedelta(minutes=2)
_LAST_RETRY = timedelta(hours=6)


class NotStored(Exception):
    """The storage did not take a file: it is full, or gives no answer. Nothing of the file is left."""


class Parts(File):
    """A file to be stored whose bytes are made while they are written. It is read once, from its beginning."""

    def __init__(self, parts: Iterable[bytes], *, size: int) -> None:
        super().__init__(None)
        self.size = size
        self._parts, self._left = iter(parts), b""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Yield the bytes in parts."""
        return self._parts

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes, or all that are left."""
        taken = [self._left]
        while size < 0 or sum(map(len, taken)) < size:
            part = next(self._parts, None)
            if part is None:
                break
            taken.append(part)
        whole = b"".join(taken)
        self._left = whole[size:] if size >= 0 else b""
        return whole[:size] if size >= 0 else whole

    def seekable(self) -> bool:
        """Tell that there is no going back."""
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        """Stay at the beginning, where a storage looks for it before it reads."""
        return 0

    def close(self) -> None:
        """Do nothing: there is no file behind it."""


def put(folder: str, sealed: bytes | File) -> str:
    """Store bytes that were sealed before under a new name; return the name. The caller keeps it, or it is removed.

    Call it outside a transaction, so that the row is there before the bytes: inside one, as in the first start of the
    demo, a rollback leaves bytes that only the nightly comparison finds. Raises NotStored.
    """
    name = f"{folder}/{new_token()}.sealed"
    content: File = ContentFile(sealed) if isinstance(sealed, bytes) else sealed
    if not has_room_for(content.size):
        raise NotStored("there is no room for it")
    try:
        StoredFile.objects.create(name=name)
    except DatabaseError as error:  # it may be on the same full disk
        raise NotStored(type(error).__name__) from error
    try:
        storages["default"].save(name, content)
    except Exception as error:  # of whatever library speaks to the storage
        log.warning("a file could not be stored: %s", type(error).__name__)
        _take_back(name)
        raise NotStored(type(error).__name__) from error
    return name


def _take_back(name: str) -> None:
    """Remove what there is of a file. What fails here is left to the sweep, as after the death of a process."""
    with suppress(Exception):  # the storage failed a moment ago
        storages["default"].delete(name)
    with suppress(DatabaseError):
        discard(name)


def has_room_for(size: int) -> bool:
    """Tell whether the disk of the storage has so many bytes and a reserve for the database; a bucket has."""
    location = getattr(storages["default"], "location", None)
    if not location or "://" in str(location):
        return True
    try:
        return shutil.disk_usage(_existing(str(location))).free >= size + settings.STORAGE_RESERVE_BYTES
    except OSError:
        return True  # writing will tell


def _existing(folder: str) -> str:
    """Return the folder, or the nearest one above it while nothing was ever stored."""
    path = Path(folder)
    return str(next((place for place in (path, *path.parents) if place.exists()), path))


def keep(name: str) -> None:
    """Keep a file, in the transaction that writes the row which names it. Raises LookupError when it is gone again."""
    if not StoredFile.objects.filter(name=name, state=State.WRITING).update(state=State.KEPT, since=timezone.now()):
        raise LookupError("a file that was stored is being removed: it was not kept in time")


def discard(*names: str) -> None:
    """Remove files, in the transaction that forgets them: their bytes go after the commit. Empty names stand for none.

    When that fails, or the process dies before, the sweep removes them.
    """
    wanted = [name for name in names if name]
    now = timezone.now()
    StoredFile.objects.filter(name__in=wanted).update(state=State.REMOVING, since=now, next_try_at=now)
    for name in wanted[:REMOVED_AT_ONCE]:
        transaction.on_commit(partial(_remove_quietly, name))


def _remove_quietly(name: str) -> None:
    row = StoredFile.objects.filter(name=name, state=State.REMOVING).first()
    if row is not None:
        remove(row)


def remove(row: StoredFile) -> bool:
    """Remove the bytes, then the row; return False, with a later time for the next try, when the storage fails."""
    try:
        storages["default"].delete(row.name)
    except Exception as error:  # of whatever library speaks to the storage
        log.warning("a file could not be removed: %s", type(error).__name__)
        wait = min(_FIRST_RETRY * 2 ** min(row.tries, 12), _LAST_RETRY)
        StoredFile.objects.filter(pk=row.pk).update(tries=row.tries + 1, next_try_at=timezone.now() + wait)
        return False
    row.delete()
    return True


def read(name: str) -> bytes:
    """Return the bytes, sealed as they are stored."""
    with storages["default"].open(name) as file:
        return bytes(file.read())


def names(store: Storage, folder: str = "") -> Iterable[str]:
    """Yield the names of all files in the storage."""
    try:
        folders, found = store.listdir(folder)
    except FileNotFoundError:
        return  # nothing was ever stored
    for name in found:
        yield f"{folder}/{name}" if folder else name
    for name in folders:
        yield from names(store, f"{folder}/{name}" if folder else name)
