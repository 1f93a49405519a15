"""A real worker beside a benchmark, as it is started in production."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

START_SECONDS, PATIENCE = 60, 120


@contextmanager
def worker() -> Iterator[None]:
    """The worker of production, once it listens."""
    from django.conf import settings

    command = [sys.executable, "-m", "celery", "-A", "portal.celery", "worker", "--pool", "threads"]
    command += ["--concurrency", "4", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    log = settings.DATA_DIR / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_until(lambda: " ready." in log.read_text(), START_SECONDS)
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until `condition` is true. Raises AssertionError when that takes too long."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.0005)
