"""A case as the patient sees and changes it: what is asked for, a message to the provider, withdrawing.

Every command locks the invoice, then the case, and reads both again. A payment, a decision, an expired deadline and
the patient's own request are thus handled one after the other, and each sees the outcome of the one before.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.adjustments import reductions
from billing.errors import Refused
from billing.house_rules import rule_of
from billing.invoices import holds
from billing.law import calendar
from billing.ledger import lock_invoice
from billing.models import Hold, Invoice, Provider
from billing.transitions import advance
from coulance import notices
from coulance.models import CaseMessage, CoulanceCase, Decision, PracticeRules, Proposal, Specification
from coulance.reading import readings
from guests.files.limits import KNOWN, CodeFirst, Sender
from guests.files.storage import drop

Status = CoulanceCase.Status
HOLD = "awaiting_decision"  # why an invoice rests while its amount is worked out
LONGEST_MESSAGE = 1000
MAX_MESSAGES = 20  # from those who are known; and from all strangers together
MAX_MESSAGES_PER_BROWSER = 10  # of a stranger


@dataclass(frozen=True, slots=True)
class CaseView:
    """What the page shows the patient about a case."""

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
    unreadable: set[int]  # those on which a machine could read no amount

    @property
    def has_steps(self) -> bool:
        """Tell whether to show the five steps: a case that ended without a decision skipped some of them."""
        return self.case.status not in (Status.EXPIRED, Status.WITHDRAWN)

    @property
    def asked_more(self) -> bool:
        """Tell whether the provider's last decision was to ask for more information."""
        return self.decision is not None and self.decision.kind == Decision.Kind.ASK_MORE

    @property
    def can_see_again(self) -> bool:
        """Tell whether there is a checked file that the patient can open."""
        return any(row.status == Specification.Status.CLEAN for row in self.files)


def rules_of(provider: Provider) -> PracticeRules:
    """Return the rules of this provider for coulance; the defaults when nothing was set."""
    return PracticeRules.objects.filter(provider=provider).first() or PracticeRules(provider=provider)


def of_invoice(invoice_id: int) -> CoulanceCase | None:
    """Return the case of an invoice, with the invoice and its provider; None when there is none."""
    return CoulanceCase.objects.filter(invoice=invoice_id).select_related("invoice__provider").first()


def lock(case_id: int) -> CoulanceCase:
    """Lock the invoice, then the case, until the transaction ends; return the case, both freshly read."""
    invoice = lock_invoice(CoulanceCase.objects.values_list("invoice_id", flat=True).get(pk=case_id))
    case = CoulanceCase.objects.select_for_update().get(pk=case_id)
    case.invoice = invoice
    return case


def move(case: CoulanceCase, to: CoulanceCase.Status, *, by: str, **changes: Any) -> bool:
    """Change the status of a locked case and return whether that was possible; older forms become stale.

    A proposed decision was about the case before this change, so it is deleted.
    """
    moved = advance(case, to, version=case.version + 1, **changes)
    if moved and Proposal.objects.filter(case=case).delete()[0]:
        audit.record("case_proposal_put_aside", by=by, invoice=case.invoice)
    return moved


def look_at(case: CoulanceCase, *, today: date) -> CaseView:
    """Return the case as the page shows it."""
    rows = list(case.specifications.exclude(status=Specification.Status.WITHDRAWN).select_related("reading"))
    if case.status == Status.WITHDRAWN:
        rows = [row for row in rows if row.status == Specification.Status.CLEAN]  # a refusal no longer matters
    rows = [row for row in rows if not (row.scanned_by and row.status == Specification.Status.REFUSED)]  # not theirs
    standing = case.standing
    step = {Status.OFFERED: 3, Status.WAITING_FOR_SPECIFICATION: 3, Status.AT_PROVIDER: 4}.get(Status(case.status), 5)
    is_checking = any(row.status in Specification.PENDING for row in rows)
    if is_checking and case.status in CoulanceCase.DECIDED:
        step = 4  # the invoice is on hold again already
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
        can_take_back={row.pk for row in rows if _can_take_back(row, case)} - decided_with(rows, standing),
        unreadable=readings.unreadable(rows) if case.status in CoulanceCase.OPEN else set(),
    )


def _can_take_back(row: Specification, case: CoulanceCase) -> bool:
    if row.status == Specification.Status.CLEAN:
        return case.status in (*CoulanceCase.OPEN, Status.WITHDRAWN)
    return row.status in Specification.PENDING


