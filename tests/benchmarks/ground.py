"""What a benchmark stands on: an empty database in a folder of its own, SQLite's or that of a PostgreSQL of its own."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests import environment, servers


@contextmanager
def ground(*, postgresql: bool = False, **variables: str) -> Iterator[None]:
    """Django with all tables, on real servers (PostgreSQL and Redis) or on none; `variables` go to the settings."""
    ends: list[Callable[[], object]] = []
    try:
        folder = environment.prepare(servers=servers.start_all(ends.append) if postgresql else {})
        (folder / "static").mkdir()  # WhiteNoise misses it aloud
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
