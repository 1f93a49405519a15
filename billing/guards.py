"""Triggers that make the database itself refuse to change or delete rows; used by migrations only."""

from collections.abc import Callable
from typing import Any

from django.db import migrations

VERBS = ("update", "delete")
# SQLite's REPLACE deletes the row in the way without firing the trigger on DELETE; TRUNCATE is PostgreSQL's alone.
ALL_VERBS = {"sqlite": (*VERBS, "replace"), "postgresql": (*VERBS, "truncate")}
_SQLITE = """
CREATE TRIGGER {table}_no_{verb} BEFORE {VERB} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION billing_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$
"""
_POSTGRESQL = """
CREATE TRIGGER {table}_no_{verb} BEFORE {VERB} ON {table}
FOR EACH ROW EXECUTE FUNCTION billing_append_only()
"""
_SQLITE_REPLACE = """
CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN {in_the_way}
BEGIN SELECT RAISE(ABORT, '{table} is append-only, and this row exists'); END
"""
_POSTGRESQL_TRUNCATE = """
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION billing_append_only()
"""
_SQLITE_AGED = """
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
WHEN OLD.{column} > strftime('%Y-%m-%d %H:%M:%S', 'now', '-{years} years')
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
_POSTGRESQL_AGED_FUNCTION = """
CREATE OR REPLACE FUNCTION {table}_aged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF OLD.{column} > now() - interval '{years} years' THEN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END IF;
RETURN OLD;
END $$
"""
_POSTGRESQL_AGED = """
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_aged()
"""

_SQLITE_REFUSE = """
CREATE TRIGGER {name}_{verb} BEFORE {VERB} ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, '{says}'); END
"""
_POSTGRESQL_REFUSE_FUNCTION = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF {when} THEN RAISE EXCEPTION '{says}' USING ERRCODE = 'restrict_violation'; END IF;
RETURN NEW;
END $$
"""
_POSTGRESQL_REFUSE = """
CREATE TRIGGER {name}_{verb} BEFORE {VERB} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()
"""


def append_only(*tables: str) -> migrations.RunPython:
    """Return the operation that guards `tables` against UPDATE, DELETE, and what deletes in another way.

    That is REPLACE on SQLite and TRUNCATE on PostgreSQL.
    """
    return migrations.RunPython(_for_each(tables, _guard), _for_each(tables, _unguard))


def removable_after(table: str, *, years: int, column: str) -> migrations.RunPython:
    """Return the operation that relaxes the DELETE guard of `append_only` for rows older than `years`."""

    def replace(apps: Any, schema_editor: Any) -> None:
        names = {"table": table, "years": years, "column": column}
        where = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER {table}_no_delete{where}")
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(_POSTGRESQL_AGED_FUNCTION.format(**names), params=None)
            schema_editor.execute(_POSTGRESQL_AGED.format(**names))
        else:
            schema_editor.execute(_SQLITE_AGED.format(**names), params=None)

    def restore(apps: Any, schema_editor: Any) -> None:
        _unguard(schema_editor, table)
        _guard(schema_editor, table)
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP FUNCTION {table}_aged()")

    return migrations.RunPython(replace, restore)


def refuse_rows(table: str, *, name: str, when: str, says: str) -> migrations.RunPython:
    """Return the operation that refuses to insert or update rows of `table` for which the condition `when` holds.

    For what no CHECK can say, since it looks at other rows. `when` is SQL that both databases read, about NEW.
    """
    names = {"table": table, "name": name, "when": when, "says": says}
    verbs = ("insert", "update")

    def guard(apps: Any, schema_editor: Any) -> None:
        on_postgresql = schema_editor.connection.vendor == "postgresql"
        if on_postgresql:
            schema_editor.execute(_POSTGRESQL_REFUSE_FUNCTION.format(**names), params=None)
        for verb in verbs:
            template = _POSTGRESQL_REFUSE if on_postgresql else _SQLITE_REFUSE
            schema_editor.execute(template.format(**names, verb=verb, VERB=verb.upper()), params=None)

    def unguard(apps: Any, schema_editor: Any) -> None:
        on_postgresql = schema_editor.connection.vendor == "postgresql"
        for verb in verbs:
            schema_editor.execute(f"DROP TRIGGER {name}_{verb}" + (f" ON {table}" if on_postgresql else ""))
        if on_postgresql:
            schema_editor.execute(f"DROP FUNCTION {name}()")

    return migrations.RunPython(guard, unguard)


def _for_each(tables: tuple[str, ...], act: Callable[[Any, str], None]) -> Callable[[Any, Any], None]:
    def run(apps: Any, schema_editor: Any) -> None:
        for table in tables:
            act(schema_editor, table)

    return run


def _guard(schema_editor: Any, table: str) -> None:
    on_postgresql = schema_editor.connection.vendor == "postgresql"
    if on_postgresql:
        schema_editor.execute(_POSTGRESQL_FUNCTION, params=None)  # its % is not a placeholder
    for verb in VERBS:
        template = _POSTGRESQL if on_postgresql else _SQLITE
        schema_editor.execute(template.format(table=table, verb=verb, VERB=verb.upper()))
    if on_postgresql:
        schema_editor.execute(_POSTGRESQL_TRUNCATE.format(table=table))
    else:
        in_the_way = " OR ".join(_sqlite_in_the_way(schema_editor.connection, table))
        schema_editor.execute(_SQLITE_REPLACE.format(table=table, in_the_way=in_the_way), params=None)


def _sqlite_in_the_way(connection: Any, table: str) -> list[str]:
    """Return the conditions under which a row of `table` is in the way of NEW: the same id, or the same unique columns.

    Each looks for itself, and for nothing where NEW has no value: one query with OR reads the whole table once SQLite
    knows by ANALYZE that most rows have none. Raises NotImplementedError for a unique index over a part of the table,
    whose condition it can't repeat.
    """
    with connection.cursor() as cursor:
        unique_columns = [["id"]]
        for _number, index, unique, _origin, partial in cursor.execute(f"PRAGMA index_list({table})").fetchall():
            if unique and partial:
                raise NotImplementedError(f"{index} is unique in a part of {table} only")
            if unique:
                found = cursor.execute(f"PRAGMA index_info({index})").fetchall()
                unique_columns.append([column for _, _, column in found])
    conditions = []
    for columns in unique_columns:
        given = " AND ".join(f"NEW.{column} IS NOT NULL" for column in columns)
        same = " AND ".join(f"{column} = NEW.{column}" for column in columns)
        conditions.append(f"({given} AND EXISTS (SELECT 1 FROM {table} WHERE {same}))")  # noqa: S608  names of ours
    return conditions


def _unguard(schema_editor: Any, table: str) -> None:
    where = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
    for verb in ALL_VERBS[schema_editor.connection.vendor]:
        schema_editor.execute(f"DROP TRIGGER {table}_no_{verb}{where}")
