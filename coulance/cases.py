"""A case as the patient sees it and moves it: what is asked, a message to the provider, stopping.

Every command locks the invoice, then the case, and reads both again; so a payment, a decision, the end of the time
and the patient's own wish come one after the other, and each sees what the one before it did.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.adjustments import reductions
from billing.errors import Refused
from billing.invoices import holds
from billing.law import calendar
from billing.ledger import lock_invoice
from billing.models import Hold, Invoice, Provider
from billing.transitions import advance
from coulance import notices
from coulance.files import storage
from coulance.models import CaseMessage, CoulanceCase, Decision, PracticeRules, Proposal, Specification

Status = CoulanceCase.Status
HOLD = "awaiting_decision"  # why an invoice rests while its amount is worked out
LONGEST_MESSAGE = 1000
MAX_MESSAGES = 20


@dataclass(frozen=True, slots=True)
class CaseView:
    """What the patient is told about a case."""

    case: CoulanceCase
    rules: PracticeRules
    files: Sequence[Specification]
    messages: Sequence[CaseMessage]
    decision: Decision | None
    step: int  # 1 to 5, as in the brochure: where the patient is now
    can_send: bool
    is_open: bool
    is_checking: bool
    decided_before: bool
    can_take_back: set[int]  # the keys of files

    @property
    def has_steps(self) -> bool:
        """Whether the five steps tell something true: a case that ended without a decision skipped some of them."""
        return self.case.status not in (Status.EXPIRED, Status.WITHDRAWN)

    @property
    def asked_more(self) -> bool:
        """Whether the provider's last word was that it needs something more."""
        return self.decision is not None and self.decision.kind == Decision.Kind.ASK_MORE

    @property
    def can_see_again(self) -> bool:
        return any(row.status == Specification.Status.CLEAN for row in self.files)


def rules_of(provider: Provider) -> PracticeRules:
    """How this provider goes about coulance; the defaults when nothing was set."""
    return PracticeRules.objects.filter(provider=provider).first() or PracticeRules(provider=provider)


def of_invoice(invoice_id: int) -> CoulanceCase | None:
    """The case of an invoice, with the invoice and its provider; None when there is none."""
    return CoulanceCase.objects.filter(invoice=invoice_id).select_related("invoice__provider").first()


def lock(case_id: int) -> CoulanceCase:
    """The case with its invoice, both locked in this order until the transaction ends, both read anew."""
    invoice = lock_invoice(CoulanceCase.objects.values_list("invoice_id", flat=True).get(pk=case_id))
    case = CoulanceCase.objects.select_for_update().get(pk=case_id)
    case.invoice = invoice
    return case


def move(case: CoulanceCase, to: CoulanceCase.Status, *, by: str, **changes: Any) -> bool:
    """Move a locked case along its graph; every move makes forms that were opened before it stale.

    A proposed decision was about the case as it stood, so it does not outlive a move.
    """
    moved = advance(case, to, version=case.version + 1, **changes)
    if moved and Proposal.objects.filter(case=case).delete()[0]:
        audit.record("case_proposal_put_aside", by=by, invoice=case.invoice)
    return moved


def look_at(case: CoulanceCase, *, today: date) -> CaseView:
    """The case as the page shows it."""
    rows = list(case.specifications.exclude(status=Specification.Status.WITHDRAWN))
    if case.status == Status.WITHDRAWN:
        rows = [row for row in rows if row.status == Specification.Status.CLEAN]  # refused ones tell nothing any more
    standing = case.standing
    step = {Status.OFFERED: 3, Status.WAITING_FOR_SPECIFICATION: 3, Status.AT_PROVIDER: 4}.get(Status(case.status), 5)
    is_checking = any(row.status in Specification.PENDING for row in rows)
    if is_checking and case.status in CoulanceCase.DECIDED:
        step = 4  # the invoice rests again already
    return CaseView(
        case=case,
        rules=rules_of(case.invoice.provider),
        files=rows,
        messages=list(case.messages.all()),
        decision=case.decisions.last(),
        step=step,
        can_send=why_not_send(case, today=today) is None,
        is_open=case.status in CoulanceCase.OPEN,
        is_checking=is_checking,
        decided_before=standing is not None,
        can_take_back={row.pk for row in rows if _can_take_back(row, case)} - storage.decided_with(rows, standing),
    )


