"""The bytes of what patients send: sealed in the document storage under a name of our own, bound to their row."""

import unicodedata
from collections.abc import Collection, Iterable
from functools import partial

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import QuerySet

from billing import audit
from billing.encryption import current_key_id, seal, unseal
from billing.links import new_token
from billing.models import StaffTask
from billing.transitions import advance
from coulance.models import CoulanceCase, Decision, Specification

FOLDER = "specifications"
FILE_UNCHECKED = "file_unchecked"  # a task for staff
LONGEST_NAME = 60
Status = Specification.Status


def put(content: bytes, row: Specification) -> str:
    """Seal `content` for this row and store it; the name under which it lies."""
    sealed = seal(content, bound_to=row.bound_to)
    return storages["default"].save(f"{FOLDER}/{new_token()}.sealed", ContentFile(sealed))


def get(row: Specification) -> bytes:
    """The plain bytes of this row.

    Medical data: whoever calls this to show it has checked who is asking and has written the access log.
    """
    with storages["default"].open(row.stored_name) as file:
        return unseal(file.read(), bound_to=row.bound_to)


def remove(stored_name: str) -> None:
    if stored_name:
        storages["default"].delete(stored_name)


def erase(row: Specification, *, outcome: Specification.Status) -> None:
    """Remove the bytes of a row once the transaction that lets go of them stands.

    Whatever staff were asked about a check that failed is over with that: the item says what became of the file.
    """
    transaction.on_commit(partial(remove, row.stored_name))
    audit.close_superseded(_asked_about(row).select_related("invoice"), by="system", reason=outcome)


def open_task(row: Specification, *, why: str) -> None:
    """Something of ours fails over this file, which waits: a staff task, once."""
    audit.open_task(FILE_UNCHECKED, dedupe_key=f"{row.pk}", invoice=row.case.invoice, note=why)


def _asked_about(row: Specification) -> QuerySet[StaffTask]:
    kind = FILE_UNCHECKED
    return StaffTask.objects.filter(kind=kind, dedupe_key=f"{kind}:{row.pk}", closed_at=None)


def drop(row: Specification) -> None:
    """The patient wants it back: nothing of the file is kept but that there was one."""
    erase(row, outcome=Status.WITHDRAWN)
    advance(row, Status.WITHDRAWN, stored_name="", sealed_name=b"")


def drop_all(case: CoulanceCase, *, but: Collection[int] = ()) -> None:
    """Let go of everything that was sent for a locked case, but for the files with these keys."""
    for row in case.specifications.exclude(status__in=(Status.REFUSED, Status.WITHDRAWN)).exclude(pk__in=but):
        drop(row)


def decided_with(rows: Iterable[Specification], decision: Decision | None) -> set[int]:
    """The keys of the files on which `decision` rests: those that had been checked when it was made."""
    if decision is None:
        return set()
    clean = (row for row in rows if row.status == Status.CLEAN)
    return {row.pk for row in clean if (row.checked_at or row.uploaded_at) <= decision.at}


def shown_name(name: str, kind: Specification.Kind) -> str:
    """What a file was called, made harmless for showing it: no folders, no control or direction characters.

    Its ending is that of what the file is, so that `invoice.pdf.exe` never reads as something else.
    """
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(
        c if unicodedata.category(c)[0] in "LN" or c in " -_()." else "_"
        for c in base
        if unicodedata.category(c)[0] != "C"
    )
    stem = plain.rpartition(".")[0] or plain
    stem = stem.replace(".", "_").strip(" _")[:LONGEST_NAME].strip(" _")
    ending = "jpg" if kind == Specification.Kind.JPEG else kind.value
    return f"{stem or 'file'}.{ending}"


def seal_again() -> int:
    """Seal every stored file that an older key sealed with the newest one; how many there were."""
    store, count = storages["default"], 0
    for row in Specification.objects.exclude(stored_name="").order_by("pk").iterator(chunk_size=500):
        with store.open(row.stored_name) as file:
            sealed = file.read()
        if sealed[0] == current_key_id():
            continue
        fresh = put(unseal(sealed, bound_to=row.bound_to), row)
        # Compared, since a check or a withdrawal may have replaced the file meanwhile.
        same = Specification.objects.filter(pk=row.pk, stored_name=row.stored_name)
        moved = same.update(stored_name=fresh)
        remove(row.stored_name if moved else fresh)
        count += moved
    return count
