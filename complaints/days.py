"""The day's work on complaints: honest messages about the state, the end of waiting, of the rest, and of files."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from billing import audit
from billing.failures import isolated
from billing.law.calendar import begin_of
from billing.models import Invoice
from billing.transitions import advance
from complaints import deadlines, freeze, handling, notices
from complaints.file import mandates
from complaints.models import Complaint, ComplaintMessage

Status, Kind = Complaint.Status, ComplaintMessage.Kind
BY = "system"
SILENT = "complaint_silent"  # a staff task
A_HUMAN_WROTE_DAYS = 7  # before a message about the state is due: it counts as that message


def run_day(today: date) -> None:
    """Do everything that is due on `today` or was missed before. Running it again changes nothing."""
    _each(Complaint.objects.filter(status__in=Complaint.OPEN, next_state_on__lte=today), _tell_state, today)
    _each(_to_remind(today), _remind, today)
    _each(_over(today), _stop_waiting, today)
    _each(Complaint.objects.filter(pk__in=mandates.overdue(today)), _stop_without_authority, today)
    _each(Complaint.objects.filter(frozen_until__lt=today), _end_freeze, today)
    ended = (Status.ANSWERED, Status.ANSWERED_AGAIN, Status.INADMISSIBLE)
    before = begin_of(today - timedelta(days=deadlines.ESCALATION_DAYS))
    _each(Complaint.objects.filter(status__in=ended, answered_at__lt=before), _close, today)


def _each(rows: QuerySet[Complaint], act: Callable[[int, date], None], today: date) -> None:
    for complaint_id in list(rows.order_by("pk").values_list("pk", flat=True)):
        about = Invoice.objects.filter(complaints=complaint_id)
        rule = f"complaints {act.__name__.strip('_')}"
        isolated(partial(act, complaint_id, today), rule=rule, row=complaint_id, about=about)


def _tell_state(complaint_id: int, today: date) -> None:
    """Tell how it stands when nobody did: a promise is never broken in silence."""
    with transaction.atomic():
        complaint = handling.lock(complaint_id)
        due = complaint.next_state_on
        if complaint.status not in Complaint.OPEN or due is None or due > today:
            return
        since = begin_of(today - timedelta(days=A_HUMAN_WROTE_DAYS))
        by_staff = complaint.messages.filter(by__startswith="staff:").exclude(kind__in=ComplaintMessage.FROM_PATIENT)
        if not by_staff.filter(at__gte=since).exists():
            with override(complaint.language):
                handling.say(complaint, Kind.STATE, _no_news(complaint, today), by=BY)
            notices.state(complaint, today=today)
            of = complaint.invoice if complaint.provider_id else None
            audit.open_task(SILENT, dedupe_key=f"{complaint.number}:{today}", invoice=of, note=complaint.number)
        _plan_next_state(complaint, today)


def _no_news(complaint: Complaint, today: date) -> str:
    if complaint.status == Status.WAITING_FOR_PATIENT:
        return _("We wait for your answer to our question. You can read it in this file.")
    if complaint.answer_by < today:
        text = _("We promised our answer before or on %(day)s. We did not keep that, and we are sorry.")
        return text % {"day": notices.day(complaint.answer_by)} + " " + _("Our team lead was told.")
    return _("There is no news yet. We are still looking into it, and our team lead was told.")


def _plan_next_state(complaint: Complaint, today: date) -> None:
    procedure = deadlines.PROCEDURES[complaint.procedure]
    received = deadlines.received_on(complaint.received_at)
    number, day = complaint.states_told, today
    while day <= today:
        number += 1
        day = deadlines.status_due(procedure, received, number + 1)
    complaint.states_told, complaint.next_state_on = number, day
    complaint.save(update_fields=["states_told", "next_state_on"])


def _to_remind(today: date) -> QuerySet[Complaint]:
    soon = today + timedelta(days=deadlines.PROOF_REMINDER_DAYS)
    return Complaint.objects.filter(status=Status.WAITING_FOR_PATIENT, waits_until__range=(today, soon))


def _remind(complaint_id: int, today: date) -> None:
    """Remind the patient once of what we asked, halfway the time for it."""
    with transaction.atomic():
        complaint = handling.lock(complaint_id)
        if complaint.waits_until and _to_remind(today).filter(pk=complaint_id).exists():
            notices.question_again(complaint, until=complaint.waits_until)


def _over(today: date) -> QuerySet[Complaint]:
    return Complaint.objects.filter(status=Status.WAITING_FOR_PATIENT, waits_until__lt=today)


def _stop_waiting(complaint_id: int, today: date) -> None:
    """Close what can't be answered without what we asked for; it opens again when that comes."""
    with transaction.atomic():
        complaint = handling.lock(complaint_id)
        if not _over(today).filter(pk=complaint_id).exists():
            return
        with override(complaint.language):
            text = _("We asked you something and got no answer. Send it to us, and we open the file again.")
        handling.close_unanswered(complaint, why="no_proof", text=text, by=BY, today=today)


def _stop_without_authority(complaint_id: int, today: date) -> None:
    """Close what somebody sent for another and never showed that they may; it opens again when that comes."""
    with transaction.atomic():
        complaint = handling.lock(complaint_id)
        if not mandates.overdue(today).filter(complaint=complaint_id).exists():
            return
        with override(complaint.language):
            text = _("Nobody showed us that you may speak for the patient. Send it to us, and we open the file again.")
        handling.close_unanswered(complaint, why="no_authority", text=text, by=BY, today=today)


def _end_freeze(complaint_id: int, today: date) -> None:
    with transaction.atomic():
        complaint = handling.lock(complaint_id)
        if complaint.frozen_until is None or complaint.frozen_until >= today:
            return
        complaint.frozen_until = None
        complaint.save(update_fields=["frozen_until"])
        if complaint.invoice:
            freeze.thaw(complaint.invoice, by=BY, today=today)


def _close(complaint_id: int, today: date) -> None:
    with transaction.atomic():
        complaint = handling.lock(complaint_id)
        if complaint.remedies.filter(done_at=None).exists() or complaint.referrals.filter(ended_on=None).exists():
            return  # something that a person does is not done yet, or another body still has it
        advance(complaint, Status.CLOSED, closed_at=timezone.now())
