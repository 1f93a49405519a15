"""Much work on rows that lets others write meanwhile: bulk deletion, and a pause between two transactions."""

import time
from typing import Any

from django.db import connection, models

PAUSE_SECONDS = 0.02


def delete(rows: models.QuerySet[Any], *, chunk: int = 1000) -> int:
    """Delete `rows` in chunks that are each their own transaction; return how many there were.

    No lock lasts long, and it may be stopped and run again. Nothing may refer to the rows.
    """
    count = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:chunk]):
        selected = rows.model._base_manager.filter(pk__in=keys)
        selected._raw_delete(selected.db)
        count += len(keys)
        let_others_write()
    return count


def let_others_write() -> None:
    """Wait a moment between two long transactions on SQLite.

    Nobody queues for its one write lock, so who waits needs a moment to get it; PostgreSQL locks rows.
    """
    if connection.vendor == "sqlite":
        time.sleep(PAUSE_SECONDS)
