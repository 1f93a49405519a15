"""Making a harmless file of a stranger's, in a process of its own (see coulance/files/sanitizer)."""

import codecs
import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import BinaryIO

from coulance.files.sanitizer import REFUSED
from coulance.models import Specification

ROOT = Path(__file__).resolve().parents[2]
WALL_SECONDS = 8  # with starting up and looking around, a file takes ten at most
MAX_CLEAN_BYTES = 40 * 1024 * 1024  # a picture full of noise is bigger as PNG than it came

Kind, Reason = Specification.Kind, Specification.Reason
_MAGIC: dict[Specification.Kind, tuple[bytes, ...]] = {
    Kind.PDF: (b"%PDF-", codecs.BOM_UTF8 + b"%PDF-"),  # some programs write a byte-order mark before everything
    Kind.JPEG: (b"\xff\xd8\xff",),
    Kind.PNG: (b"\x89PNG\r\n\x1a\n",),
}


class FileRejected(Exception):
    """The file is refused, for this reason."""

    def __init__(self, reason: Specification.Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class SanitizerError(Exception):
    """The sanitizer itself failed, so nothing is known about the file."""


def kind_of(content: bytes) -> Specification.Kind | None:
    """What a file says it is, by its very first bytes; None for all that we do not take.

    Its name and what the browser says about it prove nothing, and bytes before the mark are a polyglot's home.
    """
    return next((kind for kind, magic in _MAGIC.items() if content.startswith(magic)), None)


def clean(content: bytes, kind: Specification.Kind) -> bytes:
    """A new file of the same kind. Raises Unclean with the reason when that can't be, or takes too much.

    A process that is killed, by us or by its limits, has refused: its file is called too complex. Raises Broke when
    it ended by itself without a word about the file: that is no fault that a patient can mend.
    """
    status, answer = _answer(command(kind), content)
    if status == REFUSED:
        word = answer[:40].decode("ascii", "replace")
        raise FileRejected(Reason(word) if word in Reason.values else Reason.DAMAGED)
    if status < 0 or len(answer) > MAX_CLEAN_BYTES:
        raise FileRejected(Reason.TOO_COMPLEX)
    if status > 0 or not answer:
        raise SanitizerError(f"the sanitizer ended with status {status}")
    return answer


def _answer(call: list[str], content: bytes) -> tuple[int, bytes]:
    """(exit status, what came out); whatever of it still runs after WALL_SECONDS, or says too much, is killed."""
    with (
        os.fdopen(os.memfd_create("specification"), "r+b") as given,  # memory, never a disk
        subprocess.Popen(  # noqa: S603  our own module, and its argument is one of three words
            call,
            stdin=_filled(given, content),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={},
            start_new_session=True,  # so that one kill ends all of it
        ) as process,
    ):
        assert process.stdout is not None
        clock = threading.Timer(WALL_SECONDS, _kill, [process.pid])
        clock.start()
        try:
            answer = process.stdout.read(MAX_CLEAN_BYTES + 1)
            if len(answer) > MAX_CLEAN_BYTES:
                _kill(process.pid)
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # its number stays its own until it is reaped
        finally:
            clock.cancel()
            clock.join()
            _kill(process.pid)  # also what it left behind
    return process.returncode, answer


def _filled(file: BinaryIO, content: bytes) -> BinaryIO:
    file.write(content)
    file.seek(0)
    return file


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def command(kind: Specification.Kind) -> list[str]:
    """How the process is started: no environment, none of the user's own packages."""
    return [sys.executable, "-E", "-s", "-m", "coulance.files.sanitizer", kind.value]
