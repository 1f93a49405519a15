"""What complaints teach: a cause and a recommendation for each, and the figures of a month for everybody who may act.

No figure is published about fewer than LEAST files: it could be about somebody.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.law.calendar import begin_of
from billing.money import ZERO
from complaints import deadlines, handling
from complaints.models import Answer, Complaint, ComplaintPoint, Lesson, Remedy

LEAST = 10
LONGEST = 1000
Status = Complaint.Status
LEARNT_FROM = (Status.ANSWERED, Status.SECOND_LINE, Status.ANSWERED_AGAIN, Status.CLOSED)


@dataclass(frozen=True, slots=True)
class Learnt:
    """What staff say: the cause, whether it was preventable, what is recommended to whom by when, or why nothing."""

    cause: str
    preventable: bool
    recommendation: str = ""
    because: str = ""
    owner: Any = None
    due_on: date | None = None


def learn(complaint_id: int, learnt: Learnt, *, staff: Any, today: date) -> Lesson:
    """Keep what an answered file teaches; said again, it is replaced. Raises Refused when a part is missing."""
    with transaction.atomic():
        complaint = handling.lock(complaint_id)
        if complaint.status not in LEARNT_FROM:
            raise Refused(_("Answer the complaint first."))
        _check(learnt, today)
        row = Lesson.objects.filter(complaint=complaint).first() or Lesson(complaint=complaint)
        row.cause, row.preventable, row.by = learnt.cause, learnt.preventable, audit.name_of(staff)
        advised = bool(learnt.recommendation.strip())
        row.owner, row.due_on = (learnt.owner, learnt.due_on) if advised else (None, None)
        row.facts = {"recommendation": learnt.recommendation.strip(), "because": learnt.because.strip()}
        row.save()
        handling.record("complaint_lesson", complaint, by=row.by, cause=learnt.cause)
    return row


def _check(learnt: Learnt, today: date) -> None:
    if learnt.cause not in Lesson.Cause.values:
        raise Refused(_("Choose the cause."))
    advice, because = learnt.recommendation.strip(), learnt.because.strip()
    if not advice and not because:
        raise Refused(_("Write what you recommend, or why nothing."))
    if max(len(advice), len(because)) > LONGEST:
        raise Refused(_("This is too long: at most %(max)d characters.") % {"max": LONGEST})
    if advice and (learnt.owner is None or learnt.due_on is None):
        raise Refused(_("Say who does what you recommend, and by when."))
    if advice and learnt.due_on and learnt.due_on < today:
        raise Refused(_("The day for the recommendation lies ahead."))


def done(lesson_id: int, *, staff: Any) -> None:
    """Note that a recommendation was carried out. Raises Refused when it was, or when there is none."""
    with transaction.atomic():
        row = Lesson.objects.select_for_update(of=("self",)).select_related("complaint__invoice").get(pk=lesson_id)
        if row.done_at or row.owner_id is None:
            raise Refused(_("Nothing is left to do."))
        row.done_at = timezone.now()
        row.save(update_fields=["done_at"])
        handling.record("complaint_lesson_done", row.complaint, by=audit.name_of(staff))


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened to the files of a time. Shares are whole percents of those whose day has come, or None."""

    received: int
    answered: int
    acknowledged_in_time: int | None
    answered_in_time: int | None
    upheld: int | None
    causes: tuple[tuple[str, int], ...]
    returned: Decimal
    returned_from: int  # so many files


def figures(files: QuerySet[Complaint], first: date, last: date) -> Figures:
    """Return the figures of the files among `files` that were received from `first` to `last`, both included."""
    today = timezone.localdate()
    of_time = files.filter(received_at__gte=begin_of(first), received_at__lt=begin_of(deadlines.next_day(last)))
    rows = list(of_time)
    keys = [row.pk for row in rows]
    upheld = ComplaintPoint.objects.filter(complaint__in=keys).exclude(decision=ComplaintPoint.Decision.NOT_UPHELD)
    answered = [row for row in rows if row.answers.exclude(given_at=None).exists()] if rows else []
    causes = Counter(Lesson.objects.filter(complaint__in=keys).values_list("cause", flat=True))
    moved = Remedy.objects.filter(complaint__in=keys, amount__gt=ZERO)
    taken_off = moved.aggregate(sum=Sum("amount"), files=Count("complaint", distinct=True))
    return Figures(
        received=len(rows),
        answered=len(answered),
        acknowledged_in_time=_share(_in_time(rows, "acknowledged_at", "acknowledge_by", today)),
        answered_in_time=_share(_answers_in_time(rows, today)),
        upheld=_share(row.pk in set(upheld.values_list("complaint", flat=True)) for row in answered),
        causes=tuple((str(Lesson.Cause(cause).label), count) for cause, count in causes.most_common(5)),
        returned=taken_off["sum"] or ZERO,
        returned_from=taken_off["files"],
    )


def _in_time(rows: Iterable[Complaint], done: str, by: str, today: date) -> list[bool]:
    """Return for each file whose act was done or is due whether it was done in time."""
    kept = []
    for row in rows:
        moment, day = getattr(row, done), getattr(row, by)
        if moment is not None:
            kept.append(timezone.localtime(moment).date() <= day)
        elif day < today and row.status in Complaint.OPEN:
            kept.append(False)
    return kept


def _answers_in_time(rows: Iterable[Complaint], today: date) -> list[bool]:
    """Return the same of answers, each held to what was promised when it was given."""
    kept = []
    for row in rows:
        for answer in row.answers.all():
            if answer.given_at and answer.promised_by:
                kept.append(timezone.localtime(answer.given_at).date() <= answer.promised_by)
        if row.answer_by < today and row.status in Complaint.OPEN:
            kept.append(False)
        if row.broken_before:
            kept.append(False)
    return kept


def _share(kept: Iterable[bool]) -> int | None:
    all_of = list(kept)
    return round(100 * sum(all_of) / len(all_of)) if all_of else None


def recommendations(files: QuerySet[Complaint]) -> QuerySet[Lesson]:
    """Return what is recommended from `files` and not done, the oldest day first."""
    rows = Lesson.objects.filter(Q(complaint__in=files), done_at=None, owner__isnull=False)
    return rows.select_related("owner", "complaint").order_by("due_on", "pk")


def to_learn(files: QuerySet[Complaint]) -> QuerySet[Complaint]:
    """Return the answered files among `files` of which nobody said yet what they teach, also when they are closed."""
    rows = files.filter(status__in=LEARNT_FROM, lesson=None).exclude(sealed_facts=b"")
    return rows.filter(Exists(Answer.objects.filter(complaint=OuterRef("pk"), given_at__isnull=False)))
