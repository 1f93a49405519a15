"""Removing thousands of rows of one table."""

from typing import Any

from django.db import models


def delete(found: models.QuerySet[Any], *, chunk: int = 1000) -> int:
    """DELETE what `found` selects, in chunks that are each their own transaction; how many there were.

    No lock lasts long, and it may be stopped and run again. Nothing may refer to the rows.
    """
    count = 0
    while keys := list(found.order_by("pk").values_list("pk", flat=True)[:chunk]):
        chosen = found.model._base_manager.filter(pk__in=keys)
        chosen._raw_delete(chosen.db)
        count += len(keys)
    return count
