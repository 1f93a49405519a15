"""Deadlines of a case: remind the patient before the last day, remind a slow provider, end what expired."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from billing.failures import isolated
from billing.law import calendar
from billing.models import Invoice
from coulance import cases, notices
from coulance.models import CoulanceCase, Specification

Status = CoulanceCase.Status
WAITS_FOR_PATIENT = (Status.OFFERED, Status.WAITING_FOR_SPECIFICATION)


def run_day(today: date) -> None:
    """Do everything that is due on `today` or was missed before. Running it again changes nothing."""
    _each(_running_out(today), _nudge_patient, today)
    for oldest, late in _late_by_provider(today):
        _isolated(_nudge_provider, oldest, today, late)
    _each(_over(today), _expire, today)


def _each(rows: QuerySet[CoulanceCase], act: Callable[[int, date], None], today: date) -> None:
    for case_id in list(rows.filter(invoice__withdrawn_at=None).order_by("pk").values_list("pk", flat=True)):
        _isolated(act, case_id, today)


def _isolated(act: Callable[..., None], case_id: int, today: date, *more: Any) -> None:
    """Keep a failure on one case from stopping the other cases and the rest of the day; it becomes a staff task."""
    about = Invoice.objects.filter(coulance_case=case_id)
    isolated(partial(act, case_id, today, *more), rule=f"coulance {act.__name__.strip('_')}", row=case_id, about=about)


def _waiting() -> QuerySet[CoulanceCase]:
    """Return the cases in which the patient has to act; a file that is still being checked counts as sent."""
    checking = Specification.objects.filter(status__in=Specification.PENDING).values("case")
    return CoulanceCase.objects.filter(status__in=WAITS_FOR_PATIENT).exclude(pk__in=checking)


def _running_out(today: date) -> QuerySet[CoulanceCase]:
    soon = today + timedelta(days=settings.COULANCE_NUDGE_BEFORE_DAYS)
    return _waiting().filter(patient_nudged_at=None, specification_due_on__range=(today, soon))


def _over(today: date) -> QuerySet[CoulanceCase]:
    return _waiting().filter(specification_due_on__lt=today)


def late_before(today: date) -> datetime:
    """Return the moment before which a case must have reached its provider to be late on `today`.

    A provider has COULANCE_PROVIDER_WORKING_DAYS working days.
    """
    day, left = today, settings.COULANCE_PROVIDER_WORKING_DAYS
    while left:
        left -= calendar.is_working_day(day)
        day -= timedelta(days=1)
    return calendar.begin_of(day + timedelta(days=1))


def _late(today: date) -> QuerySet[CoulanceCase]:
    """Return the cases that their provider has had too long."""
    rows = CoulanceCase.objects.filter(status=Status.AT_PROVIDER, invoice__withdrawn_at=None)
    return rows.filter(provider_since__lt=late_before(today))


def _late_by_provider(today: date) -> list[tuple[int, int]]:
    """Return, for each provider with a late case it was not mailed about, its first case and the number late."""
    unsent = Count("pk", filter=Q(provider_nudged_at=None))
    counts = _late(today).values("invoice__provider").annotate(unsent=unsent, late=Count("pk"), first=Min("pk"))
    return list(counts.filter(unsent__gt=0).order_by("first").values_list("first", "late"))


def _nudge_patient(case_id: int, today: date) -> None:
    with transaction.atomic():
        case = cases.lock(case_id)
        if _running_out(today).filter(pk=case_id).exists():
            CoulanceCase.objects.filter(pk=case_id).update(patient_nudged_at=timezone.now())
            notices.queue_mail("coulance_nudge", case, event=str(case.specification_due_on))


def _nudge_provider(case_id: int, today: date, late: int) -> None:
    """Send one mail about all `late` cases of this case's provider, unless another run has told of them meanwhile.

    The dedupe key holds a day; after a standstill the runs of two days can be under way at once.
    """
    with transaction.atomic():
        case = cases.lock(case_id)
        unsent = _late(today).filter(invoice__provider=case.invoice.provider_id, provider_nudged_at=None)
        if unsent.update(provider_nudged_at=timezone.now()):
            notices.queue_provider_mail(case, today=today, waiting=late)


def _expire(case_id: int, today: date) -> None:
    with transaction.atomic():
        case = cases.lock(case_id)
        if not _over(today).filter(pk=case_id).exists():
            return  # a file came in, or the patient withdrew, just before
        if case.standing:
            cases.close_keeping_decision(case, today=today, by="system", expired=True)
            return
        due_on = cases.close(case, Status.EXPIRED, today=today, by="system")
        notices.queue_mail("coulance_expired", case, event=str(case.version), due_on=due_on)
