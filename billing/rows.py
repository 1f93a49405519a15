"""Writing thousands of rows of one table in one go."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models

# Columns whose Python value is what the driver takes.
_AS_IT_IS = (models.CharField, models.TextField, models.ForeignKey)


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """INSERT `rows`, whose values stand in the order of `columns` (names of all columns but the automatic key).

    `bulk_create` prepares each value of each row through five calls and keeps the whole statement in Python:
    measured four times the processor time of this, which was most of an import. Text goes to the driver as it is,
    so it must be right already; every other value is prepared by its field. Raises IntegrityError like any INSERT.
    """
    fields = [model._meta.get_field(name) for name in columns]
    table, names = connection.ops.quote_name(model._meta.db_table), [field.column for field in fields]
    quoted = ", ".join(map(connection.ops.quote_name, names))
    sql = f"INSERT INTO {table} ({quoted}) VALUES ({', '.join(['%s'] * len(names))})"  # noqa: S608  names of our model
    prepared = [(place, _preparing(field)) for place, field in enumerate(fields) if not isinstance(field, _AS_IT_IS)]
    ready = []
    for row in rows:
        values = list(row)
        for place, prepare in prepared:
            values[place] = prepare(values[place])
        ready.append(values)
    with connection.cursor() as cursor:
        cursor.executemany(sql, ready)


def _preparing(field: Any) -> Callable[[Any], Any]:
    def prepare(value: Any) -> Any:
        return field.get_db_prep_save(value, connection)

    # The same few dates and amounts come again and again; sealed bytes never do.
    return prepare if isinstance(field, models.BinaryField) else lru_cache(maxsize=1024)(prepare)
