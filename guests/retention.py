"""How long guests are remembered."""

from datetime import date, timedelta

from django.conf import settings
from django.utils import timezone

from billing import rows
from billing.law.calendar import begin_of
from guests import throttle
from guests.models import SmsDevice


def run_day(today: date) -> dict[str, int]:
    """Remove idle throttles and what is known of codes that ended long ago; returns how many codes."""
    throttle.delete_idle(now=timezone.now())
    codes = begin_of(today - timedelta(days=settings.RETAIN_CODE_DAYS))
    return {"codes": rows.delete(SmsDevice.objects.filter(valid_until__lt=codes))}
