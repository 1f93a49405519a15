"""What a benchmark stands on: an empty database in a folder of its own, SQLite's or that of a PostgreSQL of its own."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import environment, servers


@contextmanager
def ground(*, postgresql: bool = False, kept_in: Path | None = None, **variables: str) -> Iterator[None]:
    """Django with all tables, on real servers (PostgreSQL and Redis) or on none; `variables` go to the settings.

    The database is gone at the end, unless it is `kept_in` a folder, for the next run to begin with.
    """
    ends: list[Callable[[], object]] = []
    try:
        if kept_in:
            kept_in.mkdir(parents=True, exist_ok=True)
        started = servers.start_all(ends.append, kept_in=kept_in) if postgresql else {}
        folder = environment.prepare(servers=started, kept_in=kept_in)
        (folder / "static").mkdir(exist_ok=True)  # WhiteNoise misses it aloud
        os.environ |= variables
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield
        from django.db import connections

        connections.close_all()
    finally:
        for end in reversed(ends):
            end()
