"""Letting go of what patients sent: files some time after a case was closed, everything else with the invoice."""

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction

from billing.retention import days_begin
from billing.transitions import advance
from coulance import cases, files
from coulance.models import CaseMessage, Specification

Status = Specification.Status


def run_day(today: date) -> dict[str, int]:
    """Everything whose time is over on `today`: what it was, and how many. Doing it again finds nothing."""
    return {"uploads": erase_uploads(today), "case_messages": forget_messages()}


def erase_uploads(today: date) -> int:
    """The files of cases that were closed long enough ago: that there was one stays, its bytes and its name go."""
    before = days_begin(today - timedelta(days=settings.RETAIN_UPLOAD_DAYS))
    kept = Specification.objects.exclude(stored_name="").filter(case__closed_at__lt=before)
    count = 0
    for case_id in list(kept.values_list("case_id", flat=True).distinct()):
        with transaction.atomic():
            cases.lock(case_id)  # it can't open again meanwhile
            for row in kept.filter(case_id=case_id).select_for_update():
                count += _erase(row)
    return count


def _erase(row: Specification) -> bool:
    files.forget(row)
    to = Status.ERASED if row.status == Status.CLEAN else Status.WITHDRAWN
    return advance(row, to, stored_name="", sealed_name=b"")


def forget_messages() -> int:
    """What patient and provider wrote about invoices that are forgotten; that they wrote, and when, stays."""
    written = CaseMessage.objects.filter(case__invoice__forgotten_at__isnull=False).exclude(sealed_text=b"")
    return CaseMessage.objects.filter(pk__in=written.values("pk")).update(sealed_text=b"")
