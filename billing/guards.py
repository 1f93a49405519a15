"""Triggers that make the database itself refuse to change or delete rows; used by migrations only."""

from collections.abc import Callable
from typing import Any

from django.db import migrations

VERBS = ("update", "delete")
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


def append_only(*tables: str) -> migrations.RunPython:
    """Return the operation that guards `tables` against UPDATE and DELETE, on SQLite and PostgreSQL alike."""
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


def _unguard(schema_editor: Any, table: str) -> None:
    where = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
    for verb in VERBS:
        schema_editor.execute(f"DROP TRIGGER {table}_no_{verb}{where}")
