"""The day's work on complaints: honest messages about the state, the end of waiting, of the rest, and of files."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from billing import audit
from billing.failures import isolated, isolated_together
from billing.law.calendar import begin_of
from billing.models import Invoice, StaffTask
from billing.rows import insert_rows, let_others_write
from billing.transitions import advance
from complaints import deadlines, freeze, handling, notices
from complaints.file import mandates
from complaints.models import Complaint, ComplaintMessage

Status, Kind = Complaint.Status, ComplaintMessage.Kind
BY = "system"
SILENT = "complaint_silent"  # a staff task
TELL_STATE = "complaints tell_state"  # the rule that may fail on a file
TOGETHER = 100  # files: so long others wait for their invoices, and on SQLite all who write
A_HUMAN_WROTE_DAYS = 7  # before a message about the state is due: it counts as that message


def run_day(today: date) -> None:
    """Do everything that is due on `today` or was missed before. Running it again changes nothing."""
    _tell_states(Complaint.objects.filter(status__in=Complaint.OPEN, next_state_on__lte=today), today)
    _each(_to_remind(today), _remind, today)
    _each(_over(today), _stop_waiting, today)
    _each(Complaint.objects.filter(pk__in=mandates.overdue(today)), _stop_without_authority, today)
    _each(Complaint.objects.filter(frozen_until__lt=today), _end_freeze, today)
    ended = (Status.ANSWERED, Status.ANSWERED_AGAIN, Status.INADMISSIBLE)
    before = begin_of(today - timedelta(days=deadlines.ESCALATION_DAYS))
    _each(Complaint.objects.filter(status__in=ended, answered_at__lt=before), _close, today)


def _each(rows: QuerySet[Complaint], act: Callable[[int, date], None], today: date) -> None:
    for complaint_id in _keys(rows):
        rule = f"complaints {act.__name__.strip('_')}"
        isolated(partial(act, complaint_id, today), rule=rule, row=complaint_id, about=_about(complaint_id))


def _keys(rows: QuerySet[Complaint]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _about(complaint_id: int) -> QuerySet[Invoice]:
    return Invoice.objects.filter(complaints=complaint_id)


def _tell_states(rows: QuerySet[Complaint], today: date) -> None:
    keys, act = _keys(rows), partial(_tell_state, today=today)
    for start in range(0, len(keys), TOGETHER):
        if start:
            let_others_write()
        isolated_together(act, keys[start : start + TOGETHER], rule=TELL_STATE, about=_about, now=timezone.now())


def _tell_state(complaint_ids: Sequence[int], *, today: date) -> None:
    """Tell how these files stand of which nobody told it: a promise is never broken in silence."""
    with transaction.atomic():
        due = [one for one in handling.lock_each(complaint_ids) if _is_due(one, today)]
        told = _told_by_staff(due, today)
        silent = [one for one in due if one.pk not in told]
        insert_rows(_no_news(one, today) for one in silent)
        notices.states(silent, today=today)
        audit.open_tasks([_silence(one, today) for one in silent])
        _plan_next_states(due, today)


def _is_due(complaint: Complaint, today: date) -> bool:
    due = complaint.next_state_on
    return complaint.status in Complaint.OPEN and due is not None and due <= today


def _told_by_staff(complaints: Sequence[Complaint], today: date) -> set[int]:
    """Return the keys of those files in which staff wrote to the patient lately."""
    since = begin_of(today - timedelta(days=A_HUMAN_WROTE_DAYS))
    by_staff = ComplaintMessage.objects.filter(complaint__in=complaints, by__startswith="staff:", at__gte=since)
    return set(by_staff.exclude(kind__in=ComplaintMessage.FROM_PATIENT).values_list("complaint_id", flat=True))


def _silence(complaint: Complaint, today: date) -> StaffTask:
    of = complaint.invoice if complaint.provider_id else None
    return audit.task(SILENT, dedupe_key=f"{complaint.number}:{today}", invoice=of, note=complaint.number)


def _no_news(complaint: Complaint, today: date) -> ComplaintMessage:
    with override(complaint.language):
        return handling.message_in(complaint, Kind.STATE, _how_it_stands(complaint, today), by=BY)


def _how_it_stands(complaint: Complaint, today: date) -> str:
    if complaint.status == Status.WAITING_FOR_PATIENT:
        return _("We wait for your answer to our question. You can read it in this file.")
    if complaint.answer_by < today:
        text = _("We promised our answer before or on %(day)s. We did not keep that, and we are sorry.")
        return text % {"day": notices.day(complaint.answer_by)} + " " + _("Our team lead was told.")
    return _("There is no news yet. We are still looking into it, and our team lead was told.")


def _plan_next_states(complaints: Sequence[Complaint], today: date) -> None:
    """Plan the next message about each of these files; most that are due on one day came on one day."""
    planned = defaultdict(list)
    for one in complaints:
        planned[_next_state(one, today)].append(one.pk)
    for (number, day), keys in planned.items():
        Complaint.objects.filter(pk__in=keys).update(states_told=number, next_state_on=day)


def _next_state(complaint: Complaint, today: date) -> tuple[int, date]:
    """Return how many messages about the state count as told by `today`, and the day of the next one."""
    procedure = deadlines.PROCEDURES[complaint.procedure]
    received = deadlines.received_on(complaint.received_at)
    number, day = complaint.states_told, today
    while day <= today:
        number += 1
        day = deadlines.status_due(procedure, received, number + 1)
    return number, day


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
