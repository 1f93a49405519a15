"""`python -m tests.portal.sqlite3.writers SECONDS`: five threads that write; prints seconds and refusals."""
# ruff: noqa: T201, E402  it is a program for a terminal; Django is set up before anything of it is read

import json
import os
import sys
import threading
import time

import django

django.setup()

from django.db import OperationalError, transaction
from django.utils import timezone

from billing import audit
from guests import throttle

THREADS = 5
LIMIT = throttle.Limit("writers", 1_000_000, 60)


def command(number: int) -> None:
    """Write two rows in a transaction with a little thought between them, or one row in a statement of its own."""
    if number % 2:
        throttle.take(LIMIT, f"{os.getpid()}.{number}", now=timezone.now())
        return
    with transaction.atomic():
        audit.record("code_sent", by="patient")
        time.sleep(0.003)
        audit.record("code_right", by="patient")


def main() -> None:
    took: list[float] = []
    refused: list[str] = []
    until = time.monotonic() + float(sys.argv[1])

    def write(first: int) -> None:
        number = first * 1_000_000
        while time.monotonic() < until:
            number += 1
            began = time.monotonic()
            try:
                command(number)
            except OperationalError as error:
                refused.append(str(error))
            took.append(time.monotonic() - began)

    threads = [threading.Thread(target=write, args=[i]) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps([took, refused]))


if __name__ == "__main__":
    main()
