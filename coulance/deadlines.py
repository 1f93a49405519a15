"""What time does to a case: a word to the patient before the last day, a word to a slow provider, an end."""

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing.law import calendar
from coulance import cases, notices
from coulance.models import CoulanceCase, Specification

Status = CoulanceCase.Status
WAITS_FOR_PATIENT = (Status.OFFERED, Status.WAITING_FOR_SPECIFICATION)


def run_day(today: date) -> None:
    """Everything that falls on `today`, or fell while nobody looked. Running it again changes nothing."""
    for case_id in _ids(_running_out(today)):
        _nudge_patient(case_id, today)
    for case_id in _ids(_at_provider_too_long(today)):
        _nudge_provider(case_id, today)
    for case_id in _ids(_over(today)):
        _expire(case_id, today)


def _ids(rows: QuerySet[CoulanceCase]) -> list[int]:
    return list(rows.filter(invoice__withdrawn_at=None).order_by("pk").values_list("pk", flat=True))


def _waiting() -> QuerySet[CoulanceCase]:
    """Cases in which the patient is to act; a file that is still being checked counts as sent."""
    checking = Specification.objects.filter(status__in=Specification.PENDING).values("case")
    return CoulanceCase.objects.filter(status__in=WAITS_FOR_PATIENT).exclude(pk__in=checking)


def _running_out(today: date) -> QuerySet[CoulanceCase]:
    soon = today + timedelta(days=settings.COULANCE_NUDGE_BEFORE_DAYS)
    return _waiting().filter(patient_nudged_at=None, specification_due_on__range=(today, soon))


def _over(today: date) -> QuerySet[CoulanceCase]:
    return _waiting().filter(specification_due_on__lt=today)


def _at_provider_too_long(today: date) -> QuerySet[CoulanceCase]:
    """A rough cut by calendar days; the working days are counted case by case, under the lock."""
    since = today - timedelta(days=settings.COULANCE_PROVIDER_WORKING_DAYS)
    rows = CoulanceCase.objects.filter(status=Status.AT_PROVIDER, provider_nudged_at=None)
    return rows.filter(provider_since__date__lte=since)


def provider_late_on(case: CoulanceCase) -> date:
    """The day from which the provider has had the case too long."""
    if case.provider_since is None:
        return date.max
    came_in = timezone.localtime(case.provider_since).date()
    return calendar.working_days_after(came_in, settings.COULANCE_PROVIDER_WORKING_DAYS)


def _nudge_patient(case_id: int, today: date) -> None:
    with transaction.atomic():
        case = cases.lock(case_id)
        if _running_out(today).filter(pk=case_id).exists():
            CoulanceCase.objects.filter(pk=case_id).update(patient_nudged_at=timezone.now())
            notices.tell("coulance_nudge", case, event=str(case.specification_due_on))


def _nudge_provider(case_id: int, today: date) -> None:
    with transaction.atomic():
        case = cases.lock(case_id)
        if _at_provider_too_long(today).filter(pk=case_id).exists() and provider_late_on(case) <= today:
            CoulanceCase.objects.filter(pk=case_id).update(provider_nudged_at=timezone.now())
            at_provider = CoulanceCase.objects.filter(
                status=Status.AT_PROVIDER, invoice__provider=case.invoice.provider_id
            )
            late = sum(provider_late_on(other) <= today for other in at_provider)
            notices.tell_provider(case, today=today, waiting=late)


def _expire(case_id: int, today: date) -> None:
    with transaction.atomic():
        case = cases.lock(case_id)
        if not _over(today).filter(pk=case_id).exists():
            return  # a file came in, or the patient stopped, just before
        if case.standing:
            cases.keep(case, today=today, by="system", expired=True)
            return
        due_on = cases.close(case, Status.EXPIRED, today=today, by="system")
        notices.tell("coulance_expired", case, event=str(case.version), due_on=due_on)
