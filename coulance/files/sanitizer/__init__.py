"""What opens a stranger's file. It runs as a process of its own, with little memory and time, and knows nothing.

`python -m coulance.sanitizer pdf|jpeg|png` reads the file from standard input and writes a new one, made from what is
harmless in it, to standard output. It imports nothing of ours and no Django, and gets no environment, no keys, no
database; `isolation` says what keeps it from fetching them.

Exit status 0: the new file. REFUSED: the file is at fault. Another one: the sanitizer is, or its machine. A signal: the
file took more than it may.
"""

import struct
import zlib

KINDS = ("pdf", "jpeg", "png")
REFUSED = 3  # exit status: not a file but a word of coulance.models.Specification.Reason stands on standard output
MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 8

# How libraries say that a file is not what it seems; what else they raise was foreseen by nobody, and is no refusal.
BROKEN_FILE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


class Unacceptable(Exception):
    """This file is refused; `str()` is the reason in one word."""