def last_day_to_send(case: CoulanceCase) -> date | None:
    """Return the last day on which a file can be sent; None when there is no deadline."""
    if case.status in CoulanceCase.DECIDED:
        closed_on = timezone.localtime(case.closed_at).date() if case.closed_at else timezone.localdate()
        return closed_on + timedelta(days=settings.COULANCE_REOPEN_DAYS)
    return None if case.status == Status.AT_PROVIDER else case.specification_due_on


def why_not_send(case: CoulanceCase, *, today: date) -> str | None:
    """Return why no file can be sent for this case any more, as a sentence; None when one can."""
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
    return _("The last day to send the statement has passed.") if too_late else None


def write_message(
    case_id: int, text: str, *, by: str = "patient", now: datetime | None = None, sender: Sender = KNOWN
) -> CaseMessage:
    """Store an encrypted message to the provider and return it.

    A message counts as an answer just like a file, so a case that waited for the patient goes to the provider.
    Raises Refused when the case is decided or closed, or the text is empty or too long; CodeFirst when it would be
    allowed after a code by SMS.
    """
    now = now or timezone.now()
    text = text.replace("\x00", "").strip()
    with transaction.atomic():
        case = lock(case_id)
        in_time = why_not_send(case, today=timezone.localdate(now)) is None
        if case.status in CoulanceCase.DECIDED and in_time:
            # A message alone does not reopen a case, so nobody would read it.
            raise Refused(_("Your care provider has decided already. Call them, or send a new specification."))
        if case.status not in CoulanceCase.OPEN:
            raise Refused(_("This case is closed. Call your care provider if you have a question."))
        if not text or len(text) > LONGEST_MESSAGE:
            raise Refused(_("Write a message of at most %(most)d characters.") % {"most": LONGEST_MESSAGE})
        check_messages(case.messages.filter(author=CaseMessage.Author.PATIENT), sender)
        message = CaseMessage(case=case, author=CaseMessage.Author.PATIENT, by=by, at=now, **sender.columns)
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


def reach_provider(
    case: CoulanceCase, *, now: datetime, letter: str = "coulance_received", by: str = "patient"
) -> None:
    """Pass a locked case to the provider because a checked file or an answer came in; when already there, note it.

    A decided case is reopened, and its invoice is put on hold again. `letter` is the kind of mail to the patient, `by`
    who sent what came in.
    Raises ValueError when the case is closed for good.
    """
    if case.status == Status.AT_PROVIDER:
        CoulanceCase.objects.filter(pk=case.pk).update(version=case.version + 1)
        return
    changes: dict[str, Any] = {"provider_since": now, "provider_nudged_at": None}
    if case.status in CoulanceCase.DECIDED:
        changes |= {"reopened": case.reopened + 1, "closed_at": None}
        holds.place_hold(case.invoice, HOLD, by=by)
    move(case, Status.AT_PROVIDER, by="system", **changes)
    holds.extend_hold(case.invoice, HOLD, until=None)  # the patient's deadline does not bind the provider
    audit.record("case_reached_provider", by="system", invoice=case.invoice)
    notices.queue_mail(letter, case, event=str(case.version))


def withdraw(case_id: int, *, today: date, by: str = "patient") -> date:
    """End the case because the patient does not want the scheme; return the new due date of the full amount.

    The files are erased at once, also those still being checked: nobody has seen them, and they must not reopen the
    case. Files on which a decision is based are retained, because that decision stands. Raises Refused when the case
    is closed.
    """
    with transaction.atomic():
        case = lock(case_id)
        if case.status not in CoulanceCase.OPEN:
            raise Refused(_("This case is closed already."))
        standing = case.standing
        drop_all(case, exclude=decided_with(case.specifications.all(), standing))
        if standing:
            return close_keeping_decision(case, today=today, by=by)
        due_on = close(case, Status.WITHDRAWN, today=today, by=by)
        notices.queue_mail("coulance_withdrawn", case, event=str(case.version), due_on=due_on)
    return due_on


def end_with_invoice(invoice: Invoice, by: str, today: date) -> None:
    """End the case of a locked invoice that is withdrawn: nothing is left to decide. Its files go by retention.

    Files that are still being checked are erased at once: they must not reopen the case.
    """
    case = CoulanceCase.objects.select_for_update(no_key=True).filter(invoice=invoice).first()
    if case is None:
        return
    case.invoice = invoice
    seen = case.specifications.exclude(status__in=Specification.PENDING)
    drop_all(case, exclude=set(seen.values_list("pk", flat=True)))
    if case.status in CoulanceCase.OPEN:
        move(case, Status.WITHDRAWN, by=by, closed_at=timezone.now())
        audit.record("case_ended_with_invoice", by=by, invoice=invoice)
    holds.release_hold(invoice, HOLD, by=by, today=today)


