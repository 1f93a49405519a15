"""The files that practices upload at the desk: stored sealed, checked, handed in once, and erased after their term."""

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.encryption import current_key_id, seal, unseal
from billing.errors import Refused, Stale
from billing.invoices import intake
from billing.law.calendar import begin_of
from billing.models import IntakeChoice, Provider, StaffTask, SubmittedFile
from billing.storage import files
from billing.transitions import advance

ABANDONED_AFTER = timedelta(minutes=2)  # a worker tells more often how far it is
OPEN_AT_MOST = 20  # files of one practice that are not handed in yet
Status = SubmittedFile.Status
_OPEN = (Status.COLUMNS, Status.RECEIVED, Status.CHECKED, Status.REFUSED, Status.ORDERED)


def store(
    provider: Provider,
    content: bytes,
    *,
    kind: SubmittedFile.Kind,
    facts: dict[str, Any],
    size: int,
    by: str,
    needs_columns: bool,
) -> SubmittedFile:
    """Store a file sealed and return its row; the same content that waits already is that row.

    Raises Refused with a sentence for who uploads it.
    """
    row = SubmittedFile(provider=provider, kind=kind, size=size, sha256=hashlib.sha256(content).hexdigest(), by=by)
    if (before := _waiting_already(row)) is not None:
        return before
    row.status = Status.COLUMNS if needs_columns else Status.RECEIVED
    row.facts = facts
    row.stored_name = _put(row, content)
    with transaction.atomic():
        intake.lock_provider(provider.pk)
        if (before := _waiting_already(row)) is not None:  # who presses twice sends it twice at once
            files.discard(row.stored_name)
            return before
        row.save(force_insert=True)
        files.keep(row.stored_name)
    return row


def _waiting_already(row: SubmittedFile) -> SubmittedFile | None:
    """Return the row of the same content that waits already. Raises Refused when there is room for no other."""
    waiting = SubmittedFile.objects.filter(provider=row.provider, status__in=_OPEN)
    before = waiting.filter(sha256=row.sha256).first()
    if before is None and waiting.count() >= OPEN_AT_MOST:
        raise Refused(_("Many of your files wait already. Hand them in or throw them away first."))
    return before


def _put(row: SubmittedFile, content: bytes) -> str:
    try:
        return files.put(row.FOLDER, seal(content, bound_to=row.content_bound_to))
    except files.NotStored as error:
        raise Refused(_("Our disk is full. Nothing was changed. Tell the operator.")) from error


def content_of(row: SubmittedFile) -> bytes:
    """Return the bytes that are handed in. Personal data: the caller knows who is asking."""
    return unseal(files.read(row.stored_name), bound_to=row.content_bound_to)


def replace(row: SubmittedFile, content: bytes, facts: dict[str, Any]) -> bool:
    """Put the batch that was read from a spreadsheet in its place, so that it is checked; return whether we did."""
    fresh = _put(row, content)
    before = row.stored_name
    row.facts = facts
    changes = {"stored_name": fresh, "sha256": hashlib.sha256(content).hexdigest(), "sealed_facts": row.sealed_facts}
    with transaction.atomic():
        moved = advance(row, Status.RECEIVED, **changes)
        if moved:
            files.keep(fresh)
        files.discard(before if moved else fresh)
    return moved


def claim(row: SubmittedFile, *, now: datetime) -> bool:
    """Claim the work on a file; return False when another worker is at it."""
    free = Q(worked_at=None) | Q(worked_at__lt=now - ABANDONED_AFTER)
    mine = SubmittedFile.objects.filter(free, pk=row.pk, status=row.status)
    return mine.update(worked_at=max(now, timezone.now())) == 1


def unclaimed(*, now: datetime) -> QuerySet[SubmittedFile]:
    """Select the files that wait for a worker, also those whose worker died."""
    free = Q(worked_at=None) | Q(worked_at__lt=now - ABANDONED_AFTER)
    return SubmittedFile.objects.filter(free, status__in=SubmittedFile.AT_WORK).order_by("pk")


def tell_seen(row: SubmittedFile, count: int) -> None:
    """Write how far the check is, and that its worker is alive."""
    SubmittedFile.objects.filter(pk=row.pk).update(seen=count, worked_at=timezone.now())


def checked(
    row: SubmittedFile, *, found: dict[str, Any], counts: dict[str, int], may_go: bool, good_ones: bool
) -> None:
    """Write what the check found; `may_go`: it can be handed in now."""
    row.facts = row.facts | {"found": found}
    changes: dict[str, Any] = {"sealed_facts": row.sealed_facts, "good_ones": good_ones, "worked_at": None, **counts}
    advance(row, Status.CHECKED if may_go else Status.REFUSED, **changes)


def check_again(row: SubmittedFile) -> None:
    """Let a file be checked once more, by what is known now. Raises Stale."""
    if Status.RECEIVED not in row.TRANSITIONS[Status(row.status)] or row.status == Status.COLUMNS:
        raise _stale()
    if not advance(row, Status.RECEIVED, seen=0, worked_at=None):
        raise _stale()


