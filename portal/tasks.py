"""Tasks that beat starts for all rooms together."""

from celery import shared_task
from django.utils import timezone

from billing.outbox.wakeup import FILES
from portal import daily
from portal.intake import handing_in
from portal.webhooks import delivery, events


@shared_task(name="portal.run_daily")
def run_daily() -> None:
    """Run the daily rules of all rooms for today."""
    daily.run_now(timezone.now())


@shared_task(name="portal.tell_programs", queue=delivery.QUEUE)
def tell_programs() -> None:
    """Collect what happened for the software of practices."""
    events.collect()


@shared_task(name="portal.send_to_webhooks", queue=delivery.QUEUE)
def send_to_webhooks() -> None:
    """Send what happened to the webhooks of practices."""
    delivery.sweep()


@shared_task(name="portal.work_on_submitted_file", queue=FILES)
def work_on_submitted_file(file_id: int) -> None:
    """Check one file of a practice, or hand it in."""
    handing_in.work_on(file_id)


@shared_task(name="portal.sweep_submitted_files", queue=FILES)
def sweep_submitted_files() -> None:
    """Work on the files whose own task was lost, or whose worker died."""
    handing_in.sweep()
