"""Bulk deletion of rows of one table."""

from typing import Any

from django.db import models


def delete(rows: models.QuerySet[Any], *, chunk: int = 1000) -> int:
    """Delete `rows` in chunks that are each their own transaction; return how many there were.

    No lock lasts long, and it may be stopped and run again. Nothing may refer to the rows.
    """
    count = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:chunk]):
        selected = rows.model._base_manager.filter(pk__in=keys)
        selected._raw_delete(selected.db)
        count += len(keys)
    return count
