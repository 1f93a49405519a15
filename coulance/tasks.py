"""What the worker runs. A task carries a primary key, calls one rule, and may run twice without harm."""

from celery import shared_task

from coulance.files import checking


@shared_task(name="coulance.check_specification")
def check_specification(specification_id: int) -> None:
    checking.check(specification_id)


@shared_task(name="coulance.sweep_specifications")
def sweep_specifications() -> None:
    checking.sweep()
