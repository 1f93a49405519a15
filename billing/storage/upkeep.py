"""Upkeep of the document storage: removing what nothing refers to, and comparing it with its rows each night."""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.apps import apps
from django.core.files.storage import storages
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from billing import audit
from billing.models import StaffTask, StoredFile
from billing.storage import files

log = logging.getLogger(__name__)
State = StoredFile.State
WRITTEN_WITHIN = timedelta(hours=1)  # a file that nobody kept by then: its process died
UNKNOWN_AFTER = timedelta(days=1)  # a file without a row that is younger may be part of a restore under way
SWEEP_BATCH = 200
TELL_AFTER_TRIES = 5  # some hours: then the storage refuses, and somebody has to look
_CHUNK = 500


def sweep(*, now: datetime | None = None) -> int:
    """Remove what was discarded, and what was never kept; return how many files that were.

    A failure delays only the file that it concerns, longer each time, and opens a task when it goes on.
    """
    now = now or timezone.now()
    abandoned = StoredFile.objects.filter(state=State.WRITING, since__lt=now - WRITTEN_WITHIN)
    for row in abandoned.order_by("next_try_at")[:SWEEP_BATCH]:
        # Compare-and-set: the process may be alive after all, and keep it at this moment.
        StoredFile.objects.filter(pk=row.pk, state=State.WRITING).update(state=State.REMOVING, next_try_at=now)
    due = StoredFile.objects.filter(state=State.REMOVING, next_try_at__lte=now).order_by("next_try_at", "pk")
    removed = 0
    for row in due[:SWEEP_BATCH]:
        removed += files.remove(row)
        if row.tries + 1 == TELL_AFTER_TRIES and StoredFile.objects.filter(pk=row.pk).exists():
            _tell("files that were erased are still in it: it refuses to remove them", now)
    return removed


def compare(*, now: datetime | None = None) -> dict[str, int]:
    """Compare the storage with the rows, and open one task when they differ; return how many there are of each kind.

    unknown: files that no row knows, so that nothing would ever erase them. missing: kept, and not in the storage.
    unnamed: kept, and no document or upload names them. unrecorded: named, and not kept.
    """
    now = now or timezone.now()
    there = set(files.names(storages["default"]))
    kept = StoredFile.objects.filter(state=State.KEPT)
    missing = (name for name in kept.values_list("name", flat=True).iterator(chunk_size=_CHUNK) if name not in there)
    found = {
        "unknown": sum(1 for _name in unknown(there, now=now)),
        # Read again: it may have been erased since the storage was listed.
        "missing": sum(kept.filter(name__in=names).count() for names in _chunks(missing)),
        "unnamed": kept.exclude(_named(OuterRef("name"))).filter(since__lt=now - WRITTEN_WITHIN).count(),
        "unrecorded": sum(_unrecorded(model, column) for model, column in named_in()),
    }
    if differing := ", ".join(f"{kind} {count}" for kind, count in found.items() if count):
        _tell(f"storage and rows differ: {differing}", now)
    log.info("document storage compared: %s", found)
    return found


def unknown(there: Iterable[str], *, now: datetime) -> Iterator[str]:
    """Yield those of the names for which there is no row, and whose file is older than UNKNOWN_AFTER."""
    store = storages["default"]
    for names in _chunks(sorted(there)):
        known = set(StoredFile.objects.filter(name__in=names).values_list("name", flat=True))
        for name in names:
            if name not in known and _is_old(store, name, now):
                yield name


def _chunks(names: Iterable[str]) -> Iterator[list[str]]:
    left = iter(names)
    while chunk := list(islice(left, _CHUNK)):
        yield chunk


def _is_old(store: Any, name: str, now: datetime) -> bool:
    try:
        return bool(store.get_modified_time(name) < now - UNKNOWN_AFTER)
    except FileNotFoundError:
        return False


def remove_unknown(*, now: datetime | None = None) -> int:
    """Remove the files that no row knows, at the wish of a person who has made sure of it; return how many."""
    now = now or timezone.now()
    store, count = storages["default"], 0
    for name in list(unknown(files.names(store), now=now)):
        store.delete(name)
        count += 1
    if count:
        audit.record("unknown_files_removed", by="operator", files=count)
    return count


def named_in() -> Iterator[tuple[type[models.Model], str]]:
    """Yield each model of every room that names stored files, and the column in which it does."""
    return ((model, model.STORED_IN) for model in apps.get_models() if hasattr(model, "STORED_IN"))


def _named(name: OuterRef) -> Q:
    named = Q()
    for model, column in named_in():
        named |= Q(Exists(model._base_manager.filter(**{column: name})))
    return named


def _unrecorded(model: type[models.Model], column: str) -> int:
    kept = StoredFile.objects.filter(name=OuterRef(column), state=State.KEPT)
    return model._base_manager.exclude(**{column: ""}).exclude(Exists(kept)).count()


def _tell(note: str, now: datetime) -> None:
    """Open a task, unless one that says the same is open."""
    kind = StaffTask.Kind.STORAGE
    if not StaffTask.objects.filter(kind=kind, note=note, closed_at=None).exists():
        cause = hashlib.sha256(note.encode()).hexdigest()[:8]
        audit.open_task(kind, dedupe_key=f"{timezone.localtime(now):%Y-%m-%d}:{cause}", note=note)
