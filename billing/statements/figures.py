"""Daily figures, stored so that a chart of thirty days costs one small query."""

from datetime import date, timedelta

from django.db.models import Q, Sum
from django.utils import timezone

from billing.law import calendar
from billing.models import DayFigure, OutboxMessage, Payment, Posting
from billing.models.ledger import OF_INVOICE
from billing.money import ZERO, to_cents

Name = DayFigure.Name
KEPT = timedelta(days=400)  # over a year, so that a month can be compared with the same month a year before


def record_day(today: date) -> None:
    """Write today's figures, and again yesterday's, which changed after they were last written.

    A figure of a moment (what is owed, what is stuck) can't be counted afterwards, so it is only written for today, and
    for a day in the past nothing is written.
    """
    if today < timezone.localdate():
        return
    rows = [*_of_a_day(today - timedelta(days=1)), *_of_a_day(today), *_standing(today)]
    DayFigure.objects.bulk_create(rows, update_conflicts=True, unique_fields=["day", "name"], update_fields=["value"])
    DayFigure.objects.filter(day__lt=today - KEPT).delete()


def last_days(today: date, *, days: int) -> dict[str, list[int | None]]:
    """Return, by name, one value for each of the last `days` days, oldest first; None where nothing was written."""
    first = today - timedelta(days=days - 1)
    values = {(row.name, row.day): row.value for row in DayFigure.objects.filter(day__gte=first, day__lte=today)}
    all_days = [first + timedelta(days=n) for n in range(days)]
    return {name: [values.get((name, day)) for day in all_days] for name in Name.values}


def _of_a_day(day: date) -> list[DayFigure]:
    begin, end = calendar.begin_of(day), calendar.begin_of(day + timedelta(days=1))
    paid = Payment.objects.filter(paid_at__gte=begin, paid_at__lt=end).aggregate(sum=Sum("amount"))["sum"] or ZERO
    sent = OutboxMessage.objects.filter(
        status=OutboxMessage.Status.SENT,
        erased_at=None,  # so recent a message is never erased; the condition makes the partial index usable
        sent_at__gte=begin,
        sent_at__lt=end,
    ).count()
    return [_figure(day, Name.MONEY_IN, to_cents(paid)), _figure(day, Name.SENT, sent)]


def _standing(today: date) -> list[DayFigure]:
    late = [today - timedelta(days=n) for n in (0, 30, 90)]
    ages = {
        Name.NOT_DUE: Q(invoice__due_on__gte=late[0]),
        Name.DUE_30: Q(invoice__due_on__lt=late[0], invoice__due_on__gte=late[1]),
        Name.DUE_90: Q(invoice__due_on__lt=late[1], invoice__due_on__gte=late[2]),
        Name.DUE_OLDER: Q(invoice__due_on__lt=late[2]),
    }
    open_now = {"invoice__settled_at": None, "invoice__withdrawn_at": None, "account__in": OF_INVOICE}
    owed = Posting.objects.filter(**open_now).aggregate(
        **{name.value: Sum("amount", filter=of_age) for name, of_age in ages.items()}
    )
    stuck = OutboxMessage.objects.filter(status=OutboxMessage.Status.FAILED).count()
    stuck += OutboxMessage.objects.filter(status=OutboxMessage.Status.IN_DOUBT).count()
    return [*(_figure(today, name, to_cents(owed[name] or ZERO)) for name in ages), _figure(today, Name.STUCK, stuck)]


def _figure(day: date, name: DayFigure.Name, value: int) -> DayFigure:
    return DayFigure(day=day, name=name, value=value)
