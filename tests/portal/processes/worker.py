"""A real worker in a process of its own, for tests of what it hears and in which order."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from django.test import override_settings

from portal.management.commands.serve import processes
from tests.migrated import put_migrated

ROOT = Path(__file__).resolve().parents[3]


class Worker:
    """The worker that `serve` starts, on this folder, with this Redis or with none, and what it says.

    `parts`: others of its processes beside it.
    """

    def __init__(self, folder: Path, redis_url: str = "", *, parts: tuple[str, ...] = (), **environment: str) -> None:
        self.parts, self.redis_url = ("worker", *parts), redis_url
        kept = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "DATABASE_URL")}
        told = {"DJANGO_SETTINGS_MODULE": "tests.settings", "TASK_LOGS": "1"}
        self.environment = kept | told | {"DATA_DIR": str(folder), "SANDBOX": "1"} | environment
        if redis_url:
            self.environment["REDIS_URL"] = redis_url
        self.lines: list[str] = []
        put_migrated(folder)

    def manage(self, *words: str) -> None:
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, check=True)

    def __enter__(self) -> "Worker":
        with override_settings(REDIS_URL=self.redis_url):
            commands = processes()
        self.processes = [self._start(commands[part]) for part in self.parts]
        return self

    def _start(self, command: list[str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        threading.Thread(target=lambda: self.lines.extend(process.stdout), daemon=True).start()
        return process

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(40)

    def wait_for(self, text: str, *, times: int, seconds: float = 40) -> None:
        until = time.monotonic() + seconds
        while sum(text in line for line in self.lines) < times:
            assert not any(process.poll() for process in self.processes), "".join(self.lines[-30:])
            assert time.monotonic() < until, "".join(self.lines[-30:])
            time.sleep(0.1)