def close_keeping_decision(case: CoulanceCase, *, today: date, by: str, expired: bool = False) -> date:
    """Close a locked case that was reopened but not decided again; the earlier decision stands. Return the due date."""
    earlier = Status.ADJUSTED if reductions.reduced(case.invoice) else Status.REJECTED
    due_on = close(case, earlier, today=today, by=by, act="case_kept")
    facts = {"expired": expired, **notices.amounts(case.invoice)}
    notices.queue_mail("coulance_stands", case, event=str(case.version), **facts)
    return due_on


def look_again(invoice: Invoice, by: str, now: datetime) -> bool:
    """Reopen the decided case of a locked invoice, whose hold begins again; return whether there was one."""
    case = CoulanceCase.objects.select_for_update().filter(invoice=invoice, status__in=CoulanceCase.DECIDED).first()
    if case is None:
        return False
    case.invoice = invoice
    reach_provider(case, now=now)
    return True


def release_if_idle(case: CoulanceCase, *, today: date, by: str) -> None:
    """Release the hold of a locked, decided case once none of its new files is still being checked."""
    checking = case.specifications.filter(status__in=Specification.PENDING)
    if case.status in CoulanceCase.DECIDED and not checking.exists():
        due_on = _new_due_date(case.invoice, today)
        if holds.release_hold(case.invoice, HOLD, by=by, due_on=due_on):
            case.invoice.due_on = due_on


def _new_due_date(invoice: Invoice, today: date) -> date:
    """Return a due date at least COULANCE_PAY_DAYS ahead, and never before the present one."""
    until = today + timedelta(days=rule_of(invoice.provider, "COULANCE_PAY_DAYS"))
    return max(invoice.due_on, calendar.roll_to_working_day(until))


def is_on_hold(case: CoulanceCase) -> bool:
    """Tell whether the invoice is on hold for this case, so that it need not be paid now."""
    return Hold.objects.filter(invoice=case.invoice_id, reason=HOLD, released_at=None).exists()


def close(case: CoulanceCase, to: CoulanceCase.Status, *, today: date, by: str, act: str = "") -> date:
    """Close a locked case, release its hold and return the new due date. `act` is the entry in the timeline."""
    due_on = _new_due_date(case.invoice, today)
    if not move(case, to, by=by, closed_at=timezone.now()):
        raise Refused(_("This case has changed. Open the page again."))
    holds.release_hold(case.invoice, HOLD, by=by, due_on=due_on)
    case.invoice.due_on = due_on
    audit.record(act or f"case_{to}", by=by, invoice=case.invoice, due_on=str(due_on))
    return due_on


def check_messages(messages: QuerySet[Any], sender: Sender) -> None:
    """Raise Refused when the messages that a case has leave no room for another of `sender`."""
    if sender.is_known:
        if messages.filter(by_stranger=False).count() >= MAX_MESSAGES:
            raise Refused(_("You sent many messages already. Call your care provider, please."))
        return
    if messages.filter(browser=sender.browser, by_stranger=True).count() >= MAX_MESSAGES_PER_BROWSER:
        raise CodeFirst(_("You sent many messages already. To send more, first get a code by SMS."))
    if messages.filter(by_stranger=True).count() >= MAX_MESSAGES:
        raise CodeFirst(_("Many messages were sent for this invoice. To send yours, first get a code by SMS."))


def drop_all(case: CoulanceCase, *, exclude: Collection[int] = ()) -> None:
    """Erase all files of a locked case except those with the keys in `exclude`."""
    for row in case.specifications.exclude(status__in=Specification.GONE).exclude(pk__in=exclude):
        drop(row)
        readings.forget([row.pk])


def decided_with(rows: Iterable[Specification], decision: Decision | None) -> set[int]:
    """Return the keys of the files on which `decision` is based: those that had been checked when it was made."""
    if decision is None:
        return set()
    clean = (row for row in rows if row.status == Specification.Status.CLEAN)
    return {row.pk for row in clean if (row.checked_at or row.uploaded_at) <= decision.at}


def waiting_for_second() -> Iterator[tuple[int, str]]:
    """Yield of each proposal the key of its practice, and who made it."""
    for proposal in Proposal.objects.select_related("case__invoice", "decided_by"):
        yield proposal.case.invoice.provider_id, audit.name_of(proposal.decided_by)
