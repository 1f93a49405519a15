"""What the sanitizer makes of many files: a fork with the product's own limits for each, and one start for them all.

`python -m tests.guests.files.one_by_one SECONDS kind=path …` writes beside each file what came out and a line of JSON:
seconds, the greatest memory in bytes, the exit status. Like the process that it measures it knows nothing of ours.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from guests.files.sanitizer import __main__ as sanitizer
from guests.files.sanitizer import image, pdf  # noqa: F401  read once, before the forks


def sanitize(kind: str, given: Path, seconds: int) -> tuple[float, int, int]:
    started = time.monotonic()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(seconds)  # as cleaning.clean ends it
        os.dup2(os.open(given, os.O_RDONLY), 0)
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        os.close(reading)
        code = sanitizer.main(kind)
        sys.stderr.flush()
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        given.with_suffix(".out").write_bytes(pipe.read())
    _, status, used = os.wait4(child, 0)
    return time.monotonic() - started, used.ru_maxrss * 1024, os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        kind, _, path = argument.partition("=")
        measured = sanitize(kind, Path(path), int(sys.argv[1]))
        Path(path).with_suffix(".json").write_text(json.dumps(measured))
