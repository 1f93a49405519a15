"""Retention of complaints: texts go some years after the file was closed; the number, the days and the amounts stay."""

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.law.calendar import anniversary, begin_of
from complaints.filing import DRAFT_HOURS
from complaints.models import Answer, Complaint, ComplaintDraft, ComplaintMessage, ComplaintPoint


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
    left = ComplaintDraft.objects.filter(written_at__lt=timezone.now() - timedelta(hours=DRAFT_HOURS))
    return {"complaints": len(ids), "complaint_drafts": left.delete()[0]}
