"""What a test may take: a plugin of pytest that fails the one that takes longer and gives no reason."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# By processor time of the test and the processes that it ended; and by the clock, less the time in which some process
# of the machine waited for a processor, so that a busy machine fails nobody. On a quiet one nearly all tests stay
# below a tenth of both. What a fixture of several tests takes is not counted.
CPU_SECONDS = 20.0
CLOCK_SECONDS = 40.0

_taken = pytest.StashKey[tuple[float, float]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Measure the test itself."""
    cpu, clock = _cpu_seconds(), _undisturbed_seconds()
    try:
        return (yield)
    finally:
        item.stash[_taken] = _cpu_seconds() - cpu, _undisturbed_seconds() - clock


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Fail a test that passed and took more than its budget."""
    report: pytest.TestReport = yield
    if call.when == "call" and report.passed and (complaint := _over_budget(item)):
        report.outcome, report.longrepr = "failed", complaint
    return report


def _over_budget(item: pytest.Item) -> str:
    """Say how far `item` was over its budget; nothing when it was not, or when a marker names the reason."""
    cpu, clock = item.stash[_taken]
    if (cpu <= CPU_SECONDS and clock <= CLOCK_SECONDS) or item.get_closest_marker("slow_because"):
        return ""
    return (
        f"{item.nodeid} took {cpu:.1f} s of processor time and {clock:.1f} s of undisturbed waiting. It may take"
        f" {CPU_SECONDS:.0f} s and {CLOCK_SECONDS:.0f} s: make it faster, or mark it slow_because('...')."
    )


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _undisturbed_seconds() -> float:
    """Read the clock, less the seconds in which the machine had more to do than processors (all, where not told)."""
    try:
        total = Path("/proc/pressure/cpu").read_text().split("total=")[1].split()[0]
    except OSError:
        total = "0"
    return time.monotonic() - int(total) / 1_000_000
