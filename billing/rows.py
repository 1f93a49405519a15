"""Many rows at once: inserting, changing and deleting them, and a pause between two transactions for others."""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

PAUSE_SECONDS = 0.02
MANY = 40  # of fewer rows, the queries for the keys weigh more: a page waits for each
Row = TypeVar("Row", bound=models.Model)
# Such a field stores such a value as it is. Fields that prepare values by a method of their own don't.
_STORED_AS_IT_IS = (
    (models.CharField, str),
    (models.TextField, str),
    (models.IntegerField, int),
    (models.BooleanField, bool),
    (models.BinaryField, bytes),
)


class _Column(NamedTuple):
    """How the values of a column come about, the same for all rows of its table."""

    attribute: str
    make: Callable[[Any, bool], Any] | None  # from the row, by the field
    as_it_is: type | None
    repeats: bool  # few different values, each in many rows: a day, a kind
    prepare: Callable[[Any, Any], Any]


def insert_rows(new: Iterable[Row]) -> list[Row]:
    """Insert new rows and return them with their keys, as `bulk_create` does; many cost about a third less.

    No value may be an expression. Raises what the database raises, and then none of them is inserted.
    """
    rows = list(new)
    if not rows:
        return rows
    model = type(rows[0])
    if len(rows) < MANY:
        return model._default_manager.bulk_create(rows)
    to = connections[DEFAULT_DB_ALIAS]
    for row in rows:
        if row._state.fields_cache:  # else no related row was set, only keys
            row._prepare_related_fields_for_save(operation_name="insert")  # type: ignore[attr-defined]
    keyless = [row for row in rows if row.pk is None] if isinstance(model._meta.pk, models.AutoField) else []
    try:
        with transaction.atomic(savepoint=False):
            if keyless:
                for row, key in zip(keyless, _next_keys(to, model._meta, len(keyless)), strict=True):
                    row.pk = key
            _write(to, model, rows)
    except Exception:
        for row in keyless:
            row.pk = None  # SQLite gives the key to another row, which saving this one would overwrite
        raise
    for row in rows:
        row._state.adding, row._state.db = False, to.alias
    return rows


def take_keys(new: Sequence[models.Model]) -> None:
    """Give new rows their keys, for what names them before `insert_rows` inserts them in the same transaction.

    Until then nothing else may be inserted into their table: SQLite would give it the same keys.
    """
    if not new:
        return
    for row, key in zip(new, _next_keys(connections[DEFAULT_DB_ALIAS], type(new[0])._meta, len(new)), strict=True):
        row.pk = key


def update_rows(rows: Sequence[models.Model], *names: str, **before: Any) -> int:
    """Write these fields of rows whose columns are still as `before` says; return how many rows those were.

    It is one statement, as `bulk_update` makes one, whose CASE of every field and row takes Django many times as long.
    No value may be an expression.
    """
    to, meta = connections[DEFAULT_DB_ALIAS], type(rows[0])._meta
    quote, typed = to.ops.quote_name, "CAST({} AS {})" if to.vendor == "postgresql" else "{}"
    fields: list[Any] = [meta.pk, *map(meta.get_field, names)]
    line = f"({', '.join(['%s'] * len(fields))})"
    values = [field.get_db_prep_save(getattr(row, field.attname), to) for row in rows for field in fields]
    changes = ", ".join(
        f"{quote(field.column)} = {typed.format(f'new.column{number}', field.db_type(to))}"
        for number, field in enumerate(fields[1:], 2)
    )
    table, key = quote(meta.db_table), quote(fields[0].column)
    same = "".join(f" AND {table}.{quote(column)} = %s" for column in before)
    new = f"(VALUES {', '.join([line] * len(rows))}) AS new"
    with to.cursor() as cursor:
        statement = f"UPDATE {table} SET {changes} FROM {new} WHERE {table}.{key} = new.column1{same}"  # noqa: S608
        cursor.execute(statement, [*values, *before.values()])
        return int(cursor.rowcount)


def _next_keys(to: BaseDatabaseWrapper, meta: Any, count: int) -> Sequence[int]:
    """Take the next keys of a table, in the transaction that inserts the rows."""
    with to.cursor() as cursor:
        if to.vendor == "sqlite":  # the transaction has the write lock
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [meta.db_table])
            last = (cursor.fetchone() or (0,))[0]
            return range(last + 1, last + 1 + count)
        # As an INSERT does, before it takes a key: who locks the table knows that no lower key is still to come.
        cursor.execute(f"LOCK TABLE {to.ops.quote_name(meta.db_table)} IN ROW EXCLUSIVE MODE")
        sequence = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
        cursor.execute(sequence, [meta.db_table, meta.pk.column, count])
        return [key for (key,) in cursor.fetchall()]


def _write(to: BaseDatabaseWrapper, model: type[models.Model], rows: Sequence[models.Model]) -> None:
    """Write the rows by one statement: COPY on PostgreSQL."""
    meta: Any = model._meta
    fields = meta.concrete_fields
    table, columns = to.ops.quote_name(meta.db_table), ", ".join(to.ops.quote_name(f.column) for f in fields)
    values = zip(*(_values(to, column, rows) for column in _columns(model)), strict=True)
    with to.cursor() as cursor:
        if to.vendor == "sqlite":
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(values))  # noqa: S608
            return
        with to.wrap_database_errors, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)


def _values(to: BaseDatabaseWrapper, column: _Column, rows: Sequence[models.Model]) -> list[Any]:
    """Return what a column stores of each row."""
    made = (
        [getattr(row, column.attribute) for row in rows]
        if column.make is None
        else [column.make(row, True) for row in rows]
    )
    as_it_is, prepare = column.as_it_is, column.prepare
    if column.repeats:
        prepare = lru_cache(maxsize=None, typed=True)(prepare)
    return [value if value is None or type(value) is as_it_is else prepare(value, to) for value in made]


@cache
def _columns(model: type[models.Model]) -> list[_Column]:
    return [
        _Column(
            field.attname,
            None if type(field).pre_save is models.Field.pre_save else field.pre_save,
            stored_as_it_is(field),
            type(field) is models.DateField or stored_as_it_is(field) in (str, int),
            field.get_db_prep_save,
        )
        for field in model._meta.concrete_fields
    ]


def stored_as_it_is(field: Any) -> type | None:
    """Return the type of the values that a field stores as they are: nobody needs to ask it."""
    while field.remote_field:
        field = field.target_field
    for kind, of_value in _STORED_AS_IT_IS:
        if isinstance(field, kind) and type(field).get_prep_value is kind.get_prep_value:
            return of_value
    return None


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
