"""Checking uploaded files: scan for viruses, rewrite, encrypt; only then may anybody open them.

The row is claimed, the work is done without a lock, and its outcome is written under the locks of invoice and case.
A worker that dies meanwhile leaves a claimed row, which the sweep requeues.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
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
from coulance import cases, notices, storage
from coulance.files import cleaning
from coulance.models import CoulanceCase, Specification

log = logging.getLogger(__name__)
Status, Reason = Specification.Status, Specification.Reason
ABANDONED_AFTER = timedelta(minutes=5)  # a check takes seconds, so the worker that claimed it must be dead
TRY_AGAIN_AFTER = timedelta(minutes=2)  # when the scanner did not answer, or our own code failed
GIVE_UP_AFTER = timedelta(days=7)  # then an unchecked file is refused: its invoice can't be on hold for ever
MAX_TRIES = 3  # a file on which a worker died this often is refused
SWEEP_BATCH, SWEEP_SECONDS = 10, 20


def check(specification_id: int, *, now: datetime | None = None) -> None:
    """Check one waiting file; one that is done, or that another worker is checking, is left alone."""
    now = now or timezone.now()
    row = Specification.objects.filter(pk=specification_id, status__in=(Status.RECEIVED, Status.QUARANTINED)).first()
    if row is None or not advance(row, Status.CHECKING, claimed_at=now, tries=row.tries + 1):
        return
    with _requeue_on_error(row):
        try:
            content = storage.get(row)
            if virus_scan.is_infected(content):
                raise cleaning.FileRejected(Reason.VIRUS)
            clean = cleaning.clean(content, Specification.Kind(row.kind))
        except GatewayUnknown as error:
            log.warning("%s", error)
            _quarantine(row, now)
        except cleaning.FileRejected as refusal:
            _finish(row, now, reason=refusal.reason)
        except Exception:  # file gone, key lost, sanitizer failing: staff have had a task since the first failure
            if row.uploaded_at > now - GIVE_UP_AFTER:
                raise
            log.exception("specification %s can't be checked, and is refused", row.pk)
            _finish(row, now, reason=Reason.DAMAGED)
        else:
            _finish(row, now, clean=clean)


def sweep(*, now: datetime | None = None) -> None:
    """Requeue the files claimed by a dead worker, and check those that wait because their task was lost.

    No new check begins after SWEEP_SECONDS; the next sweep does the rest. Each check claims its file with the time
    of that moment: with the sweep's own `now` the next sweep would see a running check as abandoned.
    """
    now = now or timezone.now()
    stop_at = time.monotonic() + SWEEP_SECONDS
    abandoned = Specification.objects.filter(status=Status.CHECKING, claimed_at__lt=now - ABANDONED_AFTER)
    for row in abandoned.order_by("claimed_at")[:SWEEP_BATCH]:
        with _requeue_on_error(row):
            if row.tries >= MAX_TRIES:
                _finish(row, now, reason=Reason.TOO_COMPLEX)
            else:
                _requeue(row)
    may_be_tried = Q(claimed_at=None) | Q(claimed_at__lt=now - TRY_AGAIN_AFTER)
    for status in (Status.RECEIVED, Status.QUARANTINED):
        waiting = Specification.objects.filter(may_be_tried, status=status)
        by_last_try = waiting.order_by(F("claimed_at").asc(nulls_first=True), "pk")  # earlier failures go last
        for pk in list(by_last_try.values_list("pk", flat=True)[:SWEEP_BATCH]):
            if time.monotonic() > stop_at:
                return
            check(pk)


@contextmanager
def _requeue_on_error(row: Specification) -> Iterator[None]:
    """Requeue the file and open a staff task when our own code fails on it, so that other files are still checked.

    The failure is not the file's fault, so its tries do not count.
    """
    try:
        yield
    except Exception as error:  # storage, database, a template: the next file may be fine
        log.exception("specification %s could not be checked", row.pk)
        if _requeue(row, tries=0):  # else the patient took it back meanwhile, and staff have nothing to do
            storage.open_task(row, why=type(error).__name__)


def _requeue(row: Specification, **changes: Any) -> bool:
    """Let another worker check the file; return False when one has claimed it since `row` was read."""
    with transaction.atomic():
        current = _locked(row)
        return current is not None and advance(current, Status.RECEIVED, **changes)


def _locked(row: Specification) -> Specification | None:
    """Lock and return the row, freshly read; None when the claim has changed."""
    current = Specification.objects.select_for_update().get(pk=row.pk)
    return current if _is_same_claim(current, row) else None


def _is_same_claim(current: Specification, row: Specification) -> bool:
    return (current.status, current.claimed_at) == (Status.CHECKING, row.claimed_at)


def _quarantine(row: Specification, now: datetime) -> None:
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


def _finish(row: Specification, now: datetime, *, clean: bytes = b"", reason: str = "") -> None:
    """Write the outcome, unless the file was taken back or claimed by another worker meanwhile."""
    fresh = storage.put(clean, row) if clean else ""
    with transaction.atomic():
        is_used = _settle(row, now, fresh=fresh, clean=clean, reason=reason)
        if fresh:
            (files.keep if is_used else files.discard)(fresh)


def _settle(row: Specification, now: datetime, *, fresh: str, clean: bytes, reason: str) -> bool:
    """Write the outcome under the locks of invoice and case; return whether the row refers to the file `fresh`."""
    case = cases.lock(row.case_id)
    current = _locked(row)
    if current is None:
        return False
    is_wanted = case.status in CoulanceCase.OPEN or case.status in CoulanceCase.DECIDED  # not closed meanwhile
    storage.erase(current, outcome=Status.REFUSED if reason else Status.CLEAN if is_wanted else Status.WITHDRAWN)
    if reason:
        advance(current, Status.REFUSED, reason=reason, stored_name="", checked_at=now)
        audit.record("specification_refused", by="system", invoice=case.invoice, reason=reason)
        cases.release_if_idle(case, today=timezone.localtime(now).date(), by="system")
        _queue_refusal(case, current, today=timezone.localtime(now).date())
        return False
    if not is_wanted:
        advance(current, Status.WITHDRAWN, stored_name="", sealed_name=b"")
        return False
    # Not the time at which the check began: a decision made meanwhile is not based on this file.
    checked_at, kind = max(now, timezone.now()), Specification.Kind(cleaning.kind_of(clean) or "")
    current.name = storage.shown_name(current.name, kind)
    changes = {"stored_name": fresh, "kind": kind, "sealed_name": current.sealed_name, "size": len(clean)}
    advance(current, Status.CLEAN, checked_at=checked_at, **changes)
    cases.reach_provider(case, now=now)
    return True


def _queue_refusal(case: CoulanceCase, row: Specification, *, today: date) -> None:
    """Queue the mail. For its last check, its key holds whether it says that the invoice is on hold."""
    on_hold = cases.is_on_hold(case)
    facts = {
        "rests": on_hold,
        "can_send": cases.why_not_send(case, today=today) is None,
        "send_until": cases.last_day_to_send(case),
        "due_on": case.invoice.due_on,
        "reason": Reason(row.reason).label,  # it names no care, and is read in the language of the mail
    }
    notices.queue_mail("coulance_file_refused", case, event=f"{row.pk}:{'rests' if on_hold else 'goes_on'}", **facts)
