"""What beat starts for all rooms together."""

from celery import shared_task
from django.utils import timezone

from guests import sms_code
from portal import daily


@shared_task(name="portal.run_daily")
def run_daily() -> None:
    daily.run_day(timezone.localdate())


@shared_task(name="portal.watch_codes")
def watch_codes() -> None:
    sms_code.watch(now=timezone.now())
