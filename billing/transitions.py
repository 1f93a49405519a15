"""The only hand that moves a state: compare-and-set along the graph beside the model's choices."""

from functools import lru_cache
from typing import Any

from django.db import connection, models


def advance(row: models.Model, to: str, **changes: Any) -> bool:
    """Move `row.status` to `to`, writing `changes` (values or rows) with it; True for the one caller that moved it.

    The database compares: of two callers that both read the old state only one wins, and only the winner
    acts, in the same transaction. Raises ValueError for a move that the graph does not list.
    """
    model: Any = type(row)
    before: str = row.status  # type: ignore[attr-defined]
    if to not in model.TRANSITIONS[before]:
        raise ValueError(f"{model.__name__}: {before} → {to} is not a transition")
    moved = {"status": to, **changes}
    statement, fields = _statement(model, tuple(moved))
    values = [
        field.get_db_prep_save(value.pk if isinstance(value, models.Model) else value, connection)
        for field, value in zip(fields, moved.values(), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, row.pk, before])
        won: bool = cursor.rowcount == 1
    if won:
        for name, value in moved.items():
            setattr(row, name, value)
    return won


@lru_cache(maxsize=256)
def _statement(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, list[Any]]:
    """The UPDATE that compares and sets, and the fields that prepare its values. Written here once for each set of
    names: Django's `filter().update()` makes it anew for every row, which took four times as long as running it."""
    meta: Any = model._meta
    quote = connection.ops.quote_name
    fields = [meta.get_field(name) for name in names]
    columns = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    where = f"{quote(meta.pk.column)} = %s AND {quote('status')} = %s"
    return f"UPDATE {quote(meta.db_table)} SET {columns} WHERE {where}", fields  # noqa: S608  names of our models
