"""Tasks of the worker. Each carries a primary key at most, calls one rule, and may run twice without harm."""

from celery import shared_task

from billing.outbox.wakeup import FILES
from complaints.file import proof


@shared_task(name="complaints.check_file", queue=FILES)
def check_file(file_id: int) -> None:
    """Check one file of a complaint."""
    proof.check(file_id)


@shared_task(name="complaints.sweep_files", queue=FILES)
def sweep_files() -> None:
    """Check the files whose own task was lost or failed."""
    proof.sweep()
