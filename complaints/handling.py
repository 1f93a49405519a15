"""What staff and the patient do in a file between the receipt and the answer. Each act is told and kept.

Every command locks the invoice, then the file, and reads both again.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from billing import audit
from billing.errors import Refused
from billing.ledger import lock_invoices
from billing.models import Invoice, Provider
from billing.text.written import written
from billing.transitions import advance
from complaints import deadlines, freeze, notices
from complaints.models import Answer, Complaint, ComplaintMessage, ComplaintPause, Mandate

Status, Kind = Complaint.Status, ComplaintMessage.Kind
BY = "patient"
REPRESENTATIVE = "representative"  # who made a complaint for the patient, until they have shown that they may
LONGEST = 4000
MOST_POINTS = 6  # of an answer
# The care provider decides about these; the others are ours, and no practice sees them.
OF_PROVIDER = (Complaint.Subject.CARE, Complaint.Subject.PRICE, Complaint.Subject.COULANCE)
# Why a complaint is not ours to answer. Lateness alone is no reason (6:89 BW).
MISSING = ("no_proof", "no_authority")  # what closes a file until it comes
INADMISSIBLE = ("not_ours", "answered_before", "at_court", "no_authority", "too_old", "no_proof")


def lock(complaint_id: int) -> Complaint:
    """Lock the invoice, then the file, until the transaction ends; return the file, freshly read.

    Raises Complaint.DoesNotExist, as every other lock of one row does: pages answer 404 before they come here.
    """
    locked = lock_each([complaint_id])
    if not locked:
        raise Complaint.DoesNotExist
    return locked[0]


def lock_each(complaint_ids: Collection[int]) -> list[Complaint]:
    """Lock all the invoices, then the files, both in the order of their keys; return the files as `lock` does."""
    files = Complaint.objects.filter(pk__in=complaint_ids)
    about = files.exclude(invoice=None).order_by().values_list("invoice_id", flat=True)
    invoices = {invoice.pk: invoice for invoice in lock_invoices(about)}
    locked = list(files.select_for_update(of=("self",), no_key=True).order_by("pk"))
    for complaint in locked:
        complaint.invoice = invoices[complaint.invoice_id] if complaint.invoice_id else None
    return locked


def provider_of(invoice: Invoice | None, subject: str) -> Provider | None:
    """Return whose staff see a file about this subject; None for what is about us, which our operations alone see."""
    return invoice.provider if invoice and subject in OF_PROVIDER else None


def record(action: str, complaint: Complaint, *, by: str, **details: Any) -> None:
    """Add an act to the trail; on the timeline of the invoice, which its practice reads, only of a file it may see."""
    of = complaint.invoice if complaint.provider_id else None
    audit.record(action, by=by, invoice=of, number=complaint.number, **details)


@dataclass(frozen=True, slots=True)
class Came:
    """How and on which day the patient's words came, when staff note them: that day counts, not the day of noting."""

    channel: str = Complaint.Channel.PAGE
    on: date | None = None


ON_THE_PAGE = Came()


def say(
    complaint: Complaint, kind: str, text: str, *, by: str, now: datetime | None = None, came: Came = ON_THE_PAGE
) -> ComplaintMessage:
    """Add a message to a locked file and return it."""
    message = message_in(complaint, kind, text, by=by, now=now, came=came)
    message.save(force_insert=True)
    return message


def message_in(
    complaint: Complaint, kind: str, text: str, *, by: str, now: datetime | None = None, came: Came = ON_THE_PAGE
) -> ComplaintMessage:
    """Return a message that is still to be saved in a locked file."""
    message = ComplaintMessage(complaint=complaint, kind=kind, by=by, at=now or timezone.now())
    message.channel, message.received_on = came.channel, came.on
    message.text = written(text, max_length=LONGEST)
    return message


def must_be(complaint: Complaint, *statuses: str) -> None:
    """Raise Refused when a locked file is in none of these states any more."""
    if complaint.status not in statuses:
        raise Refused(_("The file has moved on meanwhile. Look at it again."))


