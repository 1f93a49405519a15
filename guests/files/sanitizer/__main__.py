"""The process itself: resource limits, then the parsing libraries, then the system call filter, then the file."""

import logging
import sys
import warnings
from collections.abc import Callable

from guests.files.sanitizer import KINDS, NEEDS_A_THREAD, REFUSED, Unacceptable, isolation


def main(kind: str) -> int:
    """Rewrite the file on standard input to standard output; return the exit status."""
    threads = kind in NEEDS_A_THREAD
    isolation.apply_rlimits(threads=threads)
    warnings.simplefilter("ignore")  # nobody reads what a library says about a file
    logging.disable()
    rewrite = _rewrite_for(kind)
    isolation.install_seccomp(threads=threads)
    try:
        answer, status = rewrite(sys.stdin.buffer.read()), 0
    except Unacceptable as refusal:
        answer, status = str(refusal).encode(), REFUSED
    except MemoryError:
        answer, status = b"too_complex", REFUSED
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return status


def _rewrite_for(kind: str) -> Callable[[bytes], bytes]:
    """Return the function that makes a new file of this kind, importing only the library for it."""
    if kind == "pdf":
        from guests.files.sanitizer import pdf

        return pdf.rewrite
    from guests.files.sanitizer import image

    return image.rewrite_for(kind)


def start(arguments: list[str]) -> int:
    """Run `main` for an accepted kind of file; for any other, refuse without reading standard input."""
    if len(arguments) == 1 and arguments[0] in KINDS:
        return main(arguments[0])
    sys.stderr.write(f"Not taken: {' '.join(arguments) or 'nothing'}. Say {', '.join(KINDS[:-1])} or {KINDS[-1]}.\n")
    sys.stdout.write("not_a_document")
    return REFUSED


if __name__ == "__main__":
    sys.exit(start(sys.argv[1:]))
