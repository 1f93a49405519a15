"""A lock between backups and key rotation: a copy made meanwhile would name documents that the rotation deletes.

The lock lives with the database, so everybody who uses the database shares it, and it ends with the process that holds
it. Backups don't exclude each other. Nobody waits: whoever comes second is refused with a sentence.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from billing.errors import Refused

_NUMBER = 2_026_112_201  # identifies this advisory lock in PostgreSQL


@contextmanager
def shared() -> Iterator[None]:
    """Prevent key rotation within the block. Raises Refused while keys are being rotated."""
    with _held(shared=True) as is_ours:
        if not is_ours:
            raise Refused("The keys are being changed (rotate_field_keys). Try again when that is done.")
        yield


@contextmanager
def exclusive() -> Iterator[None]:
    """Allow key rotation within the block. Raises Refused during a backup or another rotation."""
    with _held(shared=False) as is_ours:
        if not is_ours:
            raise Refused("A backup is being made, or the keys are being changed already. Try again when that is done.")
        yield


@contextmanager
def _held(*, shared: bool) -> Iterator[bool]:
    hold = {"sqlite": _held_on_the_folder, "postgresql": _held_in_the_session}[connection.vendor]
    with hold(shared) as is_ours:
        yield is_ours


@contextmanager
def _held_on_the_folder(shared: bool) -> Iterator[bool]:
    """Lock the folder of the database: it needs no extra file and does not clash with SQLite's locks on its file."""
    descriptor = os.open(_folder(), os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _locked(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing is not enough while another thread forks a process
        os.close(descriptor)


def _folder() -> Path:
    """Return the folder of the database; one in memory belongs to this process, for which its data folder stands."""
    wrapper: Any = connection
    return settings.DATA_DIR if wrapper.is_in_memory_db() else Path(wrapper.settings_dict["NAME"]).absolute().parent


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _held_in_the_session(shared: bool) -> Iterator[bool]:
    ending = "_shared" if shared else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_lock{ending}(%s)", [_NUMBER])
        is_ours: bool = cursor.fetchone()[0]
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pg_advisory_unlock{ending}(%s)", [_NUMBER])