def _can_take_back(row: Specification, case: CoulanceCase) -> bool:
    if row.status == Specification.Status.CLEAN:
        return case.status in (*CoulanceCase.OPEN, Status.WITHDRAWN)
    return row.status in Specification.PENDING


def last_day_to_send(case: CoulanceCase) -> date | None:
    """The last day on which a file can be sent; None when no day ends that."""
    if case.status in CoulanceCase.DECIDED:
        closed_on = timezone.localtime(case.closed_at).date() if case.closed_at else timezone.localdate()
        return closed_on + timedelta(days=settings.COULANCE_REOPEN_DAYS)
    return None if case.status == Status.AT_PROVIDER else case.specification_due_on


def why_not_send(case: CoulanceCase, *, today: date) -> str | None:
    """Why no file can be sent for this case any more, as a sentence; None when one can."""
    if case.status == Status.EXPIRED:
        return _("The time for this scheme is over.")
    if case.status == Status.WITHDRAWN:
        return _("You chose not to use this scheme.")
    last = last_day_to_send(case)
    too_late = last is not None and today > last
    if case.status in CoulanceCase.DECIDED:
        if too_late:
            return _("Your care provider decided some time ago. Call them if something has changed.")
        if case.reopened >= settings.COULANCE_REOPENINGS:
            return _("Your care provider has looked at this again already. Call them if something has changed.")
    return _("The last day to send the specification has passed.") if too_late else None


def write_message(case_id: int, text: str, *, by: str = "patient", now: datetime | None = None) -> CaseMessage:
    """Leave a message for the provider, sealed: an answer as good as a file, so a case that waited for one goes there.

    Raises Refused when the case is decided or closed or the text is too long.
    """
    now = now or timezone.now()
    text = text.replace("\x00", "").strip()
    with transaction.atomic():
        case = lock(case_id)
        in_time = why_not_send(case, today=timezone.localdate(now)) is None
        if case.status in CoulanceCase.DECIDED and in_time:
            # On nobody's desk: a message alone opens no case again.
            raise Refused(_("Your care provider has decided already. Call them, or send a new specification."))
        if case.status not in CoulanceCase.OPEN:
            raise Refused(_("This case is closed. Call your care provider if you have a question."))
        if not text or len(text) > LONGEST_MESSAGE:
            raise Refused(_("Write a message of at most %(most)d characters.") % {"most": LONGEST_MESSAGE})
        if case.messages.filter(author=CaseMessage.Author.PATIENT).count() >= MAX_MESSAGES:
            raise Refused(_("You sent many messages already. Call your care provider, please."))
        message = CaseMessage(case=case, author=CaseMessage.Author.PATIENT, by=by, at=now)
        message.text = text
        message.save(force_insert=True)
        audit.record("case_message_written", by=by, invoice=case.invoice)
        if case.status == Status.OFFERED and in_time:
            move(case, Status.WAITING_FOR_SPECIFICATION, by=by)
        if in_time and case.status == Status.WAITING_FOR_SPECIFICATION:
            reach_provider(case, now=now, letter="coulance_answered")
        else:
            CoulanceCase.objects.filter(pk=case.pk).update(version=case.version + 1)
    return message


