"""When a mail of a step may leave: reminders in the hours of the law, announcements by courtesy not at night."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from billing.house_rules import rule_of
from billing.law import calendar
from billing.models import Provider, ReminderStep

Step = ReminderStep.Step


def may_be_sent(step: int, now: datetime, provider: Provider | None = None) -> bool:
    """Tell whether a letter of this step may be sent at this moment: reminders by law, the announcement by courtesy.

    Without a practice the widest hours count, those of the house.
    """
    if step != Step.NOTICE:
        return calendar.is_sending_moment(now)
    first, last = _hours(provider)
    return first <= timezone.localtime(now).hour < last


def next_moment(step: int, now: datetime, provider: Provider | None = None) -> datetime:
    """Return the first moment after `now` at which a letter of this step may be sent."""
    if step != Step.NOTICE:
        return calendar.next_sending_moment(now)
    local = timezone.localtime(now)
    morning = local.replace(hour=_hours(provider)[0], minute=0, second=0, microsecond=0)
    return morning if morning > local else morning + timedelta(days=1)


def _hours(provider: Provider | None) -> tuple[int, int]:
    """Return from which hour until before which one announcements leave."""
    if provider is None:
        return settings.NOTICE_HOURS
    return rule_of(provider, "NOTICE_FROM_HOUR"), rule_of(provider, "NOTICE_UNTIL_HOUR")
