"""Tasks of the worker. Each calls one rule, and may run twice without harm: the rows are the queue."""

from celery import shared_task

from banking.matching import lines


@shared_task(name="banking.match_lines")
def match_lines() -> None:
    """Settle the lines of bank statements that nobody looked at yet."""
    lines.match_new()
