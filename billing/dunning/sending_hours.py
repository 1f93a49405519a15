"""When a mail of a step may leave: reminders in the hours of the law, announcements by courtesy not at night."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from billing.law import calendar
from billing.models import ReminderStep

Step = ReminderStep.Step


def may_be_sent(step: int, now: datetime) -> bool:
    """Tell whether a letter of this step may be sent at this moment: reminders by law, the announcement by courtesy."""
    if step != Step.NOTICE:
        return calendar.is_sending_moment(now)
    first, last = settings.NOTICE_HOURS
    return first <= timezone.localtime(now).hour < last


def next_moment(step: int, now: datetime) -> datetime:
    """Return the first moment after `now` at which a letter of this step may be sent."""
    if step != Step.NOTICE:
        return calendar.next_sending_moment(now)
    local = timezone.localtime(now)
    morning = local.replace(hour=settings.NOTICE_HOURS[0], minute=0, second=0, microsecond=0)
    return morning if morning > local else morning + timedelta(days=1)
