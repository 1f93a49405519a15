"""What the worker runs."""

from celery import shared_task
from django.utils import timezone

from guests import sms_code


@shared_task(name="guests.watch_codes")
def watch_codes() -> None:
    sms_code.watch(now=timezone.now())
