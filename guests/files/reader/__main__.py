"""The process itself: resource limits, then the libraries, then the system call filter, then the file."""

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

from guests.files.reader import CPU_SECONDS, KINDS
from guests.files.sanitizer import BROKEN_FILE, REFUSED, isolation


def main(kind: str) -> int:
    """Write the words of the file on standard input to standard output; return the exit status."""
    os.environ["OMP_THREAD_LIMIT"] = "1"  # once isolated, the process can start no thread
    isolation.apply_rlimits(cpu_seconds=CPU_SECONDS)
    warnings.simplefilter("ignore")
    logging.disable()
    read = _reader_of(kind)
    isolation.install_seccomp()
    try:
        answer = json.dumps(read(sys.stdin.buffer.read()))
    except (*BROKEN_FILE, MemoryError):
        return REFUSED
    sys.stdout.buffer.write(answer.encode())
    sys.stdout.buffer.flush()
    return 0


def _reader_of(kind: str) -> Callable[[bytes], Any]:
    """Return the function that finds the words, importing only the library for it."""
    if kind == "text":
        from guests.files.reader import text

        return text.pages
    from guests.files.reader import letters

    return letters.prepared()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 and sys.argv[1] in KINDS else REFUSED)
