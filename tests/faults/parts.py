"""Processes that come back when they end, as under systemd, and how long that took."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.management.commands.serve import WITH_PARENT
from tests.canaries import leaks_in

ROOT = Path(__file__).resolve().parent.parent.parent
RESTARTED_AFTER_SECONDS = 0.2
READY_SECONDS = 30  # the promise: longer than this is a fault


@dataclass
class Part:
    """One process group. `works` says whether it did something since byte `place` of its log."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    works: Callable[["Part", int], bool]
    as_user: Mapping[str, Any] = field(default_factory=dict)
    pipes: bool = False
    process: "subprocess.Popen[str] | None" = None
    restarts: int = 0
    _ended_at: float | None = None

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*WITH_PARENT, *self.command],
                cwd="/" if self.as_user else ROOT,
                env=dict(self.environment),
                stdin=subprocess.PIPE if self.pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if self.pipes else log,
                stderr=log,
                text=True,
                start_new_session=True,
                **self.as_user,
            )
        self._ended_at = None

    def keep(self) -> None:
        """Start it again a moment after it ended."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        self._ended_at = self._ended_at or now
        if now - self._ended_at >= RESTARTED_AFTER_SECONDS:
            self.send(signal.SIGKILL)  # what a dead parent left behind
            self.restarts += 1
            self.start()

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def children(self) -> list[int]:
        """The processes that the main one forked."""
        assert self.process is not None
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            return [int(pid) for pid in text.split()]
        return []

    def end(self, *, by: signal.Signals = signal.SIGTERM, seconds: float = 5) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGCONT)
            process.send_signal(by)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def logged_since(self, place: int) -> str:
        if not self.log.exists():
            return ""
        with open(self.log, "rb") as log:
            log.seek(place)
            return log.read().decode(errors="replace")


class Keeper:
    """Watches over the parts in a thread of its own."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = {part.name: part for part in parts}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        for part in self.parts.values():
            part.start()
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            for part in self.parts.values():
                part.keep()

    def leaks(self) -> list[str]:
        """Where the log of a part names a person."""
        return [f"{p.name}: {leak}" for p in self.parts.values() for leak in leaks_in(p.logged_since(0).splitlines())]

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        for part in self.parts.values():
            part.end(seconds=1 if part.name != "postgres" else 10, by=signal.SIGINT)


def wait_until(look: Callable[[], Any], *, seconds: float, what: str, every: float = 0.1) -> float:
    """How long it took until `look` was true; TimeoutError with `what` after `seconds`."""
    began = time.monotonic()
    while not look():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(every)
    return time.monotonic() - began
