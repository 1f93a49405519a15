"""The answer to a complaint, and what moves because of it, in one transaction.

No answer leaves without a decision and a finding for every point, the amounts before and after, the next body, and what
follows. A point that is upheld has a remedy, or says why none. Above an amount a second person agrees; the second line
is another person, which the database enforces.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from billing import audit, ledger, rights
from billing.errors import Refused
from billing.models import Invoice
from billing.money import ZERO
from billing.outbox.queue import last_about
from billing.rights import by_two
from billing.text.written import written
from billing.transitions import advance
from complaints import deadlines, freeze, handling, notices, remedies
from complaints.file import bodies, letter
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
        wanted["shares"] = tuple((pk, amount) for pk, amount in wanted["shares"])
        points = [Point(**point) for point in facts["points"]]
        return cls(points, facts["looked_at"], facts["apology"], remedies.Wanted(**wanted))


def line_of(complaint: Complaint) -> int:
    """Return 1 for the first answer of a file, 2 for the second."""
    return 2 if complaint.status == Status.SECOND_LINE else 1


def restated(complaint: Complaint) -> list[str]:
    """Return the points that the confirmation restated to the patient: each is answered."""
    points: list[str] = complaint.facts.get("points", []) if complaint.sealed_facts else []
    return points


def check(complaint: Complaint, draft: Draft) -> None:
    """Raise Refused, with a sentence for staff, when the answer lacks what it must have."""
    if complaint.status not in ANSWERABLE:
        raise Refused(_("The file has moved on meanwhile. Look at it again."))
    if len(draft.points) < max(len(restated(complaint)), 1):
        raise Refused(_("Answer every point that was restated to the patient, and at least one."))
    if not draft.looked_at.strip():
        raise Refused(_("Say what you looked at."))
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
    if any(point.decision == Decision.UPHELD for point in draft.points) and not draft.apology.strip():
        raise Refused(_("The patient is right: say sorry."))
    if draft.wanted and not any(point.decision != Decision.NOT_UPHELD for point in draft.points):
        raise Refused(_("You agree with nothing, so nothing can be put right. Change a decision."))
    remedies.check(complaint.invoice, draft.wanted)


def answer(complaint_id: int, draft: Draft, *, staff: Any, now: datetime | None = None) -> Answer:
    """Give the answer, or propose it to a second person when more moves than one may decide; return it.

    A practice never answers a complaint about itself alone: what its staff write, somebody of ours agrees to. Raises
    Refused when something is missing, when the file moved on, or when this person may not answer it.
    """
    now = now or timezone.now()
    with transaction.atomic():
        complaint = _locked(complaint_id, draft.wanted)
        check(complaint, draft)
        _may(complaint, staff)
        line = line_of(complaint)
        Answer.objects.filter(complaint=complaint, line=line, given_at=None).delete()
        proposal = Answer(
            complaint=complaint,
            line=line,
            written_by=staff,
        )
        proposal.facts = draft.as_facts()
        proposal.save(force_insert=True)
        if remedies.needs_second_person(complaint.invoice, draft.wanted) or not is_ours(staff):
            handling.record("complaint_answer_proposed", complaint, by=audit.name_of(staff))
            return proposal
        return _give(complaint, proposal, draft, now=now)


def refuse(complaint_id: int, *, why: str, text: str, staff: Any, today: date) -> Complaint:
    """Say that it is not for us to answer, why, and where the patient can go; the invoice rests two weeks more."""
    if why not in handling.INADMISSIBLE:
        raise ValueError(why)
    with transaction.atomic():
        complaint = lock(complaint_id)
        handling.must_be(complaint, *Complaint.FIRST_LINE)
        _may(complaint, staff)
        with override(complaint.language):
            known = bodies.after(complaint, today=today)
            way_on = bodies.in_words(known, until=bodies.last_day(known["key"], today))
        handling.close_unanswered(
            complaint,
            why=why,
            text=f"{written(text, max_length=handling.LONGEST)}\n{way_on}",
            by=audit.name_of(staff),
            today=today,
        )
        complaint.handler = staff  # so that somebody else looks when the patient does not agree
        complaint.save(update_fields=["handler"])
    return complaint


def confirm(complaint_id: int, *, staff: Any, now: datetime | None = None) -> Answer:
    """Let a second person give the answer that a first one proposed.

    Raises Refused when it is the same person, one of the practice, or one who may not judge this file.
    """
    with transaction.atomic():
        seen = Answer.objects.filter(complaint=complaint_id, given_at=None).first()
        complaint = _locked(complaint_id, Draft.from_facts(seen.facts).wanted) if seen else lock(complaint_id)
        proposal = Answer.objects.filter(complaint=complaint, given_at=None).first()
        if proposal is None or seen is None or proposal.pk != seen.pk:
            raise Refused(_("There is no proposed answer any more. Look at the file again."))
        if proposal.written_by_id == staff.pk:
            raise Refused(_("You proposed this answer. Somebody else has to agree."))
        if not is_ours(staff):
            raise Refused(_("A practice does not answer alone. Somebody of ours has to agree."))
        by_two.refuse_new(proposal.written_by, staff, practice=complaint.provider_id)
        _may(complaint, staff)
        draft = Draft.from_facts(proposal.facts)
        check(complaint, draft)
        proposal.confirmed_by = staff
        return _give(complaint, proposal, draft, now=now or timezone.now())


def _locked(complaint_id: int, wanted: remedies.Wanted) -> Complaint:
    """Lock all invoices that the answer moves, in one order, and then the file."""
    invoice = Invoice.objects.filter(complaints=complaint_id).first()
    if invoice is not None and (others := remedies.touched(invoice, wanted)):
        by_two.lock_practices(others)  # what is booked elsewhere counts for the day
        ledger.lock_invoices({invoice.pk, *others})
    return lock(complaint_id)


def _may(complaint: Complaint, staff: Any) -> None:
    if not decides(staff):
        raise Refused(_("Only somebody who decides can answer a complaint."))
    if complaint.about_id == staff.pk:
        raise Refused(_("This complaint is about you. Somebody else answers it."))
    if complaint.status != Status.SECOND_LINE:
        return
    first = Answer.objects.filter(Q(written_by=staff) | Q(confirmed_by=staff), complaint=complaint, line=1)
    if complaint.handler_id == staff.pk or first.exclude(given_at=None).exists():
        raise Refused(_("You gave the first answer. Somebody else looks at it again."))
    if not is_ours(staff):
        raise Refused(_("Somebody of ours looks at it again, not the practice."))


def acknowledge_again(complaint_id: int, *, text: str, staff: Any) -> Complaint:
    """Let the person who looks again confirm it by name. Raises Refused for one who may not judge this file."""
    with transaction.atomic():
        complaint = lock(complaint_id)
        handling.must_be(complaint, Status.SECOND_LINE)
        _may(complaint, staff)
        return handling.acknowledge_again(complaint_id, text=text, staff=staff)


def decides(staff: Any) -> bool:
    """Tell whether a member of staff may decide about a complaint, which may be about money."""
    return rights.may(staff, "complaint_decide")


def is_ours(staff: Any) -> bool:
    """Tell whether a member of staff works for us, and not for a practice."""
    return getattr(staff, "provider_id", None) is None


def _give(complaint: Complaint, row: Answer, draft: Draft, *, now: datetime) -> Answer:
    today, by = timezone.localdate(now), audit.name_of(row.written_by)
    for position, point in enumerate(draft.points, start=1):
        kept = ComplaintPoint(complaint=complaint, line=row.line, position=position, decision=point.decision)
        kept.facts = {"said": point.said, "found": point.found, "why": point.why}
        kept.save(force_insert=True)
    row.before, told_before = _owed(complaint.invoice), last_about(complaint.invoice) if complaint.invoice else 0
    decided = remedies.Decided(row.written_by, row.confirmed_by)
    remedies.apply(complaint, draft.wanted, line=row.line, decided=decided, now=now)
    row.after = _owed(complaint.invoice)
    with override(complaint.language):
        row.next_body = bodies.after(complaint, today=today)
    row.given_at, row.promised_by = now, complaint.answer_by
    row.save()
    handling.end_pause(complaint, today)
    second = row.line == 2
    rests = complaint.invoice is not None and freeze.rests(complaint.invoice)
    until = None if draft.wanted or not rests else deadlines.frozen_until(today)
    advance(
        complaint,
        Status.ANSWERED_AGAIN if second else Status.ANSWERED,
        answered_at=now,
        admitted_at=complaint.admitted_at or now,
        frozen_until=until,
        **({"second_handler": row.written_by} if second else {"handler": row.written_by}),
    )
    handling.record("complaint_answered", complaint, by=by, line=row.line)
    one_mail, ended = notices.reaches_payer(complaint), False
    if complaint.invoice and until is None:
        # The patient was right: nothing is left to wait for, and what remains has a new last day.
        ended = freeze.thaw(complaint.invoice, by=by, today=today, tell=not one_mail)
    last_day = None if second else handling.escalate_until(complaint)
    told = notices.Outcome(until, last_day, ended=ended, moved=draft.wanted.moves, since=told_before)
    mail = notices.answered(complaint, line=row.line, outcome=told if one_mail else replace(told, moved=False))
    letter.leave_to_post(complaint, row, mailed=mail is not None)
    return row


def _owed(invoice: Invoice | None) -> Decimal:
    return ledger.balance(invoice.pk) if invoice else ZERO
