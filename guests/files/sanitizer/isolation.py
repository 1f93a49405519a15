"""The isolation of the process that opens an untrusted file.

First the resource limits of every Unix. Then, before the first byte of the file is read, a system call filter of Linux
(seccomp, which needs no privileges): from there on the process can read and write the files it has open, use memory
and exit. It can't open a file, connect, start a process, send a signal or raise its limits. Where the kernel or the
machine has no such filter only the limits apply; `manage.py check` says so (guests.W001).

libseccomp knows the system call numbers of each machine and writes the filter. It is called directly: the Python
binding on PyPI, pyseccomp, had its last release in 2021 and starts ldconfig twice before anything is isolated.
"""

import ctypes
import errno
import resource
from pathlib import Path

from guests.files.sanitizer import CPU_SECONDS, MEMORY_BYTES

LIBRARY = "libseccomp.so.2"
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | errno.EPERM  # SCMP_ACT_ALLOW and SCMP_ACT_ERRNO of seccomp.h
_UNKNOWN = 0x00050000 | errno.ENOSYS
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


# What starts a thread of this process, and nothing else: the same memory and signals, no namespace of its own.
_CLONE_VM, _CLONE_SIGHAND, _CLONE_THREAD = 0x100, 0x800, 0x10000
_CLONE_NAMESPACES = 0x7E020080
_THREAD_CALLS = ("set_robust_list", "rseq", "set_tid_address")
_MASKED_EQUAL = 7  # SCMP_CMP_MASKED_EQ


class _Comparison(ctypes.Structure):
    """libseccomp's `scmp_arg_cmp`: what an argument of a system call must be."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("mask", ctypes.c_uint64),
        ("wanted", ctypes.c_uint64),
    )


def apply_rlimits(*, threads: bool = False, cpu_seconds: int = CPU_SECONDS) -> None:
    """Limit memory and time from here on; allow no written file, no core dump, no new process (except by root).

    Linux counts a thread as a process, so `threads` leaves their number to the system call filter.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    if not threads:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def seccomp_available() -> bool:
    """Return whether this machine has the system call filter and the library that writes it."""
    return _libseccomp() is not None and Path("/proc/sys/kernel/seccomp/actions_avail").exists()


def install_seccomp(*, threads: bool = False) -> bool:
    """Allow nothing but the system calls above from here on; return False, with nothing changed, where unsupported.

    Whatever the process needs from a file, modules included, must be read before. `threads` also allows threads, which
    the decoder of HEIC can't do without; they inherit the filter.
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
        if threads and not _allow_threads(library, rules):
            return False
        return bool(library.seccomp_load(rules) == 0)  # it also sets no_new_privs
    finally:
        library.seccomp_release(rules)


def _allow_threads(library: ctypes.CDLL, rules: int) -> bool:
    def number(call: str) -> int:
        return int(library.seccomp_syscall_resolve_name(call.encode()))

    flags = _CLONE_VM | _CLONE_SIGHAND | _CLONE_THREAD
    is_thread = _Comparison(0, _MASKED_EQUAL, flags | _CLONE_NAMESPACES, flags)
    failed = [library.seccomp_rule_add_array(rules, _ALLOW, number(call), 0, None) for call in _THREAD_CALLS]
    failed.append(library.seccomp_rule_add_array(rules, _ALLOW, number("clone"), 1, ctypes.byref(is_thread)))
    # Its flags are behind a pointer, which a filter can't follow: the C library falls back to clone.
    failed.append(library.seccomp_rule_add_array(rules, _UNKNOWN, number("clone3"), 0, None))
    return not any(failed)


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
