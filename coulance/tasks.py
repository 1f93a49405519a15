"""Tasks of the worker. Each carries a primary key at most, calls one rule, and may run twice without harm."""

from celery import shared_task

from coulance.files import checking


@shared_task(name="coulance.check_specification")
def check_specification(specification_id: int) -> None:
    """Check one uploaded file."""
    checking.check(specification_id)


@shared_task(name="coulance.sweep_specifications")
def sweep_specifications() -> None:
    """Check the files whose own task was lost or failed."""
    checking.sweep()
