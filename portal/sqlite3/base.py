"""Django's backend for SQLite, with a queue for writers that is fair.

SQLite lets a writer that finds the database locked sleep longer each time, up to 100 ms, so whoever came last asks most
often and whoever waits longest loses again and again. Here everybody who waits asks every few milliseconds
(`busy_timeout` in the settings) until the same WAIT_SECONDS are over; then a page says that it is busy.
"""

import random
import time
from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

WAIT_SECONDS = 20.0
_PAUSE_SECONDS = (0.001, 0.004)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that asks again while the database is locked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._execute_patiently)

    def _execute_patiently(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Ask again for BEGIN and for a statement outside a transaction; within one, the lock is ours already."""
        if self.in_atomic_block:
            return execute(sql, params, many, context)
        return _patiently(lambda: execute(sql, params, many, context))


def is_busy(error: BaseException) -> bool:
    """Tell whether this is the error of a database that others were writing to for WAIT_SECONDS."""
    return isinstance(error, OperationalError) and "database is locked" in str(error)


def _patiently(act: Callable[[], Any]) -> Any:
    """Return what `act` returns. Raises OperationalError when the database remains locked for WAIT_SECONDS."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return act()
        except OperationalError as error:
            if not is_busy(error) or time.monotonic() >= until:
                raise
        time.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311  so that those who wait do not ask in step
