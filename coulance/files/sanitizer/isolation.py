"""The walls around the process that opens a stranger's file.

First the limits that every Unix has. Then, before the first byte of the file is read, Linux is asked for a filter of
system calls (seccomp, which needs no privileges): from there on the process can read and write what it holds, use
memory and end. It can open no file, make no connection, start no process, signal nobody, and raise none of its limits.
Where the kernel or the machine knows no such filter only the limits stand; `manage.py check` says so (coulance.W001).
"""

import ctypes
import os
import resource
import struct
import sys
from pathlib import Path

from coulance.files.sanitizer import CPU_SECONDS, MEMORY_BYTES

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_ALLOW, _DENY = 0x7FFF0000, 0x00050001  # let it happen; answer EPERM
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER_AT, _MACHINE_AT = 0, 4  # in the kernel's struct seccomp_data
# AUDIT_ARCH_… of linux/audit.h, and the numbers of the calls below in that machine's table.
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_CALLS = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "futex": (202, 98),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "membarrier": (324, 283),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getrusage": (98, 165),
    "gettimeofday": (96, 169),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "getrandom": (318, 278),
    "exit": (60, 93),
    "exit_group": (231, 94),
}


def limit() -> None:
    """From here on: little memory and time, no file written, no core dump, no process started (but by root)."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def can_close() -> bool:
    """Whether this machine has the filter of system calls."""
    known = os.uname().machine in _MACHINES and sys.maxsize > 2**32
    return known and Path("/proc/sys/kernel/seccomp/actions_avail").exists()


def close() -> bool:
    """From here on: nothing but the calls above. False when the kernel refuses; then only the limits stand.

    Whatever the process needs from a file (modules!) must be read before.
    """
    if os.uname().machine not in _MACHINES or sys.maxsize <= 2**32:
        return False
    libc = ctypes.CDLL(None)
    program = ctypes.create_string_buffer(_filter())
    # struct sock_fprog: how many instructions, and where they are
    place = ctypes.create_string_buffer(struct.pack("HL", len(program) // 8, ctypes.addressof(program)))
    nothing = ctypes.c_ulong(0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), nothing, nothing, nothing):
        return False
    return not libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), place, nothing, nothing)


def _filter() -> bytes:
    """The filter as the kernel's little program: another machine's call or one that is not listed is denied."""
    machine, column = _MACHINES[os.uname().machine]
    numbers = [call[column] for call in _CALLS.values()]
    count = len(numbers)
    program = [(_LOAD, 0, 0, _MACHINE_AT), (_EQUAL, 0, count + 1, machine), (_LOAD, 0, 0, _NUMBER_AT)]
    program += [(_EQUAL, count - index, 0, number) for index, number in enumerate(numbers)]
    program += [(_RETURN, 0, 0, _DENY), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)
