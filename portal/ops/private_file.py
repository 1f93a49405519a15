"""A file that is written completely or not at all, that only its owner can read, and that replaces no other file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from billing.errors import Refused


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write to; it appears at `path` (mode 0600) once the block ends without error. Raises Refused."""
    taken = Refused(f"{path} exists already, and nothing is ever written over it.")
    if path.exists():
        raise taken
    if not path.parent.is_dir():
        raise Refused(f"The folder {path.parent} does not exist.")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.link(part, path)  # unlike a rename it never replaces a file created meanwhile
    except FileExistsError:
        raise taken from None
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
