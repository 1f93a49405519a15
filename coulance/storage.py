"""The bytes of uploaded files: encrypted in the document storage under a name of our own, bound to their row."""

import unicodedata
from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import QuerySet

from billing import audit
from billing.encryption import current_key_id, seal, seal_parts, sealed_size, unseal
from billing.models import StaffTask
from billing.storage import files
from billing.transitions import advance
from coulance.models import CoulanceCase, Decision, Specification

FOLDER = "specifications"
FILE_UNCHECKED = "file_unchecked"  # a task for staff
MAX_NAME_LENGTH = 60
Status = Specification.Status


def put(content: bytes, row: Specification) -> str:
    """Encrypt `content` for this row and store it; return its name in the storage. See billing.storage.files.put."""
    return files.put(FOLDER, seal(content, bound_to=row.bound_to))


def put_parts(parts: Iterable[bytes], row: Specification) -> str:
    """Encrypt and store the `row.size` bytes of `parts` without having them in memory; return the name."""
    sealed = seal_parts(parts, bound_to=row.bound_to)
    return files.put(FOLDER, files.Parts(sealed, size=sealed_size(row.size)))


def get(row: Specification) -> bytes:
    """Return the decrypted bytes of this row.

    Medical data: a caller that shows them has checked who is asking and has written the access log.
    """
    return unseal(files.read(row.stored_name), bound_to=row.bound_to)


def erase(row: Specification, *, outcome: Specification.Status) -> None:
    """Discard the bytes of a row, in the transaction that forgets their name.

    A staff task about a failed check is closed with `outcome`, which says what became of the file.
    """
    files.discard(row.stored_name)
    audit.close_superseded(_open_tasks(row).select_related("invoice"), by="system", reason=outcome)


def open_task(row: Specification, *, why: str) -> None:
    """Open one staff task because our own code fails on this file, which waits meanwhile."""
    audit.open_task(FILE_UNCHECKED, dedupe_key=f"{row.pk}", invoice=row.case.invoice, note=why)


def _open_tasks(row: Specification) -> QuerySet[StaffTask]:
    kind = FILE_UNCHECKED
    return StaffTask.objects.filter(kind=kind, dedupe_key=f"{kind}:{row.pk}", closed_at=None)


def drop(row: Specification) -> None:
    """Erase a file because the patient withdraws it; only the fact that there was one is retained."""
    erase(row, outcome=Status.WITHDRAWN)
    advance(row, Status.WITHDRAWN, stored_name="", sealed_name=b"")


def drop_all(case: CoulanceCase, *, exclude: Collection[int] = ()) -> None:
    """Erase all files of a locked case except those with the keys in `exclude`."""
    for row in case.specifications.exclude(status__in=(Status.REFUSED, Status.WITHDRAWN)).exclude(pk__in=exclude):
        drop(row)


def decided_with(rows: Iterable[Specification], decision: Decision | None) -> set[int]:
    """Return the keys of the files on which `decision` is based: those that had been checked when it was made."""
    if decision is None:
        return set()
    clean = (row for row in rows if row.status == Status.CLEAN)
    return {row.pk for row in clean if (row.checked_at or row.uploaded_at) <= decision.at}


def shown_name(name: str, kind: Specification.Kind) -> str:
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
    ending = "jpg" if kind == Specification.Kind.JPEG else kind.value
    return f"{stem or 'file'}.{ending}"


def seal_again() -> int:
    """Encrypt with the newest key every stored file that an older key encrypted; return how many there were."""
    count = 0
    for row in Specification.objects.exclude(stored_name="").order_by("pk").iterator(chunk_size=500):
        sealed = files.read(row.stored_name)
        if sealed[0] == current_key_id():
            continue
        fresh = put(unseal(sealed, bound_to=row.bound_to), row)
        with transaction.atomic():
            # Compare-and-set, because a check or a withdrawal may have replaced the file meanwhile.
            moved = Specification.objects.filter(pk=row.pk, stored_name=row.stored_name).update(stored_name=fresh)
            if moved:
                files.keep(fresh)
            files.discard(row.stored_name if moved else fresh)
        count += moved
    return count
