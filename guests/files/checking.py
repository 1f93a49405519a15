"""Checking uploaded files: scan for viruses, rewrite, encrypt; only then may anybody open them.

The row is claimed, the work is done without a lock, and its outcome is written under the lock of what it belongs to.
A worker that dies meanwhile leaves a claimed row, which the sweep requeues.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from billing import audit
from billing.channels import virus_scan
from billing.errors import GatewayUnknown
from billing.models import StaffTask
from billing.storage import files
from billing.transitions import advance
from guests.files import cleaning, pages, storage
from guests.files.row import GuestFile

log = logging.getLogger(__name__)
Status, Reason = GuestFile.Status, GuestFile.Reason
ABANDONED_AFTER = timedelta(minutes=5)  # a check takes seconds, so the worker that claimed it must be dead
TRY_AGAIN_AFTER = timedelta(minutes=2)  # when the scanner did not answer, or our own code failed
GIVE_UP_AFTER = timedelta(days=7)  # then an unchecked file is refused: its invoice can't be on hold for ever
MAX_TRIES = 3  # a file on which a worker died this often is refused
SWEEP_BATCH, SWEEP_SECONDS = 10, 20


@dataclass(frozen=True, slots=True)
class FileRules:
    """What a room does with the files of its table; all of it in the transaction that writes the outcome.

    `lock` locks what a file belongs to and returns it, freshly read; None when it is gone. `wanted` tells whether that
    still takes a file. `checked` and `refused` are told what became of it: with that, the row, and the time.
    """

    model: type[GuestFile]
    lock: Callable[[Any], Any]
    wanted: Callable[[Any], bool]
    checked: Callable[[Any, Any, datetime], object]
    refused: Callable[[Any, Any, datetime], object]
    # Looks at the file as it was sent, and what it returned is kept with the checked row; neither refuses a file.
    look: Callable[[bytes, GuestFile.Kind], Any] | None = None
    keep: Callable[[Any, Any], object] | None = None


def check(rules: FileRules, file_id: int, *, now: datetime | None = None) -> None:
    """Check one waiting file; one that is done, or that another worker is checking, is left alone."""
    now = now or timezone.now()
    waiting = rules.model._default_manager.filter(pk=file_id, status__in=(Status.RECEIVED, Status.QUARANTINED))
    row = waiting.first()
    if row is None or not advance(row, Status.CHECKING, claimed_at=now, tries=row.tries + 1):
        return
    with _requeue_on_error(row):
        try:
            content = storage.get(row)
            if virus_scan.is_infected(content):
                raise cleaning.FileRejected(Reason.VIRUS)
            clean = cleaning.clean(content, GuestFile.Kind(row.kind))
            seen = rules.look(content, GuestFile.Kind(row.kind)) if rules.look else None
        except GatewayUnknown as error:
            log.warning("%s", error)
            _quarantine(row, now)
        except cleaning.FileRejected as refusal:
            _finish(rules, row, now, reason=refusal.reason)
        except Exception:  # file gone, key lost, sanitizer failing: staff have had a task since the first failure
            if row.uploaded_at > now - GIVE_UP_AFTER:
                raise
            log.exception("file %s can't be checked, and is refused", row)
            _finish(rules, row, now, reason=Reason.DAMAGED)
        else:
            _finish(rules, row, now, clean=clean, seen=seen)


def sweep(rules: FileRules, *, now: datetime | None = None) -> None:
    """Requeue the files claimed by a dead worker, and check those that wait because their task was lost.

    No new check begins after SWEEP_SECONDS; the next sweep does the rest. Each check claims its file with the time
    of that moment: with the sweep's own `now` the next sweep would see a running check as abandoned.
    """
    now = now or timezone.now()
    stop_at = time.monotonic() + SWEEP_SECONDS
    rows = rules.model._default_manager.all()
    abandoned = rows.filter(status=Status.CHECKING, claimed_at__lt=now - ABANDONED_AFTER)
    for row in abandoned.order_by("claimed_at")[:SWEEP_BATCH]:
        with _requeue_on_error(row):
            if row.tries >= MAX_TRIES:
                _finish(rules, row, now, reason=Reason.TOO_COMPLEX)
            else:
                _requeue(row)
    may_be_tried = Q(claimed_at=None) | Q(claimed_at__lt=now - TRY_AGAIN_AFTER)
    for status in (Status.RECEIVED, Status.QUARANTINED):
        waiting = rows.filter(may_be_tried, status=status)
        by_last_try = waiting.order_by(F("claimed_at").asc(nulls_first=True), "pk")  # earlier failures go last
        for pk in list(by_last_try.values_list("pk", flat=True)[:SWEEP_BATCH]):
            if time.monotonic() > stop_at:
                return
            check(rules, pk)


@contextmanager
def _requeue_on_error(row: GuestFile) -> Iterator[None]:
    """Requeue the file and open a staff task when our own code fails on it, so that other files are still checked.

    The failure is not the file's fault, so its tries do not count.
    """
    try:
        yield
    except Exception as error:  # storage, database, a template: the next file may be fine
        log.exception("file %s could not be checked", row)
        if _requeue(row, tries=0):  # else the patient took it back meanwhile, and staff have nothing to do
            storage.open_task(row, why=type(error).__name__)


def _requeue(row: GuestFile, **changes: Any) -> bool:
    """Let another worker check the file; return False when one has claimed it since `row` was read."""
    with transaction.atomic():
        current = _locked(row)
        return current is not None and advance(current, Status.RECEIVED, **changes)


def _locked(row: GuestFile) -> GuestFile | None:
    """Lock and return the row, freshly read; None when the claim has changed, or the row is gone."""
    current = type(row)._default_manager.select_for_update().filter(pk=row.pk).first()
    return current if current is not None and _is_same_claim(current, row) else None


def _is_same_claim(current: GuestFile, row: GuestFile) -> bool:
    return (current.status, current.claimed_at) == (Status.CHECKING, row.claimed_at)


def _quarantine(row: GuestFile, now: datetime) -> None:
    """Quarantine the file until the scanner answers, and open a staff task; no try is counted."""
    with transaction.atomic():
        current = _locked(row)
        if current is None:
            return
        advance(current, Status.QUARANTINED, tries=0)
    audit.open_task(
        StaffTask.Kind.GATEWAY_ALARM,
        dedupe_key=f"virus-scanner:{timezone.localtime(now):%Y-%m-%d}",
        note="the virus scanner gives no answer",
    )


def _finish(
    rules: FileRules, row: GuestFile, now: datetime, *, clean: bytes = b"", reason: str = "", seen: Any = None
) -> None:
    """Write the outcome, unless the file was taken back or claimed by another worker meanwhile."""
    fresh = storage.put(clean, row) if clean else ""
    with transaction.atomic():
        is_used = _settle(rules, row, now, fresh=fresh, clean=clean, reason=reason)
        if is_used and rules.keep:
            rules.keep(row, seen)
        if fresh:
            (files.keep if is_used else files.discard)(fresh)


def _settle(rules: FileRules, row: GuestFile, now: datetime, *, fresh: str, clean: bytes, reason: str) -> bool:
    """Write the outcome under the lock of what it belongs to; return whether the row refers to the file `fresh`."""
    owner = rules.lock(row)
    current = _locked(row)
    if owner is None or current is None:
        return False
    is_wanted = rules.wanted(owner)  # not closed meanwhile
    storage.erase(current, outcome=Status.REFUSED if reason else Status.CLEAN if is_wanted else Status.WITHDRAWN)
    if reason:
        advance(current, Status.REFUSED, reason=reason, stored_name="", checked_at=now)
        rules.refused(owner, current, now)
        return False
    if not is_wanted:
        advance(current, Status.WITHDRAWN, stored_name="", sealed_name=b"")
        return False
    # Not the time at which the check began: a decision made meanwhile is not based on this file.
    checked_at, kind = max(now, timezone.now()), GuestFile.Kind(cleaning.kind_of(clean) or "")
    current.name = storage.shown_name(current.name, kind)
    changes = {"stored_name": fresh, "kind": kind, "sealed_name": current.sealed_name, "size": len(clean)}
    advance(current, Status.CLEAN, checked_at=checked_at, pages=pages.count(clean, kind), **changes)
    rules.checked(owner, current, now)
    return True
