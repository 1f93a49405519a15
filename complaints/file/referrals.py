"""Where a complaint goes: to another desk of ours, or to another body, with its number and its day of receipt there.

The number, the day of receipt and both clocks of the file stay: whoever chose the wrong subject loses nothing.
"""

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from billing import audit
from billing.errors import Refused
from complaints import deadlines, freeze, handling, notices
from complaints.file import bodies
from complaints.models import Complaint, ComplaintMessage, Referral

Subject, Kind = Complaint.Subject, ComplaintMessage.Kind


def reroute(complaint_id: int, *, subject: str, staff: Any, agreed: bool = False) -> Complaint:
    """Give an open complaint another subject, and with that other staff. Raises Refused for the same or no subject.

    What was written to us goes to the care provider only when the patient `agreed` to that.
    """
    with transaction.atomic():
        complaint = handling.lock(complaint_id)
        if complaint.status not in Complaint.OPEN:
            raise Refused(_("The file has moved on meanwhile. Look at it again."))
        if subject not in Subject.values or subject == complaint.subject:
            raise Refused(_("Choose another subject."))
        to = handling.provider_of(complaint.invoice, subject)
        if to is not None and complaint.provider_id is None and not agreed:
            raise Refused(_("Ask the patient first whether the care provider may read it, and tick that."))
        before, complaint.subject = complaint.subject, subject
        complaint.provider = to
        complaint.save(update_fields=["subject", "provider"])
        if to is None:
            notices.keep_from_practice(complaint)
        with override(complaint.language):
            text = _("Your complaint is about: %(subject)s. Somebody else looks into it. Number and days stay.")
            message = handling.say(
                complaint, Kind.REFERRAL, text % {"subject": Subject(subject).label}, by=audit.name_of(staff)
            )
        handling.record("complaint_rerouted", complaint, by=audit.name_of(staff), was=before, now=subject)
        notices.news(complaint, message)
    return complaint


def refer(complaint_id: int, *, body: str, staff: Any, today: date) -> Referral:
    """Note that another body has, or gets, this complaint, and tell the patient its name, address, fee and last day.

    While a body that decides has it, the invoice rests. Raises Refused for a body that is not on the list, that the
    care provider does not have, or that has it already.
    """
    with transaction.atomic():
        complaint = handling.lock(complaint_id)
        if complaint.status in (Complaint.Status.WITHDRAWN, Complaint.Status.CLOSED):
            raise Refused(_("The file has moved on meanwhile. Look at it again."))
        with override(complaint.language):
            known = bodies.named(body, complaint.invoice, today=today) if body in bodies.BODIES else None
        if known is None:
            raise Refused(_("Choose a body. Of this care provider none may be known: it stands in its settings."))
        if complaint.referrals.filter(body=body, ended_on=None).exists():
            raise Refused(_("This body has the complaint already."))
        row = Referral.objects.create(
            complaint=complaint, body=body, name=known["name"], address=known["url"], fee=known["fee"],
            until=_last_day(complaint, body, today), by=audit.name_of(staff),
            keeps_rest=bodies.BODIES[body].decides, ask_on=today + timedelta(days=deadlines.ASK_AGAIN_DAYS),
        )  # fmt: skip
        with override(complaint.language):
            message = handling.say(complaint, Kind.REFERRAL, bodies.in_words(known, until=row.until), by=row.by)
        if row.keeps_rest:
            freeze.rest(complaint, by=row.by)
        handling.record("complaint_referred", complaint, by=row.by, body=body)
        notices.news(complaint, message)
    return row


def _last_day(complaint: Complaint, body: str, today: date) -> date | None:
    """Return the last day at a body: counted from our last answer, and longer when that did not name it."""
    last = complaint.answers.exclude(given_at=None).last()
    if last is None or last.given_at is None:
        return bodies.last_day(body, today)
    answered = timezone.localtime(last.given_at).date()
    return bodies.last_day(body, answered, misled=last.next_body.get("key") != body)


def note(
    referral_id: int, *, number: str, received_on: date | None, staff: Any, today: date, talked_on: date | None = None
) -> Referral:
    """Note under which number another body has it since which day, and ask again in three months.

    `talked_on`: when its mediation ended without a solution, from which there is a last day for a decision.
    """
    with transaction.atomic():
        row = _locked(referral_id)
        if (received_on and received_on > today) or (talked_on and talked_on > today):
            raise Refused(_("This day has not come yet."))
        if talked_on:
            row.until = bodies.after_talk(row.body, talked_on) or row.until
            row.save(update_fields=["until"])
        row.number, row.received_on = number.strip()[:60], received_on
        row.ask_on = today + timedelta(days=deadlines.ASK_AGAIN_DAYS)
        row.save(update_fields=["number", "received_on", "ask_on"])
        handling.record("complaint_referral_noted", row.complaint, by=audit.name_of(staff), body=row.body)
    return row


def end(referral_id: int, *, staff: Any, today: date, ruled_on: date | None = None) -> Referral:
    """Note that the other body is done, and tell it; the invoice goes on unless something else needs its rest.

    `ruled_on`: the day of its binding advice, after which slips can be mended and a court can annul it.
    """
    with transaction.atomic():
        row = _locked(referral_id)
        if ruled_on and ruled_on > today:
            raise Refused(_("This day has not come yet."))
        row.ended_on = today
        row.save(update_fields=["ended_on"])
        with override(row.complaint.language):
            message = handling.say(row.complaint, Kind.REFERRAL, _ended(row, ruled_on), by=audit.name_of(staff))
        notices.news(row.complaint, message)
        handling.record("complaint_referral_ended", row.complaint, by=audit.name_of(staff), body=row.body)
        if row.complaint.invoice:
            freeze.thaw(row.complaint.invoice, by=audit.name_of(staff), today=today)
    return row


def _locked(referral_id: int) -> Referral:
    """Lock the file, then the referral. Raises Refused when it ended meanwhile."""
    complaint = handling.lock(Referral.objects.values_list("complaint_id", flat=True).get(pk=referral_id))
    row = Referral.objects.select_for_update(of=("self",)).get(pk=referral_id)
    if row.ended_on:
        raise Refused(_("The file has moved on meanwhile. Look at it again."))
    row.complaint = complaint
    return row


def _ended(row: Referral, ruled_on: date | None) -> str:
    parts = [_("%(name)s is done with your complaint.") % {"name": row.name}]
    if ruled_on:
        mend, annul = deadlines.after_binding_advice(ruled_on)
        parts.append(_("You can ask them until %(day)s to mend a slip.") % {"day": notices.day(mend)})
        parts.append(_("A court can undo the decision until %(day)s.") % {"day": notices.day(annul)})
    return " ".join(parts)
