"""Writing and removing thousands of rows of one table."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models

# Columns whose Python value is what the driver takes.
_AS_IT_IS = (models.CharField, models.TextField, models.ForeignKey)


def insert(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """INSERT `rows`, whose values stand in the order of the fields `names`; other fields get their default.

    `bulk_create` prepares each value of each row through five calls and keeps the whole statement in Python:
    measured four times the processor time of this, which was most of an import. Text goes to the driver as it is,
    so it must be right already; every other value is prepared by its field. A default is asked once for all rows,
    so a unique field must be among the names. Raises IntegrityError like any INSERT.
    """
    given = [model._meta.get_field(name) for name in names]
    others = [f for f in model._meta.concrete_fields if f not in given and not isinstance(f, models.AutoField)]
    if any(field.unique and not field.null for field in others):
        raise ValueError("a unique field has no default that fits all rows")
    defaults = [field.get_db_prep_save(field.get_default(), connection) for field in others]
    prepared = [(place, _preparing(field)) for place, field in enumerate(given) if not isinstance(field, _AS_IT_IS)]
    ready = []
    for row in rows:
        values = [*row, *defaults]
        for place, prepare in prepared:
            values[place] = prepare(values[place])
        ready.append(values)
    with connection.cursor() as cursor:
        cursor.executemany(_statement(model, [*given, *others]), ready)


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


def _statement(model: type[models.Model], fields: Sequence[Any]) -> str:
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({marks})"  # noqa: S608  names of our models


def _preparing(field: Any) -> Callable[[Any], Any]:
    def prepare(value: Any) -> Any:
        return field.get_db_prep_save(value, connection)

    # The same few dates and amounts come again and again; sealed bytes never do.
    return prepare if isinstance(field, models.BinaryField) else lru_cache(maxsize=1024)(prepare)
