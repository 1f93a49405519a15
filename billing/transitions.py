"""Compare-and-set status transitions along a model's TRANSITIONS graph; the only writer of `status`."""

from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from billing.rows import update_rows


def advance(row: models.Model, to: str, *conditions: Q, **changes: Any) -> bool:
    """Set `row.status` to `to` and write `changes` (values or rows) with it; return whether this caller did it.

    The database compares: of two callers that both read the old status only one wins, and only the winner acts, in the
    same transaction. The row must meet the `conditions` as well. Raises ValueError for a transition that the graph does
    not list.
    """
    model: Any = type(row)
    before: str = row.status  # type: ignore[attr-defined]
    if to not in model.TRANSITIONS[before]:
        raise ValueError(f"{model.__name__}: {before} → {to} is not a transition")
    moved = {"status": to, **changes}
    won: bool = model._base_manager.filter(*conditions, pk=row.pk, status=before).update(**moved) == 1
    if won:
        for name, value in moved.items():
            setattr(row, name, value)
    return won


def in_sql(model: type[models.Model], condition: Q) -> Q:
    """Return a condition of `advance` on rows of this model in SQL, for many rows: Django builds it anew for each.

    Raises ValueError for one that joins another table: an UPDATE has only its own.
    """
    query = model._base_manager.filter(condition).query
    if not query.where:
        return condition
    compiler = query.get_compiler(using=DEFAULT_DB_ALIAS)
    sql, values = compiler.compile(query.where)
    if len(query.alias_map) > 1:
        raise ValueError(f"{model.__name__}: a condition with a join")
    return Q(RawSQL(sql, values, output_field=BooleanField()))  # noqa: S611  # nosec B611: Django made it


def advance_each(rows: Sequence[models.Model], to: str, *columns: str, **same: Any) -> None:
    """Set the status of locked rows, which all have the same, to `to` in one statement, with their `columns`.

    What is the `same` for all is given by value, which costs far less than columns. Raises ValueError for a transition
    that the graph does not list, and RuntimeError when a row has another status than it was read with: whoever holds
    its lock has read it after the lock.
    """
    if not rows:
        return
    model: Any = type(rows[0])
    before: str = rows[0].status  # type: ignore[attr-defined]
    if to not in model.TRANSITIONS[before]:
        raise ValueError(f"{model.__name__}: {before} → {to} is not a transition")
    for row in rows:
        for name, value in same.items():
            setattr(row, name, value)
        row.status = to  # type: ignore[attr-defined]
    if columns:
        changed = update_rows(rows, "status", *columns, *same, status=before)
    else:
        unchanged = model._base_manager.filter(pk__in=[row.pk for row in rows], status=before)
        changed = unchanged.update(status=to, **same)
    if changed != len(rows):
        raise RuntimeError(f"{model.__name__}: a row was not {before} any more")
