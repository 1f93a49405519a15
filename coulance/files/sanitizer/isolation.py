"""The isolation of the process that opens an untrusted file.

First the resource limits of every Unix. Then, before the first byte of the file is read, a system call filter of Linux
(seccomp, which needs no privileges): from there on the process can read and write the files it has open, use memory
and exit. It can't open a file, connect, start a process, send a signal or raise its limits. Where the kernel or the
machine has no such filter only the limits apply; `manage.py check` says so (coulance.W001).

libseccomp knows the system call numbers of each machine and writes the filter. It is called directly: the Python
binding on PyPI, pyseccomp, had its last release in 2021 and starts ldconfig twice before anything is isolated.
"""

import ctypes
import errno
import resource
from pathlib import Path

from coulance.files.sanitizer import CPU_SECONDS, MEMORY_BYTES

LIBRARY = "libseccomp.so.2"
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | errno.EPERM  # SCMP_ACT_ALLOW and SCMP_ACT_ERRNO of seccomp.h
_ALLOWED_CALLS = (
    "read",
    "write",
    "close",
    "fstat",
    "newfstatat",
    "lseek",
    "mmap",
    "mprotect",
    "munmap",
    "brk",
    "mremap",
    "madvise",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "restart_syscall",
    "futex",
    "sched_yield",
    "sched_getaffinity",
    "membarrier",
    "getpid",
    "gettid",
    "getrusage",
    "gettimeofday",
    "clock_gettime",
    "clock_getres",
    "getrandom",
    "exit",
    "exit_group",
)


def apply_rlimits() -> None:
    """Limit memory and time from here on; allow no written file, no core dump, no new process (except by root)."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def seccomp_available() -> bool:
    """Return whether this machine has the system call filter and the library that writes it."""
    return _libseccomp() is not None and Path("/proc/sys/kernel/seccomp/actions_avail").exists()


def install_seccomp() -> bool:
    """Allow nothing but the system calls above from here on; return False, with nothing changed, where unsupported.

    Whatever the process needs from a file, modules included, must be read before.
    """
    library = _libseccomp()
    if library is None:
        return False
    rules = library.seccomp_init(_DENY)
    try:
        for call in _ALLOWED_CALLS:
            number = library.seccomp_syscall_resolve_name(call.encode())
            if library.seccomp_rule_add_array(rules, _ALLOW, number, 0, None):
                return False
        return bool(library.seccomp_load(rules) == 0)  # it also sets no_new_privs
    finally:
        library.seccomp_release(rules)


def _libseccomp() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_void_p,
    ]
    library.seccomp_load.argtypes = library.seccomp_release.argtypes = [ctypes.c_void_p]
    return library
