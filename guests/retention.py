"""Data retention of throttles and codes by SMS."""

from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

from billing import rows
from billing.law.calendar import begin_of
from guests import throttle
from guests.models import SmsDevice


def run_day(today: date) -> dict[str, int]:
    """Delete idle throttles and the rows of codes that ended RETAIN_CODE_DAYS ago; return how many codes."""
    throttle.delete_idle(now=timezone.now())
    codes = begin_of(today - timedelta(days=settings.RETAIN_CODE_DAYS))
    return {"codes": rows.delete(SmsDevice.objects.filter(valid_until__lt=codes))}
