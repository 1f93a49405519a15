"""A real worker in a process of its own, for tests of what it hears and in which order."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from portal.management.commands.serve import processes

ROOT = Path(__file__).resolve().parents[3]


class Worker:
    """The worker that `serve` starts, on this folder, with this Redis or with none, and what it says."""

    def __init__(self, folder: Path, redis_url: str = "") -> None:
        kept = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DATABASE_URL")}
        self.environment = kept | {"DATA_DIR": str(folder), "SANDBOX": "1"}
        if redis_url:
            self.environment["REDIS_URL"] = redis_url
        self.lines: list[str] = []
        self.manage("migrate", "-v", "0")

    def manage(self, *words: str) -> None:
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, check=True)

    def __enter__(self) -> "Worker":
        self.process = subprocess.Popen(
            processes()["worker"], cwd=ROOT, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)

    def wait_for(self, text: str, *, times: int, seconds: float = 40) -> None:
        until = time.monotonic() + seconds
        while sum(text in line for line in self.lines) < times:
            assert self.process.poll() is None, "".join(self.lines[-30:])
            assert time.monotonic() < until, "".join(self.lines[-30:])
            time.sleep(0.1)
