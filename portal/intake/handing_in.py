"""Handing in a file at the desk: taken in, looked at, and handed in as it was shown, by the rules of every batch."""

from datetime import datetime
from functools import partial
from io import BytesIO
from typing import Any

from django.utils import timezone, translation

from billing import failures
from billing.models import Provider, SubmittedBatch, SubmittedFile
from billing.outbox import wakeup
from billing.submission import uploads
from portal.intake import spreadsheets
from portal.intake.adapters import recognising
from portal.intake.batch import import_stream
from portal.intake.result import BatchResult

TASK = "portal.work_on_submitted_file"
RULE = "submitted file"
AT_ONCE_BYTES = 256 * 1024  # some 250 invoices: read while the person waits; what is longer, by a worker
SWEEP_BATCH = 5
Status = SubmittedFile.Status


def take(provider: Provider, content: bytes, *, name: str, by: str) -> SubmittedFile:
    """Take a file in and begin to check it; return its row. Raises Refused with a sentence for who uploads it.

    Another format than ours is read as a batch at once, so that no citizen number in it is stored. A spreadsheet waits
    until a person has said what its columns are, unless they are all as this practice said before.
    """
    facts: dict[str, Any] = {"name": name, "language": translation.get_language()}
    kind, waits, stored = recognising.kind_of(content), False, content
    if kind == SubmittedFile.Kind.CSV:
        (stored, more), waits = spreadsheets.taken(provider, content)
        facts |= more
    elif kind != SubmittedFile.Kind.JSON:
        converted = recognising.convert(kind, content, agb_code=provider.agb_code)
        stored, facts = converted.content(), facts | converted.facts()
    row = uploads.store(provider, stored, kind=kind, facts=facts, size=len(content), by=by, needs_columns=waits)
    begin(row)
    return row


def begin(row: SubmittedFile) -> None:
    """Let the work on a file begin: at once when it is short, else by a worker."""
    if row.size <= AT_ONCE_BYTES:
        work_on(row.pk)
        row.refresh_from_db()
    else:
        wakeup.enqueue_on_commit(TASK, row.pk, queue=wakeup.FILES)


def work_on(file_id: int, *, now: datetime | None = None) -> None:
    """Check a file that waits for it, or hand it in when that was ordered. A failure is tried again by `sweep`."""
    row = SubmittedFile.objects.select_related("provider").filter(pk=file_id, status__in=SubmittedFile.AT_WORK).first()
    if row is None or not uploads.claim(row, now=now or timezone.now()):
        return
    act = _check if row.status == Status.RECEIVED else _hand_in
    with translation.override(row.facts.get("language", "nl")):
        failures.isolated(partial(act, row), rule=RULE, row=row.pk)


def sweep(*, now: datetime | None = None) -> None:
    """Work on the files whose task was lost, and on those whose worker died."""
    now = now or timezone.now()
    waiting = failures.due(uploads.unclaimed(now=now), rule=RULE, now=now)
    for row in waiting[:SWEEP_BATCH]:
        work_on(row.pk, now=now)


def progress(row: SubmittedFile) -> tuple[int, int]:
    """Return how many items of a file are done, and of how many; 0 of 0 while that is not known."""
    if row.status != Status.ORDERED:
        return row.seen, 0
    written = SubmittedBatch.objects.filter(provider=row.provider_id, digest=row.sha256).first()
    return (written.done, written.invoices) if written else (0, 0)


def sentences(row: SubmittedFile) -> dict[tuple[str, str], str]:
    """Return what is wrong with a file in the language of now, by path and code.

    Empty when it was checked in that language, and for a long file: to read it again takes a worker.
    """
    if row.facts.get("language") == translation.get_language() or row.size > AT_ONCE_BYTES or not row.left_out:
        return {}
    result = _read(row, dry_run=True, good_ones=row.good_ones)
    return {(error.path, error.code): error.sentence for error in result.errors}


def _check(row: SubmittedFile) -> None:
    good_ones = uploads.choice_of(row.provider).good_ones
    result = _read(row, dry_run=True, good_ones=good_ones)
    uploads.checked(row, found=_found(result), counts=_counts(result), may_go=_may_go(result), good_ones=good_ones)


def _hand_in(row: SubmittedFile) -> None:
    """Hand the file in when what is found is what was shown; else it is checked anew, and a person looks again."""
    shown = row.facts.get("found", {}).get("left_out", [])
    agreed: list[bool] = []

    def is_what_was_shown(result: BatchResult) -> bool:
        agreed.append(_left_out(result) == shown)
        return agreed[0]

    result = _read(row, dry_run=False, good_ones=row.good_ones, agreed=is_what_was_shown)
    if agreed == [True] and (result.goes_on or not result.error_count):
        # After an interruption the invoices written before it count as known: what was shown is what was done.
        counts = {} if result.continued else _counts(result)
        uploads.finished(row, found=_found(result), counts=counts)
        return
    anew = _read(row, dry_run=True, good_ones=row.good_ones)
    found = _found(anew) | {"changed": True, "partly": result.partly_written}
    uploads.checked(row, found=found, counts=_counts(anew), may_go=_may_go(anew), good_ones=row.good_ones)


def _read(row: SubmittedFile, *, dry_run: bool, good_ones: bool, **options: Any) -> BatchResult:
    return import_stream(
        BytesIO(uploads.content_of(row)),
        dry_run=dry_run,
        today=timezone.localdate(),
        by=row.ordered_by or row.by,
        of=row.provider,
        good_ones=good_ones,
        seen=partial(uploads.tell_seen, row),
        problems=[(path, code, sentence) for path, code, sentence in row.facts.get("problems", ())],
        **options,
    )


def _may_go(result: BatchResult) -> bool:
    """Tell whether a person may hand the file in: also one that holds nothing new, for the answer to it."""
    return not result.error_count or (result.goes_on and bool(result.new or result.credited or result.corrections))


def _counts(result: BatchResult) -> dict[str, int]:
    return {
        "new": result.new,
        "known": result.known,
        "credited": result.credited,
        "corrected": result.corrections if not result.error_count or result.goes_on else 0,
        "left_out": len(_left_out(result)),
    }


def _left_out(result: BatchResult) -> list[list[Any]]:
    """Return list and index of each item that stays behind, as JSON has them."""
    return sorted([kind, index] for kind, index in result.wrong | result.beside.keys())


def _found(result: BatchResult) -> dict[str, Any]:
    """Return what the row keeps of a result, sealed: numbers of the practice, and sentences; no care."""
    return {
        "errors": [
            {"path": e.path, "code": e.code, "sentence": e.sentence} | (_about(e.about) if e.about else {})
            for e in result.errors
        ],
        "error_count": result.error_count,
        "cents": result.cents,
        "file_errors": result.file_errors,
        "beside": [_about(about) for about in result.beside.values()],
        "left_out": _left_out(result),
        "outdated": sorted(result.outdated),
        "continued": result.continued,
    }


def _about(about: Any) -> dict[str, Any]:
    return {"kind": about.kind, "place": about.place, "number": about.number, "patient": about.patient}
