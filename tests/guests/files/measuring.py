"""What the sanitizer makes of files, and what it takes: seconds, the greatest memory in bytes, status, result.

`python -m tests.guests.files` prints a table of all honest and hostile files.
"""

import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from guests.files import cleaning, isolated
from guests.files.sanitizer import ENVIRONMENT


class Outcome(NamedTuple):
    seconds: float
    memory: int
    status: int
    result: bytes


def measured(content: bytes) -> Outcome:
    """Measure a process of its own for one file, started as the product starts it."""
    started, memory, out = time.monotonic(), 0, bytearray()
    with tempfile.TemporaryFile() as given:
        given.write(content)
        given.seek(0)
        kind = cleaning.kind_of(content)
        assert kind
        process = subprocess.Popen(
            cleaning.command(kind),
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=isolated.ROOT,
            env=ENVIRONMENT,
        )
        assert process.stdout
        reader = threading.Thread(target=lambda pipe=process.stdout: out.extend(pipe.read()))
        reader.start()
        while process.poll() is None:  # the high-water mark of the process itself, whatever its parent holds
            memory = max(memory, _high_water(process.pid))
            if time.monotonic() - started > cleaning.MAX_SECONDS:
                process.kill()  # as cleaning.clean does
            time.sleep(0.01)
        reader.join()
        process.stdout.close()
    return Outcome(time.monotonic() - started, memory, process.returncode, bytes(out))


def _high_water(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found.group(1)) * 1024 if found else 0


def measured_with_one_start(contents: Iterable[bytes], folder: Path) -> list[Outcome]:
    """Measure each of the files, in forks of one process."""
    paths = []
    for number, content in enumerate(contents):
        path = folder / f"{number}.file"
        path.write_bytes(content)
        paths.append(f"{cleaning.kind_of(content)}={path}")
    command = [sys.executable, "-E", "-s", "-m", "tests.guests.files.one_by_one", str(cleaning.MAX_SECONDS), *paths]
    subprocess.run(command, cwd=isolated.ROOT, env=ENVIRONMENT, check=True)
    files = [Path(path.partition("=")[2]) for path in paths]
    return [
        Outcome(*json.loads(file.with_suffix(".json").read_text()), file.with_suffix(".out").read_bytes())
        for file in files
    ]


def table(outcomes: Mapping[str, Outcome]) -> str:
    """Return one line a file, the slowest first: seconds, megabytes, what became of it."""
    lines = []
    for name, (seconds, memory, status, result) in sorted(outcomes.items(), key=lambda item: -item[1].seconds):
        became = {0: f"taken, {len(result) // 1024} KB", cleaning.REFUSED: result.decode("ascii", "replace")[:40]}
        lines.append(f"{name:64} {seconds:6.2f} s {memory // 1024**2:5d} MB  {became.get(status, 'killed')}")
    return "\n".join(lines)