def acknowledge(complaint_id: int, *, text: str, staff: Any, now: datetime | None = None) -> Complaint:
    """Let a person, by name, say what they understood and that they handle it; they become its handler."""
    now = now or timezone.now()
    with transaction.atomic():
        complaint = lock(complaint_id)
        must_be(complaint, Status.RECEIVED)
        message = say(complaint, Kind.ACKNOWLEDGEMENT, text, by=audit.name_of(staff), now=now)
        complaint.facts = complaint.facts | {"points": points_in(text)}
        sealed = complaint.sealed_facts
        advance(complaint, Status.ACKNOWLEDGED, acknowledged_at=now, handler=staff, sealed_facts=sealed)
        record("complaint_acknowledged", complaint, by=audit.name_of(staff))
        notices.news(complaint, message)
    return complaint


def acknowledge_again(complaint_id: int, *, text: str, staff: Any, now: datetime | None = None) -> Complaint:
    """Let the person who looks again say so by name; they become the second handler.

    Who gave, proposed or agreed to the first answer is refused by the database; the caller asks before.
    """
    now = now or timezone.now()
    with transaction.atomic():
        complaint = lock(complaint_id)
        must_be(complaint, Status.SECOND_LINE)
        if complaint.second_acknowledged_at is not None:
            raise Refused(_("The file has moved on meanwhile. Look at it again."))
        message = say(complaint, Kind.ACKNOWLEDGEMENT, text, by=audit.name_of(staff), now=now)
        complaint.second_acknowledged_at, complaint.second_handler = now, staff
        complaint.save(update_fields=["second_acknowledged_at", "second_handler"])
        record("complaint_acknowledged_again", complaint, by=audit.name_of(staff))
        notices.news(complaint, message)
    return complaint


def points_in(text: str) -> list[str]:
    """Return the points that a confirmation restates: its lines that begin with a dash, a bullet or a number."""
    found = re.findall(r"^\s*(?:[-–•*]|\d+[.)])\s*(\S.*?)\s*$", text, re.MULTILINE)
    return found[:MOST_POINTS]


def admit(complaint_id: int, *, staff: Any, now: datetime | None = None) -> Complaint:
    """Begin to look into it, and tell so. A file that nobody acknowledged is refused."""
    now = now or timezone.now()
    with transaction.atomic():
        complaint = lock(complaint_id)
        must_be(complaint, Status.ACKNOWLEDGED, Status.INADMISSIBLE)
        if complaint.status == Status.INADMISSIBLE:
            _resume(complaint, timezone.localdate(now))
            Complaint.objects.filter(pk=complaint.pk).update(admitted_at=now)
            complaint.admitted_at = now
        else:
            advance(complaint, Status.INVESTIGATING, admitted_at=now)
        with override(complaint.language):
            text = _("We can answer your complaint. We are looking into it now.")
            message = say(complaint, Kind.ADMITTED, text, by=audit.name_of(staff), now=now)
        record("complaint_admitted", complaint, by=audit.name_of(staff))
        notices.news(complaint, message)
    return complaint


def ask(complaint_id: int, *, text: str, staff: Any, today: date) -> Complaint:
    """Ask the patient something. The promised clock rests until they answer, the law's does not."""
    with transaction.atomic():
        complaint = lock(complaint_id)
        must_be(complaint, Status.ACKNOWLEDGED, Status.INVESTIGATING)
        message = say(complaint, Kind.QUESTION, text, by=audit.name_of(staff))
        until = today + timedelta(days=deadlines.PROOF_DAYS)
        if complaint.status == Status.ACKNOWLEDGED:
            advance(complaint, Status.WAITING_FOR_PATIENT, waits_until=until, admitted_at=timezone.now())
        else:
            advance(complaint, Status.WAITING_FOR_PATIENT, waits_until=until)
        ComplaintPause.objects.create(complaint=complaint, begun_on=today)
        record("complaint_asked", complaint, by=audit.name_of(staff))
        notices.news(complaint, message, until=until)
    return complaint


