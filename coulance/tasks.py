"""Tasks of the worker. Each carries a primary key at most, calls one rule, and may run twice without harm.

Both may wait a minute for the virus scanner, so they have a queue of their own.
"""

from celery import shared_task

from billing.outbox.wakeup import FILES
from coulance import specifications
from coulance.reading import readings


@shared_task(name="coulance.check_specification", queue=FILES)
def check_specification(specification_id: int) -> None:
    """Check one uploaded file."""
    specifications.check(specification_id)


@shared_task(name="coulance.sweep_specifications", queue=FILES)
def sweep_specifications() -> None:
    """Check the files whose own task was lost or failed."""
    specifications.sweep()


@shared_task(name="coulance.read_specification", queue=FILES)
def read_specification(reading_id: int) -> None:
    """Read one checked file."""
    readings.read(reading_id)


@shared_task(name="coulance.sweep_readings", queue=FILES)
def sweep_readings() -> None:
    """Read the files whose own task was lost."""
    readings.sweep()