def reach_provider(case: CoulanceCase, *, now: datetime, letter: str = "coulance_received") -> None:
    """A checked file has come in: a locked case goes to the provider, or has one more thing to look at there.

    A case that was decided opens again, and its invoice rests again. `letter` is the mail that tells the patient.
    Raises ValueError when it is closed for good.
    """
    if case.status == Status.AT_PROVIDER:
        CoulanceCase.objects.filter(pk=case.pk).update(version=case.version + 1)
        return
    changes: dict[str, Any] = {"provider_since": now, "provider_nudged_at": None}
    if case.status in CoulanceCase.DECIDED:
        changes |= {"reopened": case.reopened + 1, "closed_at": None}
        holds.place_hold(case.invoice, HOLD, by="patient")
    move(case, Status.AT_PROVIDER, by="system", **changes)
    holds.extend_hold(case.invoice, HOLD, until=None)  # the day to send says nothing about the provider
    audit.record("case_reached_provider", by="system", invoice=case.invoice)
    notices.tell(letter, case, event=str(case.version))


def withdraw(case_id: int, *, today: date, by: str = "patient", erasable: Collection[int] | None = None) -> date:
    """The patient does not want the scheme: the full amount is due, with time to pay it; the new last day.

    Of what was sent the files with the keys `erasable` go at once (None: all of them), and so do those that are still
    being checked: nobody has seen them, and they must not open again what was stopped. Those that a decision rests on
    stay: that one stands. The rest goes when its time is over. Raises Refused when the case is closed already.
    """
    with transaction.atomic():
        case = lock(case_id)
        if case.status not in CoulanceCase.OPEN:
            raise Refused(_("This case is closed already."))
        standing, rows = case.standing, list(case.specifications.all())
        seen = {row.pk for row in rows if row.status not in Specification.PENDING}
        kept = set() if erasable is None else seen - set(erasable)
        storage.drop_all(case, but=kept | storage.decided_with(rows, standing))
        if standing:
            return close_keeping_decision(case, today=today, by=by)
        due_on = close(case, Status.WITHDRAWN, today=today, by=by)
        erased = not any(row.pk in kept and row.stored_name for row in rows)
        notices.tell("coulance_withdrawn", case, event=str(case.version), due_on=due_on, erased=erased)
    return due_on


def close_keeping_decision(case: CoulanceCase, *, today: date, by: str, expired: bool = False) -> date:
    """End a locked case that was opened again without a new decision: the earlier one stands; the last day to pay."""
    earlier = Status.ADJUSTED if reductions.reduced(case.invoice) else Status.REJECTED
    due_on = close(case, earlier, today=today, by=by, act="case_kept")
    facts = {"expired": expired, **notices.amounts(case.invoice)}
    notices.tell("coulance_stands", case, event=str(case.version), **facts)
    return due_on


def release_if_idle(case: CoulanceCase, *, today: date, by: str) -> None:
    """A locked case that was decided rests while new files are checked: with none left its invoice goes on."""
    checking = case.specifications.filter(status__in=Specification.PENDING)
    if case.status in CoulanceCase.DECIDED and not checking.exists():
        due_on = _time_to_pay(case.invoice, today)
        if holds.release_hold(case.invoice, HOLD, by=by, due_on=due_on):
            case.invoice.due_on = due_on


def _time_to_pay(invoice: Invoice, today: date) -> date:
    """At least COULANCE_PAY_DAYS ahead, and never before the day it had."""
    return max(invoice.due_on, calendar.roll_to_working_day(today + timedelta(days=settings.COULANCE_PAY_DAYS)))


def rests(case: CoulanceCase) -> bool:
    """Whether the invoice rests for this case, so that nobody has to pay it now."""
    return Hold.objects.filter(invoice=case.invoice_id, reason=HOLD, released_at=None).exists()


def close(case: CoulanceCase, to: CoulanceCase.Status, *, today: date, by: str, act: str = "") -> date:
    """End a locked case: the invoice goes on, with a new last day to pay; that day. `act` is for the timeline."""
    due_on = _time_to_pay(case.invoice, today)
    if not move(case, to, by=by, closed_at=timezone.now()):
        raise Refused(_("This case has changed. Open the page again."))
    holds.release_hold(case.invoice, HOLD, by=by, due_on=due_on)
    case.invoice.due_on = due_on
    audit.record(act or f"case_{to}", by=by, invoice=case.invoice, due_on=str(due_on))
    return due_on
