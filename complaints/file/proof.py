"""The files of a complaint: taken with the draft or in the file, checked (see guests/files), taken back, erased.

A file that is being checked may move from the draft to the complaint meanwhile: whoever locks it looks where it is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from billing.errors import Refused
from billing.models import Invoice
from billing.outbox.explaining import letter_language
from billing.storage import files
from complaints import handling, notices
from complaints.deadlines import DRAFT_HOURS
from complaints.models import Complaint, ComplaintDraft, ComplaintFile, ComplaintMessage, Mandate
from guests.files import checking, receiving
from guests.files.limits import KNOWN, Sender
from guests.files.storage import drop as drop_file

Status = ComplaintFile.Status
BY = "patient"
OF_PATIENT = (BY, handling.REPRESENTATIVE)  # they may take it back
OPEN = (*Complaint.OPEN, Complaint.Status.INADMISSIBLE)  # what comes then opens the file again


def receive_for_draft(
    draft: ComplaintDraft, uploads: Sequence[receiving.Upload], *, sender: Sender = KNOWN, now: datetime | None = None
) -> list[ComplaintFile]:
    """Store the files of a draft, all or none; return the new rows. Raises Refused with a sentence for the sender."""

    def insert(rows: Sequence[ComplaintFile]) -> list[ComplaintFile]:
        with transaction.atomic():
            if not ComplaintDraft.objects.select_for_update(of=("self",)).filter(pk=draft.pk).exists():
                raise Refused(_("You sent this complaint already. Send the file there."))
            return receiving.keep_new(rows, _counted(draft, sender, now or timezone.now()), sender)

    return receiving.receive(
        ComplaintFile, uploads, belongs={"draft_id": draft.pk}, insert=insert, now=now or timezone.now(), sender=sender
    )


def _counted(draft: ComplaintDraft, sender: Sender, now: datetime) -> list[ComplaintFile]:
    """Return the files with which new ones of a draft are counted: its own.

    About no invoice also what the browser sent in the last day, or a new draft would begin the count anew.
    """
    own = Q(draft=draft.pk)
    if draft.invoice_id is None and sender.browser:
        since = now - timedelta(hours=DRAFT_HOURS)
        own |= Q(browser=sender.browser, uploaded_at__gte=since, draft__invoice=None, complaint__invoice=None)
    return list(ComplaintFile.objects.filter(own))


def receive(
    complaint_id: int,
    uploads: Sequence[receiving.Upload],
    *,
    by: str = BY,
    sender: Sender = KNOWN,
    now: datetime | None = None,
) -> list[ComplaintFile]:
    """Store files that come later, from the patient or from staff who open the post; return the new rows.

    What the patient sends is an answer to our question. Raises Refused with a sentence for the sender.
    """
    now = now or timezone.now()

    def insert(rows: Sequence[ComplaintFile]) -> list[ComplaintFile]:
        with transaction.atomic():
            complaint = handling.lock(complaint_id)
            if complaint.status not in OPEN:
                raise Refused(_("This file is closed. Call us if you still have something."))
            new = receiving.keep_new(rows, list(complaint.files.all()), sender)
            if new:
                handling.record("complaint_files_received", complaint, by=by, files=len(new))
                handling.heard(complaint, today=timezone.localdate(now))
            return new

    belongs = {"complaint_id": complaint_id, "by": by}
    return receiving.receive(ComplaintFile, uploads, belongs=belongs, insert=insert, now=now, sender=sender)


def take_back(file_id: int, *, by: str = BY) -> None:
    """Erase a file because its sender takes it back. Raises Refused once an answer was given with it."""
    with transaction.atomic():
        row = ComplaintFile.objects.get(pk=file_id)
        owner = _lock(row)
        row = ComplaintFile.objects.select_for_update(of=("self",)).get(pk=file_id)
        if isinstance(owner, Complaint) and owner.status not in OPEN:
            raise Refused(_("We answered with this file. It can't be taken back."))
        if row.by not in OF_PATIENT:
            raise Refused(_("Our employee added this file. Call us if it should go."))
        if Mandate.objects.filter(proof=row, ended_at=None).exists():
            raise Refused(_("This file shows who may speak for the patient. End that first."))
        if Status.WITHDRAWN not in ComplaintFile.TRANSITIONS[Status(row.status)]:
            raise Refused(_("This file is not with us any more."))
        drop_file(row)
        if isinstance(owner, Complaint):
            handling.record("complaint_file_withdrawn", owner, by=by)


def of_patient(invoice: Invoice) -> QuerySet[ComplaintFile]:
    """Return the checked files with complaints about an invoice that came from the patient's side."""
    rows = ComplaintFile.objects.filter(complaint__invoice=invoice, status=Status.CLEAN, by__in=OF_PATIENT)
    return rows.exclude(stored_name="").select_related("complaint__invoice")


def drop_drafts(now: datetime) -> int:
    """Erase drafts that nobody finished in DRAFT_HOURS, with their files; return how many there were."""
    return drop(ComplaintDraft.objects.filter(written_at__lt=now - timedelta(hours=DRAFT_HOURS)))


def drop(left: QuerySet[ComplaintDraft]) -> int:
    """Erase these drafts with their files; return how many there were."""
    count = 0
    for draft_id in list(left.values_list("pk", flat=True)):
        with transaction.atomic():
            draft = left.select_for_update(of=("self",)).filter(pk=draft_id).first()
            if draft is not None:
                files.discard(*draft.files.exclude(stored_name="").values_list("stored_name", flat=True))
                draft.files.all().delete()
                draft.delete()
                count += 1
    return count


def check(file_id: int, *, now: datetime | None = None) -> None:
    """Check one waiting file."""
    checking.check(RULES, file_id, now=now)


def sweep(*, now: datetime | None = None) -> None:
    """Check the files whose own task was lost or failed."""
    checking.sweep(RULES, now=now)


def _lock(row: Any) -> ComplaintDraft | Complaint | None:
    """Lock what the file belongs to now; None when it went with a draft that nobody finished."""
    if row.draft_id:
        draft = ComplaintDraft.objects.select_for_update(of=("self",)).filter(pk=row.draft_id).first()
        if draft is not None:
            return draft
    complaint_id = ComplaintFile.objects.filter(pk=row.pk).values_list("complaint_id", flat=True).first()
    return handling.lock(complaint_id) if complaint_id else None


def _wanted(owner: ComplaintDraft | Complaint) -> bool:
    return isinstance(owner, ComplaintDraft) or bool(owner.sealed_facts)


def _checked(owner: ComplaintDraft | Complaint, row: ComplaintFile, now: datetime) -> None:
    """Do nothing: whoever opens the file finds it there."""


def _refused(owner: ComplaintDraft | Complaint, row: ComplaintFile, now: datetime) -> None:
    """Tell in the file, and by mail, that we could not take it; the page of a draft shows it by itself."""
    if isinstance(owner, ComplaintDraft):
        return
    with override(letter_language(owner.language)):
        why = str(ComplaintFile.Reason(row.reason).label)  # it names no care
        message = handling.say(owner, ComplaintMessage.Kind.FILE_REFUSED, why, by="system", now=now)
    handling.record("complaint_file_refused", owner, by="system", reason=row.reason)
    notices.news(owner, message)


RULES = checking.FileRules(ComplaintFile, lock=_lock, wanted=_wanted, checked=_checked, refused=_refused)
