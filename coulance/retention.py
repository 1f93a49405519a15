"""Letting go of what patients sent: files some time after a case was closed, everything else with the invoice."""

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from billing.law.calendar import begin_of
from billing.transitions import advance
from coulance import cases
from coulance.files import storage
from coulance.models import CaseMessage, Proposal, Specification

Status = Specification.Status
_NOTHING_KEPT = Q(stored_name="", sealed_name=b"")


def run_day(today: date) -> dict[str, int]:
    """Everything whose time is over on `today`: what it was, and how many. Doing it again finds nothing."""
    return {"uploads": erase_uploads(today), "case_messages": erase_messages()}


def erase_uploads(today: date) -> int:
    """The files of cases that were closed long enough ago: that there was one stays, its bytes and its name go.

    A refused or withdrawn one has no bytes any more, but may still have a name.
    """
    before = begin_of(today - timedelta(days=settings.RETAIN_UPLOAD_DAYS))
    kept = Specification.objects.exclude(_NOTHING_KEPT).filter(case__closed_at__lt=before)
    count = 0
    for case_id in list(kept.values_list("case_id", flat=True).distinct()):
        with transaction.atomic():
            case = cases.lock(case_id)  # it can't open again meanwhile
            for row in kept.filter(case_id=case_id).select_for_update():
                count += _erase(row)
            cases.release_if_idle(case, today=today, by="system")  # a file that could never be checked kept it resting
    return count


def _erase(row: Specification) -> bool:
    if not row.stored_name:
        return bool(Specification.objects.filter(pk=row.pk).update(sealed_name=b""))
    to = Status.ERASED if row.status == Status.CLEAN else Status.WITHDRAWN
    storage.erase(row, outcome=to)
    return advance(row, to, stored_name="", sealed_name=b"")


def erase_messages() -> int:
    """What patient and provider wrote about invoices that are forgotten; that they wrote, and when, stays.

    The names of files go too, and a proposal with its reason; the count is of messages.
    """
    forgotten = {"case__invoice__erased_at__isnull": False}
    Proposal.objects.filter(**forgotten).delete()
    named = Specification.objects.filter(**forgotten).exclude(sealed_name=b"")
    Specification.objects.filter(pk__in=named.values("pk")).update(sealed_name=b"")
    written = CaseMessage.objects.filter(**forgotten).exclude(sealed_text=b"")
    return CaseMessage.objects.filter(pk__in=written.values("pk")).update(sealed_text=b"")
