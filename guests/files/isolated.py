"""Running a program of ours that opens a stranger's file, as a process of its own: the file in, an answer out."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from guests.files.sanitizer import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]


def command(program: str, *arguments: str) -> list[str]:
    """Return the command line of a program of ours: none of the user's own packages."""
    return [sys.executable, "-E", "-s", "-m", program, *arguments]


def run(call: list[str], content: bytes, *, seconds: float, most_bytes: int) -> tuple[int, bytes]:
    """Return exit status and output. The process is killed after `seconds`, or when its output is too large."""
    with (
        os.fdopen(os.memfd_create("file"), "r+b") as given,  # in memory, never on disk
        subprocess.Popen(  # noqa: S603  our own module, and its arguments are a few words
            call,
            stdin=_filled(given, content),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=ENVIRONMENT,
            start_new_session=True,  # so that one kill ends all of it
        ) as process,
    ):
        assert process.stdout is not None
        clock = threading.Timer(seconds, _kill, [process.pid])
        clock.start()
        try:
            answer = process.stdout.read(most_bytes + 1)
            if len(answer) > most_bytes:
                _kill(process.pid)
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # not reaped, so that the pid is not reused
        finally:
            clock.cancel()
            clock.join()
            _kill(process.pid)  # also any child that it left behind
    return process.returncode, answer


def _filled(file: BinaryIO, content: bytes) -> BinaryIO:
    file.write(content)
    file.seek(0)
    return file


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
