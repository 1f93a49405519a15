"""Data retention of coulance: files go some time after a case was closed, everything else with the invoice."""

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Model, Q

from billing.law.calendar import begin_of
from billing.transitions import advance
from coulance import cases
from coulance.models import CaseMessage, PaperFigures, Proposal, Specification
from coulance.reading import readings
from guests.files import storage

Status = Specification.Status
_ERASED = Q(stored_name="", sealed_name=b"")


def run_day(today: date) -> dict[str, int]:
    """Erase everything whose retention term is over on `today`; return the counts. Running it again finds nothing."""
    return {"uploads": erase_uploads(today), "case_messages": erase_messages()}


def erase_uploads(today: date) -> int:
    """Erase bytes and names of the files of cases closed RETAIN_UPLOAD_DAYS ago; return how many. The rows stay.

    A refused or withdrawn file has no bytes any more, but may still have a name.
    """
    before = begin_of(today - timedelta(days=settings.RETAIN_UPLOAD_DAYS))
    kept = Specification.objects.exclude(_ERASED).filter(case__closed_at__lt=before)
    count = 0
    for case_id in list(kept.values_list("case_id", flat=True).distinct()):
        with transaction.atomic():
            case = cases.lock(case_id)  # so that it can't be reopened meanwhile
            for row in kept.filter(case_id=case_id).select_for_update():
                count += _erase(row)
            cases.release_if_idle(case, today=today, by="system")  # a file that was never checked kept the hold
    return count


def _erase(row: Specification) -> bool:
    if not row.stored_name:
        return bool(Specification.objects.filter(pk=row.pk).update(sealed_name=b""))
    readings.forget([row.pk])
    to = Status.ERASED if row.status == Status.CLEAN else Status.WITHDRAWN
    storage.erase(row, outcome=to)
    return advance(row, to, stored_name="", sealed_name=b"")


def erase_messages() -> int:
    """Erase the texts of patient and provider about erased invoices; return how many. Author, time and sums stay.

    The names of files are erased too, and proposals are deleted with their reasons.
    """
    erased = {"case__invoice__erased_at__isnull": False}
    Proposal.objects.filter(**erased).delete()
    named = Specification.objects.filter(**erased).exclude(sealed_name=b"")
    Specification.objects.filter(pk__in=named.values("pk")).update(sealed_name=b"")
    count = 0
    tables: tuple[type[Model], ...] = (CaseMessage, PaperFigures)
    for model in tables:
        written = model._default_manager.filter(**erased).exclude(sealed_text=b"")
        count += model._default_manager.filter(pk__in=written.values("pk")).update(sealed_text=b"")
    return count
