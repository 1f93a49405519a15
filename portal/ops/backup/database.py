"""The whole database as one file: a consistent copy while others write, restored into an empty database."""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.postgresql.client import DatabaseClient
from django.db.migrations.recorder import MigrationRecorder

from portal.ops.backup.sealing import BackupUnusable

PAGES_AT_ONCE = 2000  # of a SQLite database: writers wait for 8 MB at a time


def take(target: Path) -> dict[str, Any]:
    """Copy a consistent snapshot of the database into the empty file `target`, which the caller has opened.

    The file is unlinked before the first byte is written, so that a killed backup leaves nothing to read. Returns
    vendor, version, migrations and rows per table.
    """
    copy = {"sqlite": _copy_sqlite, "postgresql": _copy_postgresql}[connection.vendor]
    return {"vendor": connection.vendor, **copy(target)}


def restore(source: IO[bytes]) -> None:
    """Restore `source` into the empty database of the settings: completely, or not at all."""
    connection.close()
    {"sqlite": _restore_sqlite, "postgresql": _restore_postgresql}[connection.vendor](source)


def is_empty() -> bool:
    """Tell whether the database of the settings has no tables."""
    return not connection.introspection.table_names()


def rows_per_table() -> dict[str, int]:
    """Return the number of rows of each table."""
    with connection.cursor() as cursor:
        counts = {}
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608  names of tables
            counts[table] = cursor.fetchone()[0]
    return counts


def _copy_sqlite(target: Path) -> dict[str, Any]:
    """Copy by SQLite's backup API: pages that a writer changes meanwhile are copied again, so it is consistent."""
    connection.ensure_connection()
    # A connection of its own that holds a read transaction: without one, every commit of a writer would restart
    # the backup, and under load it would never end.
    with (
        closing(sqlite3.connect(f"{_path().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        target.unlink()
        copy.execute("PRAGMA journal_mode = OFF")  # a journal would be a second file that is not unlinked
        source.execute("BEGIN")
        tables = [row[0] for row in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        ours = sorted(name for name in tables if not name.startswith("sqlite_"))
        counts = {name: source.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in ours}  # noqa: S608
        applied = source.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
        source.backup(copy, pages=PAGES_AT_ONCE)
        return {"version": sqlite3.sqlite_version, "migrations": [list(row) for row in applied], "tables": counts}


def _path() -> Path:
    return Path(connection.settings_dict["NAME"]).absolute()


def _restore_sqlite(source: IO[bytes]) -> None:
    target = _path()
    fresh = target.with_name(f"{target.name}.restored")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())
    for left in ("-wal", "-shm"):  # of the empty database; they must not be applied to this one
        Path(f"{target}{left}").unlink(missing_ok=True)
    fresh.replace(target)


def _copy_postgresql(target: Path) -> dict[str, Any]:
    """Copy by pg_dump, on the snapshot of the transaction that counts the rows: both see the same data."""
    with _snapshot() as name, target.open("wb") as copy:
        target.unlink()
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={name}", stdout=copy)
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
        applied = MigrationRecorder.Migration.objects.order_by("id").values_list("app", "name")
        return {"version": version, "migrations": [list(row) for row in applied], "tables": rows_per_table()}


@contextmanager
def _snapshot() -> Iterator[str]:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor.fetchone()[0]


def _restore_postgresql(source: IO[bytes]) -> None:
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    with tempfile.TemporaryFile(dir=settings.DATA_DIR) as dump:  # pg_restore reads a whole file, from its beginning
        shutil.copyfileobj(source, dump)
        dump.seek(0)
        _run("pg_restore", *options, f"--dbname={connection.settings_dict['NAME']}", stdin=dump)


def _run(program: str, *arguments: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None) -> None:
    """Run one of PostgreSQL's programs on the database of the settings. Raises BackupUnusable with its error."""
    given = connection.get_connection_params()
    _command, environment = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    named = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGDATABASE": "dbname"}
    environment = {**(environment or {}), **{name: str(given[key]) for name, key in named.items() if given.get(key)}}
    try:
        done = subprocess.run(  # noqa: S603  the programs and options are ours
            [program, *arguments],
            env={**os.environ, **environment},
            stdin=stdin,
            stdout=stdout or subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    except FileNotFoundError:
        raise BackupUnusable(f"{program} is not installed: apt-get install -y postgresql-client") from None
    if done.returncode:
        raise BackupUnusable(f"{program} failed: {done.stderr.strip().splitlines()[0] if done.stderr else 'no reason'}")
