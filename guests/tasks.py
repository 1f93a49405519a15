"""Tasks of the worker."""

from celery import shared_task
from django.utils import timezone

from guests import sms_code


@shared_task(name="guests.watch_codes")
def watch_codes() -> None:
    """Watch how many of the codes by SMS are used."""
    sms_code.watch(now=timezone.now())


@shared_task(name="guests.end_codes")
def end_codes() -> None:
    """End the codes by SMS whose time is over."""
    sms_code.end_codes(now=timezone.now())
