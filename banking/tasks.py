"""Tasks of the worker; each may run twice without harm: files and rows are the queue."""

from celery import shared_task

from banking import folder
from banking.matching import lines


@shared_task(name="banking.watch_folder")
def watch_folder() -> None:
    """Read the statements that were put into the folder."""
    folder.sweep()


@shared_task(name="banking.match_lines")
def match_lines() -> None:
    """Settle the lines of bank statements that nobody looked at yet."""
    lines.match_new()
