"""A breaker for calls that a person waits for: a slow service must not hold all threads that answer pages.

Only processes that ask for it have one (`limit_calls`, from `portal/serving`): a worker may wait. A call that is not
made raises NotAsked at once; what it was for is in rows, which the worker looks at within seconds.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from billing.errors import GatewayUnknown

FAILURES = 3  # in a row without an answer
REST_SECONDS = 10.0  # then nobody asks for so long, and after it one at a time until an answer comes

_at_once: int | None = None


class NotAsked(Exception):
    """The call was not made: too many wait already, or the service has not answered for a while."""


def limit_calls(at_once: int | None) -> None:
    """Let no more than `at_once` threads of this process wait for one service; None: no limit."""
    global _at_once
    _at_once = at_once


class Breaker:
    """The breaker of one service."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way, self._failures, self._rests_until = 0, 0, 0.0

    @contextmanager
    def call(self) -> Iterator[None]:
        """Make a call in the block. Raises NotAsked instead, and counts GatewayUnknown as no answer."""
        if _at_once is None:
            yield
            return
        with self._lock:
            doubtful = self._failures >= FAILURES
            if time.monotonic() < self._rests_until or self._under_way >= (1 if doubtful else _at_once):
                raise NotAsked
            self._under_way += 1
        try:
            yield
        except GatewayUnknown:
            self._count(failed=True)
            raise
        except Exception:
            self._count(failed=False)  # a refusal is an answer
            raise
        else:
            self._count(failed=False)

    def _count(self, *, failed: bool) -> None:
        with self._lock:
            self._under_way -= 1
            self._failures = self._failures + 1 if failed else 0
            if self._failures >= FAILURES:
                self._rests_until = time.monotonic() + REST_SECONDS
