"""Tasks of the worker. Each carries a primary key at most, calls one rule, and may run twice without harm."""

from celery import shared_task

from debt_collection.running import standing


@shared_task(name="debt_collection.tell_agencies")
def tell_agencies() -> None:
    """Tell agencies what changed lately about their cases."""
    standing.sweep()
