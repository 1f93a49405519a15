"""Tasks that beat starts for all rooms together."""

from celery import shared_task
from django.utils import timezone

from portal import daily


@shared_task(name="portal.run_daily")
def run_daily() -> None:
    """Run the daily rules of all rooms for today."""
    daily.run_now(timezone.now())
