"""What opens a stranger's file. It runs as a process of its own, with little memory and time, and knows nothing.

`python -m coulance.sanitizer pdf|jpeg|png` reads the file from standard input and writes a new one, made from what is
harmless in it, to standard output. It imports nothing of ours and no Django, and gets no environment, no keys, no
database; `walls` says what keeps it from fetching them.
"""

REFUSED = 3  # exit status: not a file but a word of coulance.models.Specification.Reason stands on standard output
MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 8


class Unacceptable(Exception):
    """This file is refused; `str()` is the reason in one word."""
