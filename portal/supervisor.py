"""Running several processes as one: started together, logged with a prefix, ended together."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STOP_SECONDS = 20
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def end_with_parent() -> None:
    """Ask Linux to send this process SIGTERM when its parent dies, however that came about (kill -9 too)."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def port_is_free(port: int) -> bool:
    """Whether a server may listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass
class Supervisor:
    """`commands` by name, run until one of them ends or somebody asks to stop."""

    commands: Mapping[str, Sequence[str]]
    folder: Path  # where the commands run
    ready: Callable[[], bool]
    on_ready: Callable[[], object]
    children: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    _asked: int = 0
    _is_ready: bool = False

    def run(self) -> int:
        """The exit code: 0 when asked to stop, 1 when a process ended by itself."""
        for number in _STOP_SIGNALS:
            signal.signal(number, self._ask_to_stop)
        try:
            for name, command in self.commands.items():
                self._start(name, command)
            # Only now: to fork while threads run is what preexec_fn must not meet.
            for name, child in self.children.items():
                threading.Thread(target=self._pump, args=(name, child), daemon=True).start()
            ended = self._watch()
        finally:
            self._end_all()
        self._say("Stopped.")
        return 1 if ended else 0

    def _ask_to_stop(self, *_: Any) -> None:
        self._asked += 1

    def _start(self, name: str, command: Sequence[str]) -> None:
        # A session of its own: Ctrl-C in the terminal reaches only us, and we end each main process. To signal
        # a whole group would kill Celery's pool under its hands and leave the worker waiting for it.
        self.children[name] = subprocess.Popen(  # noqa: S603  the commands are our own
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=end_with_parent,
        )

    def _pump(self, name: str, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            try:
                sys.stdout.write(f"{name:<8}| {line}")
                sys.stdout.flush()
            except OSError:  # nobody reads us any more (`make demo | head`)
                os.kill(os.getpid(), signal.SIGTERM)
                return

    def _watch(self) -> str | None:
        """Until asked to stop (None) or until a process ends: its name."""
        while not self._asked:
            for name, child in self.children.items():
                if child.poll() is not None:
                    self._say(f"{name} ended by itself (exit code {child.returncode}); the others can't go on alone.")
                    return name
            if not self._is_ready and self.ready():
                self._is_ready = True
                self.on_ready()
            time.sleep(0.1)
        return None

    def _end_all(self) -> None:
        """SIGTERM to the main processes; what is left after the time limit, or a second Ctrl-C, is killed."""
        self._say("Stopping …")
        asked = self._asked
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        until = time.monotonic() + STOP_SECONDS
        while any(child.poll() is None for child in self.children.values()):
            if time.monotonic() > until or self._asked > max(asked, 1):
                break
            time.sleep(0.05)
        for child in self.children.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # the group: also what a killed parent left behind
            child.wait()

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # nobody may be reading any more
            print(text, flush=True)  # noqa: T201  this is the terminal of whoever started us
