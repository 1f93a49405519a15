"""Receiving files: encrypted and stored as rows, all or none; a worker checks each one before anybody sees it."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.core.files import File
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.models import StaffTask
from billing.outbox import wakeup
from billing.storage import files
from guests.files import cleaning, storage
from guests.files.limits import Sender, check_files
from guests.files.row import GuestFile

R = TypeVar("R", bound=GuestFile)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was uploaded, with the name that the sender gave it. `lost`: the disk did not take it."""

    name: str
    content: bytes | File

    def parts(self) -> Iterable[bytes]:
        """Return the content in parts, as often as it is asked."""
        return [self.content] if isinstance(self.content, bytes) else self.content.chunks()

    @property
    def size(self) -> int:
        """Return how many bytes it has."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.size

    @property
    def is_lost(self) -> bool:
        """Tell whether the disk did not take it all."""
        return getattr(self.content, "lost", False)


def receive(
    model: type[R],
    uploads: Sequence[Upload],
    *,
    belongs: Mapping[str, Any],
    insert: Callable[[Sequence[R]], list[R]],
    now: datetime,
    sender: Sender,
) -> list[R]:
    """Store files encrypted, then let `insert` write their rows in its transaction; return the rows that it wrote.

    `belongs`: the columns that say to what they belong. Raises Refused with a sentence for the sender.
    """
    rows = [_row(model(**belongs, uploaded_at=now, **sender.columns), upload) for upload in uploads]
    stored: list[str] = []
    kept: list[R] = []
    try:
        for row, upload in zip(rows, uploads, strict=True):
            row.stored_name = storage.put_parts(upload.parts(), row)
            stored.append(row.stored_name)
        kept = insert(rows)
    except files.NotStored as error:
        raise _no_room() from error
    finally:
        if unused := set(stored) - {row.stored_name for row in kept}:
            with suppress(DatabaseError):  # what fails here is left to the sweep
                files.discard(*unused)
    return kept


def keep_new(rows: Sequence[R], existing: Sequence[R], sender: Sender) -> list[R]:
    """Insert those of `rows` that are not among the `existing` ones yet, and have them checked; return these.

    Called in the transaction of the room, with what they belong to locked. Raises Refused when they are too many.
    """
    present = [row for row in existing if row.status not in GuestFile.GONE]
    known = {row.sha256 for row in present}
    new = list({row.sha256: row for row in rows if row.sha256 not in known}.values())
    check_files(present, existing, len(new), sender)
    for row in new:
        row.save(force_insert=True)
        files.keep(row.stored_name)
        wakeup.enqueue_on_commit(row.CHECK, row.pk, queue=wakeup.FILES)
    return new


def _no_room() -> Refused:
    """Return the refusal when the storage takes no file, and tell staff, once an hour."""
    with suppress(DatabaseError):  # it may be on the same full disk
        key = f"no-room:{timezone.localtime():%Y-%m-%dT%H}"
        audit.open_task(
            StaffTask.Kind.STORAGE, dedupe_key=key, note="uploads are refused: it is full or gives no answer"
        )
    return Refused(
        _("We can't keep your files at this moment, and nothing was sent. Please try again later today, or tomorrow.")
    )


def _row(row: R, upload: Upload) -> R:
    head = next(iter(upload.parts()), b"")
    kind = cleaning.kind_of(head)
    shown = storage.shown_name(upload.name, kind or GuestFile.Kind.PDF)
    if upload.size > settings.UPLOAD_MAX_BYTES:
        raise Refused(
            _("%(name)s is too large. A file may be %(most)d MB at most. Take a photo or a screenshot of it.")
            % {"name": shown, "most": settings.UPLOAD_MAX_BYTES // 1024**2}
        )
    if not upload.size:
        raise Refused(_("%(name)s is empty.") % {"name": shown})
    if upload.is_lost:
        raise _no_room()
    if kind is None:
        raise Refused(
            _("%(name)s is not a PDF or a photo. Take a screenshot or a photo of it, and send that.")
            % {"name": shown.rpartition(".")[0]}
        )
    digest = hashlib.sha256()
    for part in upload.parts():
        digest.update(part)
    row.kind, row.size, row.sha256 = kind, upload.size, digest.hexdigest()
    row.name = shown
    return row
