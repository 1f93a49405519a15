"""Alerts: one for each cause until it is right again, and what has to be told of it, by whatever road there is.

The rows are written before anybody is told, so that nothing is lost when a mail server or a receiver is away.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from billing.models import Alert, AlertNotice

Event = AlertNotice.Event
_FIRST, _LONGEST, _GIVE_UP = timedelta(minutes=1), timedelta(hours=1), timedelta(days=7)


def look(causes: Mapping[str, str], *, channels: Iterable[str], now: datetime) -> None:
    """Raise an alert for each cause that has none, and end those whose cause is gone; queue what has to be told.

    `causes`: what a person must look at now, with a sentence for each.
    """
    channels = tuple(channels)
    with transaction.atomic():
        standing = {alert.cause: alert for alert in Alert.objects.filter(ended_at=None)}
        for cause, says in causes.items():
            if cause[:90] not in standing:
                _raise(cause[:90], says[:300], channels, now)
        kept = {cause[:90] for cause in causes}
        for cause, alert in standing.items():
            if cause not in kept and Alert.objects.filter(pk=alert.pk, ended_at=None).update(ended_at=now):
                _queue(alert, Event.ENDED, channels, now)


def _raise(cause: str, says: str, channels: Iterable[str], now: datetime) -> None:
    """Add the alert, unless another watcher was first."""
    try:
        with transaction.atomic():
            alert = Alert.objects.create(cause=cause, says=says, raised_at=now)
    except IntegrityError:
        return
    _queue(alert, Event.RAISED, channels, now)


def _queue(alert: Alert, event: Event, channels: Iterable[str], now: datetime) -> None:
    AlertNotice.objects.bulk_create(
        AlertNotice(alert=alert, event=event, channel=channel, next_try_at=now) for channel in channels
    )


def to_tell(now: datetime) -> list[AlertNotice]:
    """Return what has to be told now, the oldest first, and of one alert and channel never the end before the begin."""
    waiting = AlertNotice.objects.filter(told_at=None).select_related("alert").order_by("pk")
    first: dict[tuple[int, str], AlertNotice] = {}
    for notice in waiting:
        first.setdefault((notice.alert_id, notice.channel), notice)
    return [notice for notice in first.values() if notice.next_try_at <= now]


def is_untold(channels: Iterable[str]) -> bool:
    """Tell whether something that operators have to know could not be told yet by one of these roads."""
    return AlertNotice.objects.filter(told_at=None, channel__in=channels).exists()


def told(notice: AlertNotice, *, now: datetime) -> None:
    """Record that somebody was told."""
    AlertNotice.objects.filter(pk=notice.pk).update(told_at=now, tries=notice.tries + 1, error="")


def failed(notice: AlertNotice, *, error: str, now: datetime) -> None:
    """Try again later: after one minute, then twice as long each time up to an hour, for a week."""
    wait = min(_FIRST * 2 ** min(notice.tries, 10), _LONGEST)
    AlertNotice.objects.filter(pk=notice.pk).update(
        tries=notice.tries + 1,
        error=error[:60],
        next_try_at=now + wait,
        told_at=now if now - notice.alert.raised_at > _GIVE_UP else None,
    )
