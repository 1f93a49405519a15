"""Tasks of the worker; each may run twice without harm."""

from celery import shared_task

from banking import folder


@shared_task(name="banking.watch_folder")
def watch_folder() -> None:
    """Read the statements that were put into the folder."""
    folder.sweep()
