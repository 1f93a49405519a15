"""Two threads that meet in the middle of their queries, so that a race does not depend on luck."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import connection

PATIENCE = 30.0
KEPT_WAITING = 0.3  # where a lock keeps the other from coming


@contextmanager
def met_before(meeting: threading.Barrier, *begins: str, seconds: float = PATIENCE) -> Iterator[None]:
    """Wait in this thread, before its first query that begins so, until the other is there too; not for ever."""
    waited = False

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal waited
        if not waited and sql.startswith(begins):
            waited = True
            with suppress(threading.BrokenBarrierError):  # the other is kept out, which is what a lock is for
                meeting.wait(timeout=seconds)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield
