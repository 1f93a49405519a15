"""Empty tables between tests that commit, past the triggers that keep the product from it."""
# ruff: noqa: S608  the names are those of our own models

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

# Made by the migrations, the same for every test; Django also remembers their keys for the life of the process.
_KEPT = {"django_content_type", "auth_permission"}


def empty_tables() -> None:
    """Delete all rows but those that the migrations made."""
    tables = sorted(set(connection.introspection.django_table_names(only_existing=False)) - _KEPT)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _empty_on_postgresql(cursor, tables)
        else:
            _empty_on_sqlite(cursor, tables)


def _empty_on_postgresql(cursor: CursorWrapper, tables: list[str]) -> None:
    # The lock waits, as TRUNCATE would, for what a thread of the test has still open. As `replica` no trigger fires.
    deletes = "".join(f"DELETE FROM {table};" for table in tables)
    cursor.execute(
        f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE; SET LOCAL session_replication_role = replica;"
        f"{deletes}"
    )


def _empty_on_sqlite(cursor: CursorWrapper, tables: list[str]) -> None:
    cursor.execute(" UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables))
    filled = [table for (table,) in cursor.fetchall()]
    if not filled:
        return
    cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    triggers = [(name, sql) for name, table, sql in cursor.fetchall() if table in filled]
    for name, _ in triggers:
        cursor.execute(f"DROP TRIGGER {name}")
    for table in filled:
        cursor.execute(f"DELETE FROM {table}")  # keys to other tables are checked at the end of the transaction
    for _, sql in triggers:
        cursor.execute(sql)
