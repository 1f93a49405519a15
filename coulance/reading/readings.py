"""The reading of each checked file as a row: expected, done by a worker, compared with what a person decided.

A reading that fails keeps no file from the desk: it only proposes nothing.
"""

import logging
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing.adjustments import reductions
from billing.outbox import wakeup
from coulance.amounts import Outcome
from coulance.models import CoulanceCase, PracticeRules, Specification, SpecificationReading
from coulance.reading import document, knowledge, reader, telling
from coulance.reading.reader import Mark, Reading
from guests.files import storage, words

log = logging.getLogger(__name__)
Status, Decided = SpecificationReading.Status, SpecificationReading.Decided
READ = "coulance.read_specification"  # the task
MAX_TRIES = 3
LATE_AFTER = timedelta(minutes=5)  # then its task was lost
SWEEP_BATCH = 5
UNREADABLE = frozenset(("no_text", "no_amounts"))  # the patient can mend it by another picture


def text_of(content: bytes, kind: Specification.Kind) -> list[dict[str, Any]]:
    """Return the words that a PDF says itself, as it was sent; the checked file has pictures only."""
    if kind != Specification.Kind.PDF:
        return []
    try:
        return words.to_json(words.of_text(content))
    except words.ReaderError as error:
        log.info("a PDF brings no text: %s", error)
        return []


def expect(file: Specification, text: Any) -> None:
    """Let a worker read a file that was checked, in the transaction of the check; its `text` is sealed till then."""
    row = SpecificationReading(specification=file)
    row.facts = text
    row.save(force_insert=True)
    wakeup.enqueue_on_commit(READ, row.pk, queue=wakeup.FILES)


def read(reading_id: int) -> None:
    """Read one file that waits for it, and keep what is proposed, or why nothing is."""
    rows = SpecificationReading.objects.filter(pk=reading_id, status=Status.WAITING)
    row = rows.select_related(
        "specification__case__invoice__provider__coulance_rules", "specification__case__invoice__care_detail"
    ).first()
    # The number of tries is the claim: of two workers one goes on.
    if row is None or not rows.filter(tries=row.tries).update(tries=row.tries + 1):
        return
    row.tries += 1
    file = row.specification
    if file.status != Specification.Status.CLEAN or row.tries > MAX_TRIES:
        _finish(row, None, ["reader_failed"])
        return
    try:
        text = words.from_json(row.facts or [])
        made = document.read(text, storage.get(file), Specification.Kind(file.kind), _ours(file))
    except words.ReaderError as error:
        log.warning("a specification could not be read: %s", error)
        _finish(row, None, ["reader_failed"])
        return
    _finish(row, made, _reasons(made, file))


def _ours(file: Specification) -> Any:
    return knowledge.ours_of(file.case.invoice)


def _reasons(made: Reading, file: Specification) -> list[str]:
    """Return why nothing is proposed: what was read, and what this practice and this invoice allow."""
    reasons = list(made.reasons)
    invoice = file.case.invoice
    rules = getattr(invoice.provider, "coulance_rules", None) or PracticeRules()
    if rules.rule != PracticeRules.Rule.INSURER:
        reasons.append("practice_rule")
    if made.proposal and telling.outcome_of(made, reductions.patient_share(invoice)) is None:
        reasons.append("too_much")
    return reasons


def _finish(row: SpecificationReading, made: Reading | None, reasons: list[str]) -> None:
    with transaction.atomic():
        current = SpecificationReading.objects.select_for_update().filter(pk=row.pk, status=Status.WAITING).first()
        if current is None:
            return
        current.specification = row.specification
        current.reasons, current.version, current.read_at = reasons, reader.VERSION, timezone.now()
        current.status = Status.ABSTAINED
        if made and made.proposal and not reasons:
            current.status = Status.PROPOSED
            current.paid_out = knowledge.euros(made.proposal.paid_out)
            current.deductible = knowledge.euros(made.proposal.deductible)
        is_kept = Specification.objects.filter(pk=row.specification_id, status=Specification.Status.CLEAN).exists()
        marks = [[mark.field, mark.cents, mark.page, *mark.place] for mark in made.marks] if made else []
        current.sealed_facts = b""
        if is_kept and made and (marks or made.insurer):
            current.facts = {"marks": marks, "insurer": made.insurer}
        current.save()


def sweep() -> None:
    """Read the files whose task was lost or whose worker died."""
    late = SpecificationReading.objects.filter(
        status=Status.WAITING, specification__checked_at__lt=timezone.now() - LATE_AFTER
    )
    for pk in list(late.order_by("pk").values_list("pk", flat=True)[:SWEEP_BATCH]):
        read(pk)


def forget(files: Collection[int]) -> None:
    """Erase what was read of these files, in the transaction that erases them; the figures stay."""
    SpecificationReading.objects.filter(specification__in=files).update(sealed_facts=b"")


def unreadable(files: Iterable[Specification]) -> set[int]:
    """Return the keys of the checked files, fetched with their reading, on which no amount could be read."""
    return {file.pk for file in files if file.status == Specification.Status.CLEAN and _is_unreadable(file)}


def _is_unreadable(file: Specification) -> bool:
    row: SpecificationReading | None = getattr(file, "reading", None)
    return row is not None and bool(UNREADABLE & set(row.reasons))


def marks_of(row: SpecificationReading) -> list[Mark]:
    """Return where the amounts stand. Medical data: the caller has written the access log."""
    found = _kept(row).get("marks", [])
    return [Mark(name, cents, page, (x0, y0, x1, y1)) for name, cents, page, x0, y0, x1, y1 in found]


def insurer_of(row: SpecificationReading) -> str:
    """Return the name of the insurer on the paper. Personal data: the caller has written the access log."""
    return str(_kept(row).get("insurer", ""))


def _kept(row: SpecificationReading) -> dict[str, Any]:
    found = (row.facts if row.status != Status.WAITING else None) or {}
    return found if isinstance(found, dict) else {"marks": found}  # readers before version 3 kept marks alone


def learn(case: CoulanceCase, outcome: Outcome | None, *, shown: bool) -> None:
    """Keep what a person decided beside what was read of the files of a locked case, the newest decision only once."""
    rows = SpecificationReading.objects.filter(
        specification__case=case, status__in=(Status.PROPOSED, Status.ABSTAINED), decided=""
    )
    for row in rows.select_for_update():
        row.decided, row.shown = _compared(row, outcome), shown and _is_proposed(row)
        row.save(update_fields=["decided", "shown"])


def _is_proposed(row: SpecificationReading) -> bool:
    """Tell whether a reading proposes amounts, and not by an earlier version of the reader."""
    return row.status == Status.PROPOSED and row.version == reader.VERSION


def _compared(row: SpecificationReading, outcome: Outcome | None) -> SpecificationReading.Decided:
    if outcome is None or outcome.rule != PracticeRules.Rule.INSURER or outcome.granted is None:
        return Decided.OTHERWISE
    if row.status != Status.PROPOSED or row.paid_out is None or row.deductible is None:
        return Decided.CHANGED
    same = (outcome.granted, outcome.deductible) == (row.paid_out + row.deductible, row.deductible)
    return Decided.SAME if same and not outcome.own_contribution else Decided.CHANGED
