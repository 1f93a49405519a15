"""Decisions of a provider's staff about a case: lower the amount, ask for more, refuse, or correct an earlier decision.

Every rule locks the invoice first and then its case, refuses a page that is older than the case (Stale), and carries
out all consequences in one transaction. A decision is never changed: a correction is a new one. A clerk prepares, an
approver decides; above an amount that the practice sets, a second person must agree. Only a correction can reverse an
earlier reduction; refusing what came in later never does.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, rights
from billing.adjustments import reductions
from billing.errors import Refused, Stale
from billing.house_rules import rule_of
from billing.invoices import holds
from billing.models import Invoice, Staff
from billing.money import ZERO
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message
from billing.rights import by_two
from coulance import cases, notices
from coulance.amounts import Outcome
from coulance.models import CaseMessage, CoulanceCase, Decision, Proposal, Specification
from coulance.reading import readings

Status, Kind = CoulanceCase.Status, Decision.Kind
EVENT = "coulance:"  # what the ids of decisions in the ledger begin with
REASON_LETTERS = 500
CHECK_MAX_DURATION = timedelta(hours=1)  # a file not checked by then has a problem; decisions do not wait for it


@dataclass(frozen=True, slots=True)
class _Ruling:
    """A decision that is not stored yet: the columns that a proposal and a decision share."""

    kind: Decision.Kind
    reason: str
    outcome: Outcome | None = None

    @property
    def columns(self) -> dict[str, Any]:
        worked_out = {f.name: getattr(self.outcome, f.name) for f in fields(Outcome)} if self.outcome else {}
        return {"kind": self.kind, **worked_out}

    @property
    def reduction(self) -> Decimal:
        return self.outcome.reduction if self.outcome else ZERO


def approve(
    case: CoulanceCase, *, outcome: Outcome, reason: str, version: int, by: Staff, now: datetime | None = None
) -> Decision | Proposal:
    """Lower the invoice to `outcome` and return the decision, or a Proposal when somebody else has to agree first.

    `reason` is a note for the patient; it may be empty, for the amounts speak for themselves. `version` is that of the
    page on which the decision was made. Raises Stale when the case changed since, and Refused when the person, the case
    or the amount does not allow it.
    """
    now = now or timezone.now()
    with transaction.atomic():
        invoice, locked = _lock_current(case, version=version, by=by)
        _refuse_unless(locked.status == Status.AT_PROVIDER, _("This case does not wait for a decision."))
        _refuse_unless(outcome.reduction > ZERO, _("Nothing is left to lower. Refuse, and say why."))
        _refuse_unless(
            outcome.reduction > reductions.reduced(invoice),
            _("This lowers the amount no further than before. Refuse to keep it, or correct to take something back."),
        )
        kind = Kind.CORRECT if locked.standing else Kind.ADJUST
        note = _checked_reason(reason, may_be_empty=True)
        return _decide_or_propose(invoice, locked, _Ruling(kind, note, outcome), by, now)


def refuse(
    case: CoulanceCase, *, reason: str, version: int, by: Staff, now: datetime | None = None
) -> Decision | Proposal:
    """Refuse a (further) reduction; the amount stays due, no sooner than COULANCE_PAY_DAYS from now.

    Returns a Proposal for a clerk. The reduction of an earlier decision stands. Raises as `approve`.
    """
    now = now or timezone.now()
    with transaction.atomic():
        invoice, locked = _lock_current(case, version=version, by=by)
        _refuse_unless(locked.status == Status.AT_PROVIDER, _("This case does not wait for a decision."))
        return _decide_or_propose(invoice, locked, _Ruling(Kind.REFUSE, _checked_reason(reason)), by, now)


def correct(
    case: CoulanceCase, *, outcome: Outcome, reason: str, version: int, by: Staff, now: datetime | None = None
) -> Decision | Proposal:
    """Decide again about a case that was decided, also when it was reopened since.

    The new decision reverses or adds to the reduction. Returns and raises as `approve`.
    """
    now = now or timezone.now()
    with transaction.atomic():
        invoice, locked = _lock_current(case, version=version, by=by)
        opened_again = locked.status == Status.AT_PROVIDER and locked.standing is not None
        decided = opened_again or locked.status in CoulanceCase.DECIDED
        _refuse_unless(decided, _("Only a decided case can be corrected."))
        _refuse_unless(outcome.reduction != reductions.reduced(invoice), _("This is what was decided already."))
        return _decide_or_propose(invoice, locked, _Ruling(Kind.CORRECT, _checked_reason(reason), outcome), by, now)


def ask_more(case: CoulanceCase, *, reason: str, version: int, by: Staff, now: datetime | None = None) -> Decision:
    """Ask the patient for more information: `reason` is what they read. The hold continues. Raises as `approve`."""
    now = now or timezone.now()
    with transaction.atomic():
        invoice, locked = _lock_current(case, version=version, by=by)
        _refuse_unless(locked.status == Status.AT_PROVIDER, _("This case does not wait for a decision."))
        ruling = _Ruling(Kind.ASK_MORE, _checked_reason(reason))
        decision = _store(locked, ruling, decided_by=by, approved_by=None, now=now)
        today = timezone.localtime(now).date()
        until = max(
            locked.specification_due_on, today + timedelta(days=rule_of(invoice.provider, "COULANCE_ANSWER_DAYS"))
        )
        changes = {"specification_due_on": until, "patient_nudged_at": None}
        cases.move(locked, Status.WAITING_FOR_SPECIFICATION, by=audit.name_of(by), **changes)
        holds.extend_hold(invoice, cases.HOLD, until=until)
        audit.record("case_more_asked", by=audit.name_of(by), invoice=invoice, decision=decision.number)
        decided_before = locked.standing is not None
        context = {"until": until, "decided_before": decided_before, **open_link_context(invoice, until=until)}
        queue_message("coulance_more_needed", invoice=invoice, context=context, dedupe_key=_event(locked, decision))
    return decision


def confirm(case: CoulanceCase, *, version: int, by: Staff, now: datetime | None = None) -> Decision:
    """Agree, as the second person, with the proposed decision, and carry it out. Raises as `approve`."""
    now = now or timezone.now()
    with transaction.atomic():
        invoice, locked = _lock_current(case, version=version, by=by, proposed=True)
        proposal = locked.proposal
        corrects = proposal.kind == Kind.CORRECT and locked.status in CoulanceCase.DECIDED
        _refuse_unless(
            corrects or locked.status == Status.AT_PROVIDER,
            _("The case has moved on since this was proposed. Put the proposal aside."),
        )
        _refuse_unless(rights.may(by, "coulance_decide"), _("Only an approver can decide about this."))
        _refuse_unless(
            proposal.decided_by_id != by.pk, _("Somebody else has to agree: nobody decides about their own proposal.")
        )
        by_two.refuse_new(proposal.decided_by, by, practice=invoice.provider_id)
        _refuse_while_checking(locked, now)
        outcome = None
        if proposal.new_due is not None:
            outcome = Outcome(**{f.name: getattr(proposal, f.name) for f in fields(Outcome)})
        ruling = _Ruling(Kind(proposal.kind), proposal.reason, outcome)
        first = proposal.decided_by
        proposal.delete()
        return _carry_out(invoice, locked, ruling, decided_by=first, approved_by=by, now=now)


def turn_down(case: CoulanceCase, *, version: int, by: Staff) -> None:
    """Reject a proposed decision: the case waits again. Whoever proposed it may do this too. Raises as `approve`."""
    with transaction.atomic():
        invoice, locked = _lock_current(case, version=version, by=by, proposed=True)
        own = locked.proposal.decided_by_id == by.pk
        _refuse_unless(own or rights.may(by, "coulance_decide"), _("Only an approver can decide about this."))
        locked.proposal.delete()
        _raise_version(locked)
        audit.record("case_proposal_put_aside", by=audit.name_of(by), invoice=invoice)


# --- the steps ------------------------------------------------------------------------------------


def _lock_current(
    case: CoulanceCase, *, version: int, by: Staff, proposed: bool = False
) -> tuple[Invoice, CoulanceCase]:
    """Lock invoice and case for a member of this practice whose page is up to date; return both."""
    locked = cases.lock(case.pk)
    invoice = locked.invoice
    _refuse_unless(invoice.withdrawn_at is None, _("This invoice was withdrawn."))
    of_practice = by.is_active and by.provider_id == invoice.provider_id
    _refuse_unless(of_practice, _("Only the care provider's own staff can decide."))
    if locked.version != version:
        raise Stale(_("Somebody else has changed this case in the meantime. Look at it again before you decide."))
    waits = Proposal.objects.filter(case=locked).exists()
    _refuse_unless(waits or not proposed, _("No proposed decision waits for this case."))
    _refuse_unless(proposed or not waits, _("A proposed decision waits for this case. Decide about that one first."))
    return invoice, locked


def _refuse_unless(allowed: bool, sentence: str) -> None:
    if not allowed:
        raise Refused(sentence)


def _refuse_while_checking(case: CoulanceCase, now: datetime) -> None:
    """Refuse while a new file is being checked, which would reopen the case minutes after the decision.

    A file that waits for the virus scanner, or fails, delays nobody: it is looked at afterwards.
    """
    soon = (Specification.Status.RECEIVED, Specification.Status.CHECKING)
    checking = case.specifications.filter(status__in=soon, uploaded_at__gt=now - CHECK_MAX_DURATION)
    _refuse_unless(not checking.exists(), _("A new file is being checked. Look again in a minute."))


def _checked_reason(reason: str, *, may_be_empty: bool = False) -> str:
    reason = reason.strip()
    _refuse_unless(bool(reason) or may_be_empty, _("Give a reason. The patient can read it."))
    _refuse_unless(len(reason) <= REASON_LETTERS, _("The reason is too long: at most 500 characters."))
    return reason


def _decide_or_propose(
    invoice: Invoice, case: CoulanceCase, ruling: _Ruling, by: Staff, now: datetime
) -> Decision | Proposal:
    _refuse_while_checking(case, now)
    outcome = ruling.outcome
    if outcome and outcome.new_due + outcome.reduction != reductions.patient_share(invoice):
        raise Stale(_("The amount of the invoice has changed. Look at it again before you decide."))
    limit = cases.rules_of(invoice.provider).second_person_above
    at_stake = max(ruling.reduction, reductions.reduced(invoice))  # reversing a reduction weighs as much as granting it
    alone = rights.may(by, "coulance_decide") and (limit is None or at_stake <= limit)
    if alone:
        return _carry_out(invoice, case, ruling, decided_by=by, approved_by=None, now=now)
    proposal = Proposal(case=case, decided_by=by, at=now, **ruling.columns)
    proposal.reason = ruling.reason
    proposal.save(force_insert=True)
    _raise_version(case)
    audit.record("case_decision_proposed", by=audit.name_of(by), invoice=invoice, **_amounts(ruling))
    return proposal


def _carry_out(
    invoice: Invoice,
    case: CoulanceCase,
    ruling: _Ruling,
    *,
    decided_by: Staff,
    approved_by: Staff | None,
    now: datetime,
) -> Decision:
    """Store the decision and carry out its consequences: ledger, hold, due date, mail, timeline."""
    actor = audit.name_of(approved_by or decided_by)
    if case.status in CoulanceCase.DECIDED:  # a correction goes through the provider's status once more
        cases.move(case, Status.AT_PROVIDER, by=actor, closed_at=None, provider_since=now)
    if ruling.outcome and ruling.outcome.new_due + ruling.reduction != reductions.patient_share(invoice):
        raise Stale(_("The amount of the invoice has changed. Look at it again before you decide."))
    decision = _store(case, ruling, decided_by=decided_by, approved_by=approved_by, now=now)
    event = _event(case, decision)
    before, charged = reductions.reduced(invoice), reductions.charged(invoice)
    lowered = ruling.reduction if ruling.outcome else before  # a refusal reverses nothing
    reductions.reduce_to(invoice, lowered, external_id=event, by=actor, now=now)
    holds.place_hold(invoice, cases.HOLD, by=actor)  # only releasing a hold sets a due date; a correction has none
    today = timezone.localtime(now).date()
    ended = Status.ADJUSTED if lowered else Status.REJECTED
    kept = lowered and lowered == before
    cases.close(case, ended, today=today, by=actor, act="case_kept" if kept else f"case_{ended}")
    audit.record("case_decision", by=actor, invoice=invoice, number=decision.number, **_amounts(ruling))
    readings.learn(case, ruling.outcome, shown=settings.PROPOSE_AMOUNTS)
    letter = "coulance_kept" if kept else _LETTERS[ruling.kind]
    _queue_mail(invoice, case, decision, letter, charges_off=charged - reductions.charged(invoice))
    return decision


_LETTERS = {Kind.ADJUST: "coulance_adjusted", Kind.REFUSE: "coulance_refused", Kind.CORRECT: "coulance_corrected"}


def _queue_mail(invoice: Invoice, case: CoulanceCase, decision: Decision, letter: str, *, charges_off: Decimal) -> None:
    """Queue the mail: new total, what is outstanding, due date. The reason is on the page, behind the code by SMS.

    `charges_off`: the costs and interest in euros that came off with it.
    """
    context = notices.amounts(invoice) | open_link_context(invoice, until=invoice.due_on)
    context |= {"charges_off": charges_off}
    queue_message(letter, invoice=invoice, context=context, dedupe_key=_event(case, decision))


def _store(
    case: CoulanceCase, ruling: _Ruling, *, decided_by: Staff, approved_by: Staff | None, now: datetime
) -> Decision:
    """Store the decision, and its reason, if any, as a message that the patient can read."""
    decision = Decision.objects.create(
        case=case,
        number=case.decisions.count() + 1,
        decided_by=decided_by,
        approved_by=approved_by,
        at=now,
        **ruling.columns,
    )
    if not ruling.reason:
        return decision
    by = audit.name_of(decided_by)
    message = CaseMessage(case=case, decision=decision, author=CaseMessage.Author.PROVIDER, by=by, at=now)
    message.text = ruling.reason
    message.save(force_insert=True)
    return decision


def _raise_version(case: CoulanceCase) -> None:
    """Mark pages opened before as out of date, although the status of the case did not change."""
    case.version += 1
    case.save(update_fields=["version"])


def _amounts(ruling: _Ruling) -> dict[str, str]:
    if ruling.outcome is None:
        return {"kind": str(ruling.kind)}
    return {"kind": str(ruling.kind), "due": str(ruling.outcome.new_due), "reduction": str(ruling.reduction)}


def _event(case: CoulanceCase, decision: Decision) -> str:
    """Return the unique name of this decision in the ledger and the outbox."""
    return f"{EVENT}{case.pk}:{decision.number}"
