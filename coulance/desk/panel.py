"""The cases that wait for a provider, in a fixed number of queries: five thousand cost as much as five."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing import rooms
from billing.law import calendar
from billing.ledger import with_balance
from billing.models import Invoice, Patient
from billing.money import ZERO
from billing.tenancy import visible_to
from coulance.deadlines import WAITS_FOR_PATIENT, late_before
from coulance.models import CoulanceCase, Proposal

Status = CoulanceCase.Status
SHOWN = 25
OLDEST_FIRST = ("since", "pk")
_RELATED = ("invoice__patient", "invoice__provider", "proposal")
# What the start page shows of a case: fetching whole patients would also parse their telephone numbers.
_SHOWN_OF_A_CASE = (
    "status", "provider_since", "reopened", "proposal__decided_by", "proposal__at",
    "invoice__number", "invoice__patient__number", "invoice__provider__name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One waiting case as the start page shows it."""

    case: CoulanceCase
    age: int  # working days with the provider
    late: bool
    outstanding: Decimal

    @property
    def proposed(self) -> bool:
        """Tell whether a proposed decision waits for a second person."""
        return hasattr(self.case, "proposal")

    @property
    def corrects(self) -> bool:
        """Tell whether the proposal is to correct a case that was decided."""
        return self.case.status in CoulanceCase.DECIDED


@dataclass(frozen=True, slots=True)
class Overview:
    """How many cases wait for a member of staff, and those that wait longest."""

    waiting: int
    late: int
    to_confirm: int
    deadlines: int  # patients whose time to send runs out within days
    rows: list[Row]


def facts(request: HttpRequest) -> Overview:
    """Return what the start page of the staff site shows of coulance to the user of `request`."""
    return overview(request.user, today=timezone.localdate())


def overview(staff: Any, *, today: date, shown: int = SHOWN) -> Overview:
    """Return what waits for `staff` on `today`, in three queries."""
    cases = visible_to(staff, CoulanceCase.objects.all(), provider_path="invoice__provider")
    proposed = Q(proposal__isnull=False)
    counts = cases.filter(Q(status__in=CoulanceCase.OPEN) | proposed).aggregate(
        waiting=Count("pk", filter=Q(status=Status.AT_PROVIDER)),
        late=Count("pk", filter=Q(status=Status.AT_PROVIDER, provider_since__lt=late_before(today))),
        deadlines=Count(
            "pk",
            filter=Q(
                status__in=WAITS_FOR_PATIENT,
                specification_due_on__range=(today, today + timedelta(days=settings.COULANCE_NUDGE_BEFORE_DAYS)),
            ),
        ),
        to_confirm=Count("pk", filter=proposed & ~Q(proposal__decided_by=staff.pk)),
        to_correct=Count("pk", filter=proposed & Q(status__in=CoulanceCase.DECIDED)),
    )
    to_correct = counts.pop("to_correct") > 0
    found = list(waiting(cases, to_correct=to_correct).select_related(*_RELATED).only(*_SHOWN_OF_A_CASE)[:shown])
    ids = [case.invoice_id for case in found]
    balances = with_balance(Invoice.objects.filter(pk__in=ids))
    owed = dict(balances.values_list("pk", "balance"))  # type: ignore[misc]  # the annotation
    rows = [_row(case, owed.get(case.invoice_id) or ZERO, today) for case in found]
    return Overview(**counts, rows=rows)


def waiting(cases: QuerySet[CoulanceCase], *, to_correct: bool = True) -> QuerySet[Any]:
    """Return those of `cases` that wait for a decision, oldest first; `since` is when each began to wait.

    Also a decided case for which somebody proposed a correction: it waits for the second person. `to_correct`: there
    may be any; without them the index of what waits gives the oldest at once.
    """
    at_provider = Q(status=Status.AT_PROVIDER)
    if not to_correct:
        return cases.filter(at_provider).annotate(since=F("provider_since")).order_by(*OLDEST_FIRST)
    to_confirm = Q(status__in=CoulanceCase.DECIDED, pk__in=Proposal.objects.values("case"))
    found = cases.filter(at_provider | to_confirm)
    came = Case(When(status=Status.AT_PROVIDER, then=F("provider_since")), default=F("proposal__at"))
    return found.annotate(since=came).order_by(*OLDEST_FIRST)


def next_after(case: CoulanceCase, staff: Any) -> CoulanceCase | None:
    """Return the case to decide after `case`: the next oldest, or the oldest of all when that was the last.

    Nobody is led to what they proposed themselves.
    """
    others = waiting(visible_to(staff, CoulanceCase.objects.all(), provider_path="invoice__provider"))
    others = others.exclude(pk=case.pk).exclude(proposal__decided_by=staff.pk)
    proposal = getattr(case, "proposal", None)
    since = proposal.at if proposal and case.status != Status.AT_PROVIDER else case.provider_since
    if since:
        after = Q(since__gt=since) | Q(since=since, pk__gt=case.pk)
        others = others.annotate(before=Case(When(after, then=Value(0)), default=Value(1))).order_by(
            "before", *OLDEST_FIRST
        )
    return others.first()


def _row(case: Any, owed: Decimal, today: date) -> Row:
    age = working_days_since(case.since, today)
    return Row(case, age, age >= settings.COULANCE_PROVIDER_WORKING_DAYS, owed)


def working_days_since(moment: datetime | None, today: date) -> int:
    """Return how many working days have passed since the day of `moment`, not counting that day."""
    return calendar.working_days_between(timezone.localtime(moment).date(), today) if moment else 0


def of_patient(staff: Any, patient: Patient) -> Iterator[rooms.Case]:
    """Yield the cases of a patient, for the patient's page."""
    rows = visible_to(staff, CoulanceCase.objects.filter(invoice__patient=patient), provider_path="invoice__provider")
    for row in rows:
        address = reverse("admin:coulance_coulancecase_change", args=[row.pk])
        yield rooms.Case(row.offered_at, _("coulance"), row.get_status_display(), address)
