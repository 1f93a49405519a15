"""Retention of complaints: texts go some years after the file was closed; the number, the days and the amounts stay."""

from datetime import date

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.law.calendar import anniversary, begin_of
from billing.transitions import advance
from complaints.file import proof, signals
from complaints.models import Answer, Complaint, ComplaintFile, ComplaintMessage, ComplaintPoint, Lesson, Mandate
from guests.files import storage


def run_day(today: date) -> dict[str, int]:
    """Erase the texts of files whose term is over on `today`, and drafts that were left; return the counts."""
    over = begin_of(anniversary(today, -settings.COMPLAINTS_KEPT_YEARS))
    ended = Complaint.objects.filter(closed_at__lt=over).exclude(sealed_facts=b"")
    ids = list(ended.values_list("pk", flat=True))
    with transaction.atomic():
        ComplaintMessage.objects.filter(complaint__in=ids).update(sealed_text=b"")
        for model in (ComplaintPoint, Answer):
            model.objects.filter(complaint__in=ids).update(sealed_facts=b"")
        Complaint.objects.filter(pk__in=ids).update(sealed_facts=b"")
        Mandate.objects.filter(complaint__in=ids).update(sealed_facts=b"")
        Lesson.objects.filter(complaint__in=ids).update(sealed_facts=b"")
        uploads = _erase_files(ids)
    return {
        "complaints": len(ids),
        "complaint_files": uploads,
        "complaint_signals": signals.erase(today),
        "complaint_drafts": proof.drop_drafts(timezone.now()),
    }


def _erase_files(complaint_ids: list[int]) -> int:
    """Erase the bytes and names of the files of complaints; return how many there were. The rows stay."""
    rows = ComplaintFile.objects.filter(complaint__in=complaint_ids).exclude(stored_name="", sealed_name=b"")
    count = 0
    for row in rows.select_for_update(of=("self",)):
        if row.stored_name:
            to = (
                ComplaintFile.Status.ERASED
                if row.status == ComplaintFile.Status.CLEAN
                else ComplaintFile.Status.WITHDRAWN
            )
            storage.erase(row, outcome=to)
            advance(row, to, stored_name="", sealed_name=b"")
        else:
            ComplaintFile.objects.filter(pk=row.pk).update(sealed_name=b"")
        count += 1
    return count
