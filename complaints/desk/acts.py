"""What staff do in a file, by the button that they press: each calls a rule and returns a sentence for them."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import audit
from billing.errors import Refused
from billing.text import posted
from complaints import answers, handling
from complaints.desk.base import owners
from complaints.desk.forms import AnswerForm
from complaints.file import lessons, letter, mandates, referrals
from complaints.models import Complaint

WHY = {
    "not_ours": gettext_lazy("it is not about us or this invoice"),
    "answered_before": gettext_lazy("it was answered before, and nothing is new"),
    "at_court": gettext_lazy("it is before a court or another body"),
    "no_authority": gettext_lazy("nobody showed that they may speak for the patient"),
    "too_old": gettext_lazy("it is older than five years, and paid"),
}


def _text(request: HttpRequest) -> str:
    return request.POST.get("text", "")


def _acknowledge(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    handling.acknowledge(complaint.pk, text=_text(request), staff=request.user)
    return _("The patient gets a mail that you handle it.")


def _acknowledge_again(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    answers.acknowledge_again(complaint.pk, text=_text(request), staff=request.user)
    return _("The patient gets a mail that you handle it.")


def _posted(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    """Note that the answer went to the post."""
    today = timezone.localdate()
    on = _day(request, "posted_on") or today
    letter.posted(complaint.pk, posted.key(request, "answer"), on=on, staff=request.user, today=today)
    return _("Noted.")


def _admit(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    handling.admit(complaint.pk, staff=request.user)
    return _("You look into it.")


def _ask(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    handling.ask(complaint.pk, text=_text(request), staff=request.user, today=timezone.localdate())
    return _("The patient gets a mail with your question.")


def _extend(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    handling.extend(complaint.pk, reason=_text(request), staff=request.user, today=timezone.localdate())
    return _("The patient gets a mail that you need more time.")


def _refuse(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    if not answers.is_ours(request.user) or not answers.decides(request.user):
        raise Refused(_("A practice does not answer alone. Somebody of ours has to agree."))
    why = request.POST.get("why", "")
    if why not in WHY:
        raise Refused(_("Choose why it is not for us to answer."))
    answers.refuse(complaint.pk, why=why, text=_text(request), staff=request.user, today=timezone.localdate())
    return _("The patient gets a mail with the reason.")


def _answer(request: HttpRequest, complaint: Complaint, form: AnswerForm) -> str:
    given = answers.answer(complaint.pk, form.draft(), staff=request.user)
    return _("The answer was sent.") if given.given_at else _("The answer waits for a second person.")


def _confirm(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    answers.confirm(complaint.pk, staff=request.user)
    return _("The answer was sent.")


def _heard(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    """Note what the patient said by telephone, by post or at the desk, and do what they want."""
    today, by, what = timezone.localdate(), audit.name_of(request.user), request.POST.get("what", "")
    channel = request.POST.get("channel", Complaint.Channel.PHONE)
    if channel not in Complaint.Channel.values:
        raise Refused(_("Choose how it came."))
    came = handling.Came(channel, _day(request, "came_on") or today)
    if what == "reply":
        handling.reply(complaint.pk, text=_text(request), today=today, by=by, came=came)
    elif what == "escalate":
        handling.escalate(complaint.pk, text=_text(request), today=today, by=by, late=True, came=came)
    elif what == "withdraw" and answers.is_ours(request.user):
        handling.withdraw(complaint.pk, today=today, by=by, came=came)
    else:
        raise Refused(_("Choose what the patient wants."))
    return _("Noted.")


def _about(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    person = owners(complaint).filter(pk=posted.key(request, "person")).first()
    if person is None:
        raise Refused(_("Choose the person."))
    handling.set_about(complaint.pk, person=person, staff=request.user)
    return _("Noted. This person does not see the file any more.")


def _done(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    """Note that what a person had to do is done."""
    waiting = complaint.remedies.filter(done_at=None)
    if not waiting.update(done_at=timezone.now()):
        raise Refused(_("Nothing is left to do."))
    handling.record("complaint_action_done", complaint, by=audit.name_of(request.user))
    return _("Noted.")


def _day(request: HttpRequest, name: str) -> date | None:
    """Return a day of the form; None when it is empty. Raises Refused when it is none."""
    given = request.POST.get(name, "")
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as error:
        raise Refused(_("Write the day as in 2026-12-31.")) from error


def _reroute(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    if not answers.is_ours(request.user):
        raise Refused(_("Somebody of ours gives a complaint another subject."))
    subject, agreed = request.POST.get("subject", ""), "agreed" in request.POST
    referrals.reroute(complaint.pk, subject=subject, staff=request.user, agreed=agreed)
    return _("The complaint has another subject. The patient gets a mail.")


def _refer(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    body = request.POST.get("body", "")
    referrals.refer(complaint.pk, body=body, staff=request.user, today=timezone.localdate())
    return _("The patient gets a mail with name, address, fee and last day.")


def _referral(request: HttpRequest, complaint: Complaint) -> int:
    key = posted.key(request, "referral")
    if not complaint.referrals.filter(pk=key).exists():
        raise Refused(_("Choose one of the buttons."))
    return key


def _note_referral(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    number, received = request.POST.get("number", ""), _day(request, "received_on")
    talked, today = _day(request, "talked_on"), timezone.localdate()
    key = _referral(request, complaint)
    referrals.note(key, number=number, received_on=received, staff=request.user, today=today, talked_on=talked)
    return _("Noted.")


def _end_referral(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    ruled, today = _day(request, "ruled_on"), timezone.localdate()
    referrals.end(_referral(request, complaint), staff=request.user, today=today, ruled_on=ruled)
    return _("Noted.")


def _confirm_mandate(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    today = timezone.localdate()
    mandates.confirm(
        complaint.pk,
        file_id=posted.key(request, "file"),
        kind=request.POST.get("kind", ""),
        may_receive="may_receive" in request.POST,
        may_settle="may_settle" in request.POST,
        valid_until=_day(request, "valid_until") or today,
        staff=request.user,
        today=today,
    )
    return _("Noted. The patient's side gets a mail.")


def _end_mandate(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    mandates.end(complaint.pk, by=audit.name_of(request.user))
    return _("Noted. The patient's side gets a mail.")


def _learn(request: HttpRequest, complaint: Complaint, _form: Any) -> str:
    sent = request.POST
    learnt = lessons.Learnt(
        cause=sent.get("cause", ""),
        preventable=sent.get("preventable") == "yes",
        recommendation=sent.get("recommendation", ""),
        because=sent.get("because", ""),
        owner=owners(complaint).filter(pk=posted.key(request, "owner")).first(),
        due_on=_day(request, "due_on"),
    )
    lessons.learn(complaint.pk, learnt, staff=request.user, today=timezone.localdate())
    return _("Noted.")


ACTS: dict[str, Any] = {
    "acknowledge": _acknowledge,
    "acknowledge_again": _acknowledge_again,
    "posted": _posted,
    "admit": _admit,
    "ask": _ask,
    "extend": _extend,
    "refuse": _refuse,
    "answer": _answer,
    "confirm": _confirm,
    "heard": _heard,
    "about": _about,
    "done": _done,
    "reroute": _reroute,
    "refer": _refer,
    "note_referral": _note_referral,
    "end_referral": _end_referral,
    "confirm_mandate": _confirm_mandate,
    "end_mandate": _end_mandate,
    "learn": _learn,
}
