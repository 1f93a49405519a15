"""A backup and a change of keys never run at once: the copy would name documents that are gone when their turn comes.

The lock lies where the database does, so whoever shares the database shares it, and it ends with the process that
holds it. Backups don't wait for each other; nobody waits at all: who comes second is refused with a sentence.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from billing.errors import Refused

_NUMBER = 2_026_112_201  # by which PostgreSQL knows this lock; ours alone


@contextmanager
def shared() -> Iterator[None]:
    """Every sealed value stays sealed with the key that it has. Raises Refused while keys are being changed."""
    with _held(shared=True) as is_ours:
        if not is_ours:
            raise Refused("The keys are being changed (rotate_field_keys). Try again when that is done.")
        yield


@contextmanager
def exclusive() -> Iterator[None]:
    """What is sealed may be sealed again. Raises Refused while somebody keeps it, or changes it already."""
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
    """Of the database: no file has to be made, and SQLite's own locks (on the file itself) are another kind."""
    descriptor = os.open(Path(connection.settings_dict["NAME"]).absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield _locked(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing is not enough while a process is being started beside us
        os.close(descriptor)


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
