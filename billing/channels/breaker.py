"""A breaker for calls that a person waits for: a slow service must not hold all threads that answer pages.

Only processes that ask for it have one (`limit_calls`, from `portal/serving`): a worker may wait. Who finds all places
taken waits a moment, as long as a service that is well needs to free one; a few people who pay in the same second are
no reason to send one of them away. A call that is not made raises NotAsked; what it was for is in rows, which the
worker looks at within seconds.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from billing.errors import GatewayUnknown

FAILURES = 3  # in a row without an answer
PATIENCE_SECONDS = 1.0  # for a place, while some call under way is younger than this
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
        self._changed = threading.Condition()
        self._began: list[float] = []  # of the calls under way, the youngest last
        self._failures, self._rests_until = 0, 0.0

    @contextmanager
    def call(self) -> Iterator[None]:
        """Make a call in the block. Raises NotAsked instead, and counts GatewayUnknown as no answer."""
        if _at_once is None:
            yield
            return
        began = self._take_place(_at_once)
        failed = False  # a refusal is an answer
        try:
            yield
        except GatewayUnknown:
            failed = True
            raise
        finally:
            self._leave(began, failed=failed)

    def _take_place(self, at_once: int) -> float:
        """Wait for a place among `at_once` and return the moment at which it was taken. Raises NotAsked."""
        gives_up = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            while not self._has_place(at_once):
                patience = min(gives_up, self._began[-1] + PATIENCE_SECONDS) if self._answers() else 0.0
                if not self._changed.wait(max(0.0, patience - time.monotonic())):
                    raise NotAsked
            self._began.append(time.monotonic())
            return self._began[-1]

    def _has_place(self, at_once: int) -> bool:
        now = time.monotonic()
        return now >= self._rests_until and len(self._began) < (at_once if self._answers() else 1)

    def _answers(self) -> bool:
        return self._failures < FAILURES

    def _leave(self, began: float, *, failed: bool) -> None:
        with self._changed:
            self._began.remove(began)
            self._failures = self._failures + 1 if failed else 0
            self._rests_until = 0.0 if self._answers() else time.monotonic() + REST_SECONDS
            self._changed.notify()
