"""Rewriting an uploaded file into a harmless one, in a process of its own (see guests/files/sanitizer)."""

from guests.files import isolated
from guests.files.row import GuestFile
from guests.files.sanitizer import REFUSED, kinds

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
    status, answer = isolated.run(command(kind), content, seconds=MAX_SECONDS, most_bytes=MAX_CLEAN_BYTES)
    if status == REFUSED:
        reason = answer[:40].decode("ascii", "replace")
        raise FileRejected(Reason(reason) if reason in Reason.values else Reason.DAMAGED)
    if status < 0 or len(answer) > MAX_CLEAN_BYTES:
        raise FileRejected(Reason.TOO_COMPLEX)
    if status > 0 or not answer:
        raise SanitizerError(f"the sanitizer ended with status {status}")
    return answer


def command(kind: GuestFile.Kind) -> list[str]:
    """Return the command line of the sanitizer."""
    return isolated.command("guests.files.sanitizer", kind.value)