def reply(complaint_id: int, *, text: str, today: date, by: str = BY, came: Came = ON_THE_PAGE) -> Complaint:
    """Take what the patient writes, at any time while the file is open; an answer to a question ends the pause.

    `by`: whoever speaks for the patient, or the member of staff to whom it was said.
    """
    with transaction.atomic():
        complaint = lock(complaint_id)
        must_be(complaint, *Complaint.OPEN, Status.INADMISSIBLE)
        check_came(complaint, came, today)
        say(complaint, Kind.REPLY, text, by=by, came=came)
        heard(complaint, today=today)
        record("complaint_replied", complaint, by=by)
    return complaint


def check_came(complaint: Complaint, came: Came, today: date) -> None:
    """Raise Refused for words that came before the complaint itself, or on a day that has not come."""
    if came.on and not deadlines.received_on(complaint.received_at) <= came.on <= today:
        raise Refused(_("This day lies before the complaint, or has not come yet."))


def heard(complaint: Complaint, *, today: date) -> None:
    """Go on with a locked file that waited for the patient, because something came: staff get time to read it.

    One that is not ours to answer opens again only when staff, who read what came, say so.
    """
    waiting = Mandate.objects.filter(complaint=complaint, ended_at=None, confirmed_at=None)
    waiting.update(proof_by=today + timedelta(days=deadlines.PROOF_DAYS))
    missing = complaint.status == Status.INADMISSIBLE and complaint.why_inadmissible in MISSING
    if complaint.status == Status.WAITING_FOR_PATIENT or missing:
        _resume(complaint, today)


def _resume(complaint: Complaint, today: date) -> None:
    """Go on with a file that waited: what was promised moves by the days of the pause, but not past the law's end.

    One that was closed without an answer begins anew: what was missing came today, so both terms count from today.
    """
    changes: dict[str, Any] = {"waits_until": None, "why_inadmissible": "", "closed_at": None, "frozen_until": None}
    procedure = deadlines.PROCEDURES[complaint.procedure]
    pause = ComplaintPause.objects.filter(complaint=complaint, ended_on=None).first()
    if complaint.status == Status.INADMISSIBLE:
        again = deadlines.dates(procedure, today)
        changes |= {"answered_at": None, "answer_by": again.answer_by, "legal_end": again.legal_end}
        changes |= {"extended_to": None, "next_state_on": deadlines.status_due(procedure, today, 1)}
    elif pause:
        ComplaintPause.objects.filter(pk=pause.pk).update(ended_on=today)
        moved = complaint.answer_by + (today - pause.begun_on)
        changes["answer_by"] = min(deadlines.moved_back(procedure, moved), complaint.extended_to or complaint.legal_end)
    advance(complaint, Status.INVESTIGATING, **changes)
    if complaint.invoice:
        freeze.freeze(complaint, by=BY)


def set_about(complaint_id: int, *, person: Any, staff: Any) -> Complaint:
    """Note about which member of staff a complaint is: they see and decide nothing of it any more.

    Raises Refused once it was answered: who answered then is known.
    """
    with transaction.atomic():
        complaint = lock(complaint_id)
        must_be(complaint, *Complaint.OPEN)
        judged = Answer.objects.filter(Q(written_by=person) | Q(confirmed_by=person), complaint=complaint)
        if judged.exclude(given_at=None).exists():
            raise Refused(_("This person answered it already. Let somebody else look at it again."))
        Answer.objects.filter(complaint=complaint, written_by=person, given_at=None).delete()
        if complaint.handler_id == person.pk:
            complaint.handler = None
        if complaint.second_handler_id == person.pk:
            complaint.second_handler = None
        complaint.about = person
        complaint.save(update_fields=["handler", "second_handler", "about"])
        record("complaint_about", complaint, by=audit.name_of(staff))
    return complaint


def extend(complaint_id: int, *, reason: str, staff: Any, today: date) -> Complaint:
    """Take more time, once, with a reason, told before the law's term ends (Wkkgz art. 17 lid 2)."""
    with transaction.atomic():
        complaint = lock(complaint_id)
        must_be(complaint, Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.WAITING_FOR_PATIENT)
        if complaint.extended_to:
            raise Refused(_("More time can be taken once, and it was."))
        if today > complaint.legal_end:
            raise Refused(_("It is too late for more time: the answer should have been given."))
        procedure = deadlines.PROCEDURES[complaint.procedure]
        received = deadlines.received_on(complaint.received_at)
        dates = deadlines.dates(procedure, received)
        message = say(complaint, Kind.EXTENSION, reason, by=audit.name_of(staff))
        complaint.broken_before += today > complaint.answer_by
        complaint.extended_to, complaint.answer_by = dates.extended_end, dates.extended_answer_by
        complaint.save(update_fields=["extended_to", "answer_by", "broken_before"])
        record("complaint_extended", complaint, by=audit.name_of(staff), to=str(complaint.extended_to))
        notices.news(complaint, message)
    return complaint


