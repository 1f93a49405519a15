"""Tasks of the worker. Each carries a primary key at most, calls one rule, and may run twice without harm."""

from celery import shared_task

from billing.outbox.wakeup import FILES
from forbearance import letters


@shared_task(name="forbearance.check_letter", queue=FILES)
def check_letter(file_id: int) -> None:
    """Check one file of a debt counsellor's letter."""
    letters.check(file_id)


@shared_task(name="forbearance.sweep_letters", queue=FILES)
def sweep_letters() -> None:
    """Check the files whose own task was lost or failed."""
    letters.sweep()
