"""Making a harmless file of a stranger's, in a process of its own (see coulance/sanitizer)."""

import subprocess
import sys
from pathlib import Path

from coulance.models import Specification
from coulance.sanitizer import REFUSED

ROOT = Path(__file__).resolve().parent.parent
WALL_SECONDS = 8  # with starting up and looking around, a file takes ten at most
MOST_CLEAN_BYTES = 40 * 1024 * 1024  # a picture full of noise is bigger as PNG than it came

Kind, Reason = Specification.Kind, Specification.Reason
_MAGIC = {Kind.PDF: b"%PDF-", Kind.JPEG: b"\xff\xd8\xff", Kind.PNG: b"\x89PNG\r\n\x1a\n"}


class Unclean(Exception):
    """The file is refused, for this reason."""

    def __init__(self, reason: Specification.Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def kind_of(content: bytes) -> Specification.Kind | None:
    """What a file says it is, by its very first bytes; None for all that we do not take.

    Its name and what the browser says about it prove nothing, and bytes before the mark are a polyglot's home.
    """
    return next((kind for kind, magic in _MAGIC.items() if content.startswith(magic)), None)


def clean(content: bytes, kind: Specification.Kind) -> bytes:
    """A new file of the same kind. Raises Unclean with the reason when that can't be, or takes too much.

    A process that dies, whatever of, has refused: its file is called too complex.
    """
    try:
        done = subprocess.run(  # noqa: S603  our own module, and its argument is one of three words
            command(kind), input=content, capture_output=True, timeout=WALL_SECONDS, cwd=ROOT, env={}, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unclean(Reason.TOO_COMPLEX) from None
    if done.returncode == REFUSED:
        word = done.stderr.decode("ascii", "replace")
        raise Unclean(Reason(word) if word in Reason.values else Reason.DAMAGED)
    if done.returncode != 0 or not 0 < len(done.stdout) <= MOST_CLEAN_BYTES:
        raise Unclean(Reason.TOO_COMPLEX)
    return done.stdout


def command(kind: Specification.Kind) -> list[str]:
    """How the process is started: no environment, none of the user's own packages."""
    return [sys.executable, "-E", "-s", "-m", "coulance.sanitizer", kind.value]
