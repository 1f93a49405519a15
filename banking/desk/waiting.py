"""The lines that wait for a person, by age: what the start page and the list of the bank show, in few queries."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

from banking.models import BankLine, LineDecision
from billing.desk.base import OPERATIONS
from billing.money import ZERO

Status = BankLine.Status
WAITS = (Status.PROPOSED, Status.UNMATCHED)
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Overview:
    """How many lines wait, for how long, and how much they are in euros."""

    waiting: int
    proposed: int
    week: int  # for a week or longer
    unclaimed: int  # so long that they go back to where they came from
    to_confirm: int  # a second person has to agree
    amount: Decimal  # of what came in and waits


@dataclass(frozen=True, slots=True)
class Row:
    """One waiting line of the list."""

    line: BankLine
    age: int  # days
    late: bool
    asked: bool  # a decision waits for a second person


def unclaimed_days(line: BankLine, *, today: date) -> int:
    """Return for how many days nobody claimed money that came in, once it should go back; 0 before, and otherwise."""
    age = (today - line.booked_on).days
    return age if line.status in WAITS and line.amount > ZERO and age >= settings.BANK_SEND_BACK_AFTER_DAYS else 0


def facts(request: HttpRequest) -> Overview | None:
    """Return what the start page shows of the bank; None to whom it is not for."""
    member = request.user
    if getattr(member, "role", None) not in OPERATIONS:
        return None
    return overview(member.pk, today=timezone.localdate())


def lines() -> QuerySet[BankLine]:
    """Select the lines that wait, the oldest first."""
    return BankLine.objects.filter(status__in=WAITS).order_by("booked_on", "pk")


def overview(staff_id: int | None, *, today: date) -> Overview:
    """Return how many lines wait for whom, in two queries."""
    late = today - timedelta(days=settings.BANK_SEND_BACK_AFTER_DAYS)
    counts = lines().aggregate(
        waiting=Count("pk"),
        proposed=Count("pk", filter=Q(status=Status.PROPOSED)),
        week=Count("pk", filter=Q(booked_on__lte=today - timedelta(days=7))),
        unclaimed=Count("pk", filter=Q(booked_on__lte=late, amount__gt=ZERO)),
        amount=Sum("amount", filter=Q(amount__gt=ZERO)),
    )
    asked = LineDecision.objects.filter(status=LineDecision.Status.WAITING).exclude(by=staff_id)
    return Overview(**counts | {"amount": counts["amount"] or ZERO}, to_confirm=asked.count())


def rows(*, today: date, only: str = "", shown: int = SHOWN) -> list[Row]:
    """Return the lines that wait longest. `only` is "proposed", "unmatched", "asked" or "unclaimed"."""
    asked = Exists(LineDecision.objects.filter(line=OuterRef("pk"), status=LineDecision.Status.WAITING))
    found = lines().annotate(asked=asked).defer("sealed_facts")
    if only in WAITS:
        found = found.filter(status=only)
    elif only == "asked":
        found = found.filter(asked=True)
    late = settings.BANK_SEND_BACK_AFTER_DAYS
    if only == "unclaimed":
        found = found.filter(booked_on__lte=today - timedelta(days=late), amount__gt=ZERO)
    ages = [(line, (today - line.booked_on).days) for line in found[:shown]]
    return [Row(line, age, age >= late, bool(vars(line)["asked"])) for line, age in ages]


def next_after(line: BankLine) -> int | None:
    """Return the key of the line that waits longest after this one, or the very first; None when none waits."""
    waiting = lines().exclude(pk=line.pk)
    after = waiting.filter(Q(booked_on__gt=line.booked_on) | Q(booked_on=line.booked_on, pk__gt=line.pk))
    return after.values_list("pk", flat=True).first() or waiting.values_list("pk", flat=True).first()
