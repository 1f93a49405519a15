"""The answer to a complaint, and what moves because of it, in one transaction.

No answer leaves without a decision and a finding for every point, the amounts before and after, the next body, and what
follows. A point that is upheld has a remedy, or says why none. Above an amount a second person agrees; the second line
is another person, which the database enforces.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger
from billing.errors import Refused
from billing.models import Invoice
from billing.money import ZERO
from billing.transitions import advance
from complaints import deadlines, freeze, handling, notices, remedies
from complaints.file import bodies
from complaints.handling import lock
from complaints.models import Answer, Complaint, ComplaintPoint

Status, Decision = Complaint.Status, ComplaintPoint.Decision
ANSWERABLE = (Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.SECOND_LINE)


@dataclass(frozen=True, slots=True)
class Point:
    """One point: what the patient said, what we found, and the decision; `why` when an upheld one moves nothing."""

    said: str
    found: str
    decision: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer as staff write it."""

    points: Sequence[Point]
    looked_at: str = ""  # what we looked at
    apology: str = ""
    wanted: remedies.Wanted = field(default_factory=remedies.Wanted)

    def as_facts(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        facts = asdict(self)
        lower_to = self.wanted.lower_to
        facts["wanted"]["lower_to"] = None if lower_to is None else str(lower_to)
        return facts

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> "Draft":
        """Return the draft that `as_facts` wrote."""
        wanted = dict(facts["wanted"])
        wanted["lower_to"] = None if wanted["lower_to"] is None else Decimal(wanted["lower_to"])
        points = [Point(**point) for point in facts["points"]]
        return cls(points, facts["looked_at"], facts["apology"], remedies.Wanted(**wanted))


def line_of(complaint: Complaint) -> int:
    """Return 1 for the first answer of a file, 2 for the second."""
    return 2 if complaint.status == Status.SECOND_LINE else 1


def check(complaint: Complaint, draft: Draft) -> None:
    """Raise Refused, with a sentence for staff, when the answer lacks what it must have."""
    if complaint.status not in ANSWERABLE:
        raise Refused(_("The file has moved on meanwhile. Look at it again."))
    if not draft.points:
        raise Refused(_("Answer at least one point."))
    for number, point in enumerate(draft.points, start=1):
        if not point.said.strip() or not point.found.strip():
            raise Refused(_("Point %(number)d: say what the patient said and what you found.") % {"number": number})
        if point.decision not in Decision.values:
            raise Refused(_("Point %(number)d has no decision.") % {"number": number})
        upheld = point.decision in (Decision.UPHELD, Decision.PARTLY)
        if upheld and not draft.wanted and not point.why.strip():
            raise Refused(
                _("Point %(number)d: you agree, so choose what we do, or say why nothing has to change.")
                % {"number": number}
            )
    if draft.wanted and not any(point.decision != Decision.NOT_UPHELD for point in draft.points):
        raise Refused(_("You agree with nothing, so nothing can be put right. Change a decision."))
    remedies.check(complaint.invoice, draft.wanted)


def answer(complaint_id: int, draft: Draft, *, staff: Any, now: datetime | None = None) -> Answer:
    """Give the answer, or propose it to a second person when more moves than one may decide; return it.

    Raises Refused when something is missing, when the file moved on, or when this person may not answer it.
    """
    now = now or timezone.now()
    with transaction.atomic():
        complaint = lock(complaint_id)
        check(complaint, draft)
        _may(complaint, staff)
        line = line_of(complaint)
        Answer.objects.filter(complaint=complaint, line=line, given_at=None).delete()
        proposal = Answer(
            complaint=complaint,
            line=line,
            written_by=staff,
            next_body=bodies.after(complaint, today=timezone.localdate(now)),
        )
        proposal.facts = draft.as_facts()
        proposal.save(force_insert=True)
        if remedies.worth(complaint.invoice, draft.wanted) > settings.COMPLAINTS_SECOND_PERSON_ABOVE:
            audit.record(
                "complaint_answer_proposed", by=audit.name_of(staff), invoice=complaint.invoice, number=complaint.number
            )
            return proposal
        return _give(complaint, proposal, draft, now=now)


def confirm(complaint_id: int, *, staff: Any, now: datetime | None = None) -> Answer:
    """Let a second person give the answer that a first one proposed. Raises Refused when it is the same person."""
    with transaction.atomic():
        complaint = lock(complaint_id)
        proposal = Answer.objects.filter(complaint=complaint, given_at=None).first()
        if proposal is None:
            raise Refused(_("There is no proposed answer any more. Look at the file again."))
        if proposal.written_by_id == staff.pk:
            raise Refused(_("You proposed this answer. Somebody else has to agree."))
        draft = Draft.from_facts(proposal.facts)
        check(complaint, draft)
        proposal.confirmed_by = staff
        return _give(complaint, proposal, draft, now=now or timezone.now())


def _may(complaint: Complaint, staff: Any) -> None:
    if complaint.about_id == staff.pk:
        raise Refused(_("This complaint is about you. Somebody else answers it."))
    if complaint.status == Status.SECOND_LINE and complaint.handler_id == staff.pk:
        raise Refused(_("You gave the first answer. Somebody else looks at it again."))


def _give(complaint: Complaint, row: Answer, draft: Draft, *, now: datetime) -> Answer:
    today, by = timezone.localdate(now), audit.name_of(row.written_by)
    for position, point in enumerate(draft.points, start=1):
        kept = ComplaintPoint(complaint=complaint, line=row.line, position=position, decision=point.decision)
        kept.facts = {"said": point.said, "found": point.found, "why": point.why}
        kept.save(force_insert=True)
    row.before = _owed(complaint.invoice)
    remedies.apply(complaint, draft.wanted, line=row.line, by=by, now=now)
    row.after = _owed(complaint.invoice)
    row.given_at = now
    row.save()
    handling.end_pause(complaint, today)
    second = row.line == 2
    until = None if draft.wanted else deadlines.frozen_until(today)
    advance(
        complaint,
        Status.ANSWERED_AGAIN if second else Status.ANSWERED,
        answered_at=now,
        frozen_until=until,
        **({"second_handler": row.written_by} if second else {"handler": row.written_by}),
    )
    audit.record("complaint_answered", by=by, invoice=complaint.invoice, number=complaint.number, line=row.line)
    if complaint.invoice and until is None:
        # The patient was right: nothing is left to wait for, and what remains has a new last day.
        freeze.thaw(complaint.invoice, by=by, today=today, due_on=_asked_day(draft))
    last_day = None if second else handling.escalate_until(complaint)
    notices.answered(complaint, line=row.line, frozen_until=until, escalate_until=last_day)
    return row


def _asked_day(draft: Draft) -> date | None:
    return date.fromisoformat(draft.wanted.due_on) if draft.wanted.due_on else None


def _owed(invoice: Invoice | None) -> Decimal:
    return ledger.balance(invoice.pk) if invoice else ZERO
