"""Who may speak for the patient: asked for, shown by the patient's own code or a document, and ended by either.

Until it is shown the clock runs and the invoice rests, and nothing of the content is told. We never ask a patient to
give a code to somebody else: they agree on a page of their own.
"""

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from billing import audit
from billing.errors import Refused
from billing.law.calendar import anniversary
from complaints import deadlines, handling, notices
from complaints.models import Complaint, ComplaintFile, ComplaintMessage, Mandate

PATIENT = "patient"
LONGEST_YEARS = 1
CONFIRMED = gettext_noop("The permission to speak for the patient is there.")
ENDED = gettext_noop("The permission to speak for the patient has ended.")


def ask(complaint: Complaint, *, holder: str, patient: str, kind: str, today: date) -> Mandate:
    """Ask the patient of a locked, new file whether somebody may speak for them; return the row."""
    row = Mandate(complaint=complaint, kind=kind, proof_by=today + timedelta(days=deadlines.PROOF_DAYS))
    row.facts = {"holder": holder, "patient": patient}
    row.save(force_insert=True)
    notices.permission(complaint, proof_by=row.proof_by)
    return row


def of(complaint: Complaint) -> Mandate | None:
    """Return the authorisation of a file that was asked or stands; None when the patient speaks for themselves."""
    return Mandate.objects.filter(complaint=complaint, ended_at=None).first()


def speaks_for_another(complaint: Complaint) -> bool:
    """Tell whether somebody else than the patient made this complaint."""
    return Mandate.objects.filter(complaint=complaint).exists()


def was_ended(complaint: Complaint) -> bool:
    """Tell whether somebody spoke for the patient, or wanted to, and the patient, they or staff ended that."""
    return speaks_for_another(complaint) and of(complaint) is None


def may_receive(complaint: Complaint, *, today: date) -> bool:
    """Tell whether whoever made the complaint may read what we write."""
    return _stands(complaint, today, "may_receive")


def may_settle(complaint: Complaint, *, today: date) -> bool:
    """Tell whether whoever made the complaint may agree, disagree, or take it back."""
    return _stands(complaint, today, "may_settle")


def _stands(complaint: Complaint, today: date, scope: str) -> bool:
    if not speaks_for_another(complaint):
        return True
    rows = Mandate.objects.filter(complaint=complaint, ended_at=None, valid_until__gte=today)
    return rows.filter(**{scope: True}).exists()


def agree(complaint_id: int, *, may_settle: bool, today: date) -> Mandate:
    """Let the patient, who has shown a code of their own, say that somebody may speak for them for a year."""
    with transaction.atomic():
        complaint, row = _asked(complaint_id)
        if complaint.status == Complaint.Status.CLOSED:
            raise Refused(_("This file is closed. Call us if you still have something."))
        if row.confirmed_at and row.may_settle == may_settle and (row.valid_until or today) >= today:
            return row  # a doubled click
        _confirm(complaint, row, by=PATIENT, today=today, may_settle=may_settle, valid_until=_longest(today))
    return row


def confirm(
    complaint_id: int, *, file_id: int, kind: str, may_receive: bool, may_settle: bool, valid_until: date, staff: Any,
    today: date,
) -> Mandate:  # fmt: skip
    """Let staff note that a document which they read shows the authorisation, for what, and until when.

    Raises Refused when the file is none of this complaint that was checked, or the term is over or longer than a year.
    """
    with transaction.atomic():
        complaint, row = _asked(complaint_id)
        proof = complaint.files.filter(pk=file_id, status=ComplaintFile.Status.CLEAN).first()
        if proof is None:
            raise Refused(_("Choose the file that shows it. It has to be checked."))
        if kind not in Mandate.Kind.values:
            raise Refused(_("Choose who speaks for the patient."))
        if not today <= valid_until <= _longest(today):
            raise Refused(_("An authorisation lasts a year at most, and not into the past."))
        row.kind, row.proof = kind, proof
        changes = {"may_settle": may_settle, "valid_until": valid_until}
        _confirm(complaint, row, by=audit.name_of(staff), today=today, may_receive=may_receive, **changes)
    return row


def end(complaint_id: int, *, by: str) -> Mandate:
    """End an authorisation at the wish of the patient, of who held it, or of staff. Raises Refused without one."""
    with transaction.atomic():
        complaint = handling.lock(complaint_id)
        row = Mandate.objects.select_for_update(of=("self",)).filter(complaint=complaint, ended_at=None).first()
        if row is None:
            raise Refused(_("Nobody speaks for the patient in this file."))
        row.ended_at, row.ended_by = timezone.now(), by
        row.save(update_fields=["ended_at", "ended_by"])
        _tell(complaint, ENDED, by=by)
        handling.record("complaint_mandate_ended", complaint, by=by)
        if row.confirmed_at is None and complaint.status in Complaint.FIRST_LINE:
            with override(complaint.language):
                text = _("The patient does not want this person to speak for them. So we do not go on with it.")
            today = timezone.localdate()
            handling.close_unanswered(complaint, why="no_authority", text=text, by="system", today=today)
    return row


def overdue(today: date) -> Any:
    """Return the keys of the files in which nobody showed in time that they may speak for the patient."""
    rows = Mandate.objects.filter(confirmed_at=None, ended_at=None, proof_by__lt=today)
    return rows.filter(complaint__status__in=Complaint.FIRST_LINE).values("complaint")


def _asked(complaint_id: int) -> tuple[Complaint, Mandate]:
    complaint = handling.lock(complaint_id)
    row = Mandate.objects.select_for_update(of=("self",)).filter(complaint=complaint, ended_at=None).first()
    if row is None:
        raise Refused(_("Nobody speaks for the patient in this file."))
    return complaint, row


def _confirm(complaint: Complaint, row: Mandate, *, by: str, today: date, **scope: Any) -> None:
    row.confirmed_at, row.confirmed_by = timezone.now(), by
    for name, value in scope.items():
        setattr(row, name, value)
    row.save()
    handling.heard(complaint, today=today)
    _tell(complaint, CONFIRMED, by=by)
    until, settle = str(row.valid_until), row.may_settle
    handling.record("complaint_mandate_confirmed", complaint, by=by, until=until, settle=settle)


def _tell(complaint: Complaint, text: str, *, by: str) -> None:
    with override(complaint.language):
        message = handling.say(complaint, ComplaintMessage.Kind.MANDATE, _(text), by=by)
    notices.news(complaint, message)


def _longest(today: date) -> date:
    return anniversary(today, LONGEST_YEARS)
