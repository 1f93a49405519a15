"""What a stranger's file would try, had it taken over the process: `python -m tests.guests.files.attempts yes|no`.

It prints which attempts to reach out are not stopped, with system calls filtered or not.
"""

import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

from guests.files.sanitizer import isolation


def fork() -> None:
    if not os.fork():
        os._exit(0)


ATTEMPTS = {
    "open": lambda: Path("/etc/passwd").read_bytes(),
    "list": lambda: os.listdir("/"),
    "remove": lambda: os.unlink("/nothing-here"),
    "keep": lambda: os.memfd_create("kept"),
    "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
    "fork": fork,
    "start": lambda: subprocess.run(["/bin/true"], check=True),
    "become": lambda: os.execv("/bin/nothing-here", ["nothing"]),  # noqa: S606
    "signal": lambda: os.kill(os.getppid(), 0),
    "unlimit": lambda: resource.setrlimit(resource.RLIMIT_CPU, resource.getrlimit(resource.RLIMIT_CPU)),
}


def is_stopped(name: str) -> bool:
    try:
        ATTEMPTS[name]()
    except (PermissionError, ValueError):
        return True
    except OSError:
        return False  # it was let through, and failed by itself
    return False


if __name__ == "__main__":
    if sys.argv[1] == "yes" and not isolation.install_seccomp():
        sys.exit("this machine has no such filter")
    print(*[name for name in ATTEMPTS if not is_stopped(name)])  # noqa: T201
