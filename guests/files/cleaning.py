"""Rewriting an uploaded file into a harmless one, in a process of its own (see guests/files/sanitizer)."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from guests.files.row import GuestFile
from guests.files.sanitizer import ENVIRONMENT, REFUSED, kinds

ROOT = Path(__file__).resolve().parents[2]
MAX_SECONDS = 8  # of wall time; with starting and scanning a file takes ten at most
MAX_CLEAN_BYTES = 40 * 1024 * 1024  # a noisy picture is larger as a PNG than when it was uploaded

Kind, Reason = GuestFile.Kind, GuestFile.Reason


class FileRejected(Exception):
    """The file is refused, for the reason `reason`."""

    def __init__(self, reason: GuestFile.Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class SanitizerError(Exception):
    """The sanitizer itself failed, so nothing is known about the file."""


def kind_of(content: bytes) -> GuestFile.Kind | None:
    """Return the kind of a file by its first bytes; None for a kind that is not accepted."""
    found = kinds.kind_of(content)
    return Kind(found) if found else None


def clean(content: bytes, kind: GuestFile.Kind) -> bytes:
    """Return a new PDF, JPEG or PNG. Raises FileRejected with the reason when there can be none.

    A file whose process is killed, by us or by its limits, is rejected as too complex. Raises SanitizerError when the
    process ended by itself without a verdict on the file: that is nothing the patient can fix.
    """
    status, answer = _run_sanitizer(command(kind), content)
    if status == REFUSED:
        reason = answer[:40].decode("ascii", "replace")
        raise FileRejected(Reason(reason) if reason in Reason.values else Reason.DAMAGED)
    if status < 0 or len(answer) > MAX_CLEAN_BYTES:
        raise FileRejected(Reason.TOO_COMPLEX)
    if status > 0 or not answer:
        raise SanitizerError(f"the sanitizer ended with status {status}")
    return answer


def _run_sanitizer(call: list[str], content: bytes) -> tuple[int, bytes]:
    """Return exit status and output. The process is killed after MAX_SECONDS, or when its output is too large."""
    with (
        os.fdopen(os.memfd_create("file"), "r+b") as given,  # in memory, never on disk
        subprocess.Popen(  # noqa: S603  our own module, and its argument is one of a few words
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
        clock = threading.Timer(MAX_SECONDS, _kill, [process.pid])
        clock.start()
        try:
            answer = process.stdout.read(MAX_CLEAN_BYTES + 1)
            if len(answer) > MAX_CLEAN_BYTES:
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


def command(kind: GuestFile.Kind) -> list[str]:
    """Return the command line: none of the user's own packages."""
    return [sys.executable, "-E", "-s", "-m", "guests.files.sanitizer", kind.value]
