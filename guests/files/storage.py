"""The bytes of uploaded files: encrypted in the document storage under a name of our own, bound to their row."""

import unicodedata
from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from billing import audit
from billing.encryption import current_key_id, seal, seal_parts, sealed_size, unseal
from billing.models import StaffTask
from billing.storage import files
from billing.transitions import advance
from guests.files.row import GuestFile

FILE_UNCHECKED = "file_unchecked"  # a task for staff
MAX_NAME_LENGTH = 60
Status = GuestFile.Status


def put(content: bytes, row: GuestFile) -> str:
    """Encrypt `content` for this row and store it; return its name in the storage. See billing.storage.files.put."""
    return files.put(row.FOLDER, seal(content, bound_to=row.bound_to))


def put_parts(parts: Iterable[bytes], row: GuestFile) -> str:
    """Encrypt and store the `row.size` bytes of `parts` without having them in memory; return the name."""
    sealed = seal_parts(parts, bound_to=row.bound_to)
    return files.put(row.FOLDER, files.Parts(sealed, size=sealed_size(row.size)))


def get(row: GuestFile) -> bytes:
    """Return the decrypted bytes of this row.

    Medical data: a caller that shows them has checked who is asking and has written the access log.
    """
    return unseal(files.read(row.stored_name), bound_to=row.bound_to)


def erase(row: GuestFile, *, outcome: GuestFile.Status) -> None:
    """Discard the bytes of a row, in the transaction that forgets their name.

    A staff task about a failed check is closed with `outcome`, which says what became of the file.
    """
    files.discard(row.stored_name)
    audit.close_superseded(_open_tasks(row).select_related("invoice"), by="system", reason=outcome)


def open_task(row: GuestFile, *, why: str) -> None:
    """Open one staff task because our own code fails on this file, which waits meanwhile."""
    audit.open_task(FILE_UNCHECKED, dedupe_key=_key(row), invoice=row.about, note=why)


def _open_tasks(row: GuestFile) -> QuerySet[StaffTask]:
    kind = FILE_UNCHECKED
    return StaffTask.objects.filter(kind=kind, dedupe_key=f"{kind}:{_key(row)}", closed_at=None)


def _key(row: GuestFile) -> str:
    return f"{row._meta.model_name}:{row.pk}"


def drop(row: GuestFile) -> None:
    """Erase a file because the sender withdraws it; only the fact that there was one is retained."""
    erase(row, outcome=Status.WITHDRAWN)
    advance(row, Status.WITHDRAWN, stored_name="", sealed_name=b"")


def shown_name(name: str, kind: GuestFile.Kind) -> str:
    """Return the name of an uploaded file, safe to show: no folders, no control or text direction characters.

    The extension follows from `kind`, so that `invoice.pdf.exe` can't pass for something else.
    """
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(
        c if unicodedata.category(c)[0] in "LN" or c in " -_()." else "_"
        for c in base
        if unicodedata.category(c)[0] != "C"
    )
    stem = plain.rpartition(".")[0] or plain
    stem = stem.replace(".", "_").strip(" _")[:MAX_NAME_LENGTH].strip(" _")
    ending = "jpg" if kind == GuestFile.Kind.JPEG else kind.value
    return f"{stem or 'file'}.{ending}"


def seal_again(model: type[GuestFile]) -> int:
    """Encrypt with the newest key every stored file of `model` that an older one encrypted; return how many."""
    count, rows = 0, model._default_manager.all()
    for row in rows.exclude(stored_name="").order_by("pk").iterator(chunk_size=500):
        sealed = files.read(row.stored_name)
        if sealed[0] == current_key_id():
            continue
        fresh = put(unseal(sealed, bound_to=row.bound_to), row)
        with transaction.atomic():
            # Compare-and-set, because a check or a withdrawal may have replaced the file meanwhile.
            moved = rows.filter(pk=row.pk, stored_name=row.stored_name).update(stored_name=fresh)
            if moved:
                files.keep(fresh)
            files.discard(row.stored_name if moved else fresh)
        count += moved
    return count