def close_unanswered(complaint: Complaint, *, why: str, text: str, by: str, today: date) -> None:
    """Close a locked file that can't be answered, and say why; it opens again when what was missing comes."""
    message = say(complaint, Kind.INADMISSIBLE, text, by=by)
    end_pause(complaint, today)
    until = deadlines.frozen_until(today)
    advance(
        complaint, Status.INADMISSIBLE, why_inadmissible=why, answered_at=timezone.now(), frozen_until=until,
        waits_until=None,
    )  # fmt: skip
    record("complaint_inadmissible", complaint, by=by, why=why)
    notices.news(complaint, message)


def end_pause(complaint: Complaint, today: date) -> None:
    """End the wait for the patient of a locked file, if there is one."""
    ComplaintPause.objects.filter(complaint=complaint, ended_on=None).update(ended_on=today)


def withdraw(complaint_id: int, *, today: date, by: str = BY, came: Came = ON_THE_PAGE) -> Complaint:
    """Take a complaint back. The invoice goes on, with at least two weeks to pay.

    When staff note it, the patient gets a mail: it was done in their name.
    """
    with transaction.atomic():
        complaint = lock(complaint_id)
        must_be(complaint, *Complaint.OPEN)
        check_came(complaint, came, today)
        end_pause(complaint, today)
        advance(complaint, Status.WITHDRAWN, closed_at=timezone.now(), frozen_until=None)
        record("complaint_withdrawn", complaint, by=by)
        if by.startswith("staff:"):
            with override(complaint.language):
                text = _("You told us that you take your complaint back.")
                message = say(complaint, Kind.REPLY, text, by=by, came=came)
            notices.news(complaint, message)
        if complaint.invoice:
            freeze.thaw(complaint.invoice, by=by, today=today)
    return complaint


def escalate(
    complaint_id: int, *, text: str, today: date, by: str = BY, late: bool = False, came: Came = ON_THE_PAGE
) -> Complaint:
    """Let another person look again, because the patient does not agree; no reason is needed.

    The invoice rests again while they do, also when the two weeks after the first answer are over. `late`: staff let
    it through after the last day for it, with the words of the patient that say why. It counts from the day on which it
    came, also when it was noted later.
    """
    with transaction.atomic():
        complaint = lock(complaint_id)
        must_be(complaint, Status.ANSWERED, Status.INADMISSIBLE)
        check_came(complaint, came, today)
        asked_on = came.on or today
        if asked_on > escalate_until(complaint) and not (late and text.strip()):
            if late:
                raise Refused(_("The last day for it is over. Write down why it is looked at all the same."))
            raise Refused(_("The time to ask for a second answer is over. Call us: a person decides."))
        say(complaint, Kind.ESCALATION, text or _("I do not agree."), by=by, came=came)
        procedure = deadlines.PROCEDURES[complaint.procedure]
        answer_by, end = deadlines.second_line(procedure, asked_on)
        advance(
            complaint, Status.SECOND_LINE, answered_at=None, answer_by=answer_by, legal_end=end, extended_to=None,
            frozen_until=None, next_state_on=deadlines.status_due(procedure, today, 1),
            second_acknowledge_by=deadlines.dates(procedure, asked_on).acknowledge_by,
        )  # fmt: skip
        freeze.rest(complaint, by=by)
        record("complaint_escalated", complaint, by=by)
    return complaint


def escalate_until(complaint: Complaint) -> date:
    """Return the last day on which the patient may ask for a second answer by themselves."""
    if complaint.answered_at is None:
        raise ValueError("not answered")
    return timezone.localtime(complaint.answered_at).date() + timedelta(days=deadlines.ESCALATION_DAYS)
