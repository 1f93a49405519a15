"""The same state of the database for each round: a copy of it that is put back."""

import shutil
from pathlib import Path
from typing import Any


def copied(folder: Path, name: str = "kept") -> Path:
    """The database as it is now; a file in `folder`, or with PostgreSQL another database of this name."""
    from django.db import connection

    kept = folder / f"{name}.sqlite3"
    if connection.vendor == "postgresql":
        _copy(connection.settings_dict["NAME"], kept.stem)
        return kept
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(kept)])
    return kept


def start_again(kept: Path) -> None:
    """The database is as it was when `kept` was copied from it."""
    from django.db import connection

    if connection.vendor == "postgresql":
        _copy(kept.stem, connection.settings_dict["NAME"])
        return
    connection.close()
    file = Path(connection.settings_dict["NAME"])
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
    shutil.copy(kept, file)


def _copy(source: str, target: str) -> None:
    """Make the database `target` anew as `source` is; nobody may be connected to either."""
    import psycopg
    from django.db import connection

    connection.close()
    said: dict[str, Any] = connection.settings_dict
    to = {"host": said["HOST"], "port": said["PORT"], "user": said["USER"], "dbname": "postgres"}
    with psycopg.connect(**to, autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{target}"')
        server.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
