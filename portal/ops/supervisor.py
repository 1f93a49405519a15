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
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STOP_SECONDS = 20
RETURNS, RETURNS_SECONDS = 5, 600  # so often within this time a process may be started again
READY_SECONDS = 120
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def end_with_parent() -> None:
    """Ask Linux to send this process SIGTERM when its parent dies, however that came about (kill -9 too)."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


# Between us and each process, and gone once it runs. A preexec_fn would do the same, but not safely: it runs between
# fork and exec, where the locks of our threads (one reads each process) stay taken for ever.
LAUNCHER = [
    sys.executable,
    "-S",
    "-c",
    f"import ctypes, os, sys; ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, {int(signal.SIGTERM)})"
    "; os.execvp(sys.argv[1], sys.argv[1:])",
]


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
    """`commands` by name, run until somebody asks to stop or one ends that may not come back (any more)."""

    commands: Mapping[str, Sequence[str]]
    folder: Path  # where the commands run
    ready: Callable[[], bool]
    on_ready: Callable[[], object]
    returning: Collection[str] = ()  # started again when they end by themselves, within bounds
    signs: Mapping[str, str] = field(default_factory=dict)  # by name, what a process prints when it is ready
    children: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    _asked: int = 0
    _is_ready: bool = False
    _gave_sign: set[str] = field(default_factory=set)
    _returned: dict[str, list[float]] = field(default_factory=dict)

    def run(self) -> int:
        """The exit code: 0 when asked to stop, 1 when a process ended by itself and stays away."""
        for number in _STOP_SIGNALS:
            signal.signal(number, self._ask_to_stop)
        try:
            for name, command in self.commands.items():
                self._start(name, command)
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
        child = subprocess.Popen(  # noqa: S603  the commands are our own
            [*LAUNCHER, *command],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.children[name] = child
        threading.Thread(target=self._pump, args=(name, child), daemon=True).start()

    def _pump(self, name: str, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            if self.signs.get(name, "\0") in line:
                self._gave_sign.add(name)
            try:
                sys.stdout.write(f"{name:<8}| {line}")
                sys.stdout.flush()
            except OSError:  # nobody reads us any more (`make demo | head`)
                os.kill(os.getpid(), signal.SIGTERM)
                return

    def _watch(self) -> str | None:
        """Until asked to stop (None) or until a process ends and stays away: its name."""
        began = time.monotonic()
        while not self._asked:
            for name, child in list(self.children.items()):
                if child.poll() is not None and not self._bring_back(name, child):
                    return name
            if not self._is_ready and self.ready() and self._all_gave_sign(since=began):
                self._is_ready = True
                self.on_ready()
            time.sleep(0.1)
        return None

    def _all_gave_sign(self, *, since: float) -> bool:
        """Whether the processes in `signs` are ready; after the time limit a slow one is named and let be."""
        missing = sorted(self.signs.keys() - self._gave_sign)
        if missing and time.monotonic() - since > READY_SECONDS:
            self._say(f"Not ready after {READY_SECONDS} seconds: {', '.join(missing)}. Going on; see its lines above.")
            return True
        return not missing

    def _bring_back(self, name: str, child: subprocess.Popen[str]) -> bool:
        """Start again what ended by itself; False, with the reason printed, when it may not come back."""
        ended = f"{name} ended by itself (exit code {child.returncode})"
        if name not in self.returning:
            self._say(f"{ended}; the others can't go on alone.")
            return False
        now = time.monotonic()
        returned = [moment for moment in self._returned.get(name, ()) if now - moment < RETURNS_SECONDS]
        if len(returned) >= RETURNS:
            self._say(f"{ended}, after {RETURNS} new starts in {RETURNS_SECONDS // 60} minutes; ending the others.")
            return False
        self._returned[name] = [*returned, now]
        self._say(f"{ended}; starting it again ({len(returned) + 1} of {RETURNS} in {RETURNS_SECONDS // 60} minutes).")
        self._kill_group(child)
        self._start(name, self.commands[name])
        return True

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
            self._kill_group(child)
            child.wait()

    @staticmethod
    def _kill_group(child: subprocess.Popen[str]) -> None:
        """Also what a killed parent left behind."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # nobody may be reading any more
            print(text, flush=True)  # noqa: T201  this is the terminal of whoever started us
