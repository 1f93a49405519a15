"""The program that opens untrusted files, as a process of its own with little memory and time and no secrets.

`python -m guests.files.sanitizer KIND` (one of KINDS) reads the file from standard input and writes a new one, made
of what is harmless in it, to standard output. It imports nothing else of ours and no Django, and gets no environment of
ours, no keys and no database; `isolation` keeps it from reaching them.

Exit status 0: the new file. REFUSED: the file is at fault. Any other: the sanitizer or the machine is. A signal: the
file took more than it may.
"""

import struct
import zlib

KINDS = ("pdf", "jpeg", "png", "webp", "heic", "avif", "tiff", "gif", "bmp")
NEEDS_A_THREAD = ("heic",)  # its decoder does
# One heap for all threads: each more would take 64 MB of the address space.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}
REFUSED = 3  # exit status: standard output holds a value of guests.files.row.GuestFile.Reason, not a file
MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 8

# What libraries raise on a malformed file. Any other exception is unforeseen, and no reason to refuse the file.
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
    """This file is refused; `str()` is one of the values of GuestFile.Reason."""