def order(row: SubmittedFile, *, by: str) -> None:
    """Order that a checked file is handed in. Raises Stale when it is not, or no longer, what the person looked at."""
    with transaction.atomic():
        if row.status != Status.CHECKED or not advance(row, Status.ORDERED, ordered_by=by, seen=0, worked_at=None):
            raise _stale()
        audit.record("file_handed_in", by=by, provider=row.provider.agb_code, number=row.pk)


def finished(row: SubmittedFile, *, found: dict[str, Any], counts: dict[str, int]) -> None:
    """Write that all that could be taken of a file is taken."""
    row.facts = row.facts | {"found": found}
    now = timezone.now()
    advance(row, Status.DONE, sealed_facts=row.sealed_facts, done_at=now, worked_at=None, **counts)


def withdraw(row: SubmittedFile, *, by: str) -> None:
    """Throw a file away that was not handed in. Raises Stale."""
    name = row.stored_name
    with transaction.atomic():
        allowed = Status.WITHDRAWN in row.TRANSITIONS[Status(row.status)]
        if not allowed or not advance(row, Status.WITHDRAWN, stored_name="", sealed_facts=b"", worked_at=None):
            raise _stale()
        files.discard(name)
        audit.record("file_withdrawn", by=by, provider=row.provider.agb_code, number=row.pk)


def _stale() -> Stale:
    return Stale(_("This file has changed meanwhile. Look at it again."))


# --- what a practice chose --------------------------------------------------------------------------


def choice_of(provider: Provider) -> IntakeChoice:
    """Return what a practice chose; a new object, not stored, when it chose nothing yet."""
    return IntakeChoice.objects.filter(provider=provider).first() or IntakeChoice(provider=provider)


def choose(provider: Provider, *, good_ones: bool, by: str) -> bool:
    """Choose whether the good ones of a file go on; return whether that changed something."""
    with transaction.atomic():
        Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
        choice = choice_of(provider)
        if choice.good_ones == good_ones:
            return False
        choice.good_ones = good_ones
        choice.save()
        audit.record("intake_choice_changed", by=by, provider=provider.agb_code, kind="good" if good_ones else "all")
    return True


def remember_columns(provider: Provider, columns: dict[str, str]) -> None:
    """Remember what the columns of this practice's spreadsheets are, beside those known before."""
    with transaction.atomic():
        Provider.objects.select_for_update(no_key=True).get(pk=provider.pk)
        choice = choice_of(provider)
        choice.columns = choice.columns | columns
        choice.save()


def forget_columns(provider: Provider) -> None:
    """Forget what the columns of this practice's spreadsheets are, so that a person says it anew."""
    IntakeChoice.objects.filter(provider=provider).update(columns={})


# --- upkeep -----------------------------------------------------------------------------------------


def erase_expired(today: date) -> dict[str, int]:
    """Erase the bytes and facts of files after their term; their row stays with its counts. Return how many.

    Also of a file that always failed or that no worker took: a person gets a task about it. One that was ordered has
    the term of what was handed in, because a part of it may be.
    """
    used = begin_of(today - timedelta(days=settings.RETAIN_SUBMITTED_DAYS))
    unused = begin_of(today - timedelta(days=settings.RETAIN_UNUSED_FILE_DAYS))
    over = Q(status=Status.DONE, done_at__lt=used) | Q(
        status__in=(Status.COLUMNS, Status.CHECKED, Status.REFUSED), created_at__lt=unused
    )
    idle = Q(worked_at=None) | Q(worked_at__lt=timezone.now() - ABANDONED_AFTER)
    stuck = Q(status=Status.RECEIVED, created_at__lt=unused) | Q(status=Status.ORDERED, created_at__lt=used)
    rows = SubmittedFile.objects.filter(over | (stuck & idle)).exclude(stored_name="")
    return {"submitted_files": sum(_erase(row) for row in rows.iterator(chunk_size=500))}


def _erase(row: SubmittedFile) -> bool:
    """Erase what is stored of a file, and end it; return whether it still was as it was read."""
    same = SubmittedFile.objects.filter(
        pk=row.pk, status=row.status, stored_name=row.stored_name, worked_at=row.worked_at
    )
    with transaction.atomic():
        if not same.update(stored_name="", sealed_facts=b""):
            return False
        files.discard(row.stored_name)
        if row.status in SubmittedFile.AT_WORK:
            note = f"file {row.pk} was erased at the end of its term, {row.status} and not worked on to its end"
            audit.open_alarm(StaffTask.Kind.STORAGE, cause=f"submitted file:{row.pk}:erased", note=note)
        if row.status == Status.ORDERED:
            advance(row, Status.REFUSED)
        if row.status != Status.DONE:
            advance(row, Status.WITHDRAWN)
    return True


def seal_again(model: type[SubmittedFile]) -> int:
    """Seal with the newest key every stored file that an older one sealed; return how many."""
    count = 0
    for row in model.objects.exclude(stored_name="").order_by("pk").iterator(chunk_size=500):
        sealed = files.read(row.stored_name)
        if sealed[0] == current_key_id():
            continue
        fresh = _put(row, unseal(sealed, bound_to=row.content_bound_to))
        with transaction.atomic():
            moved = model.objects.filter(pk=row.pk, stored_name=row.stored_name).update(stored_name=fresh)
            if moved:
                files.keep(fresh)
            files.discard(row.stored_name if moved else fresh)
        count += moved
    return count
