"""`python -m tests.fuzz --requests 50000 --seed 1 [--servers]`: exit 1 when anything answered 5xx.

`--servers`: on PostgreSQL and Redis, which it starts; PostgreSQL refuses text that SQLite takes.
"""
# ruff: noqa: T201, E402  it is a program for a terminal; the environment is set before anything of Django is read

import argparse
import atexit
import logging
import sys

from tests import environment
from tests.servers import start_all

environment.prepare(servers=start_all(atexit.register) if "--servers" in sys.argv else {})

import django

django.setup()

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import call_command
from django.db import connection
from django.test.testcases import LiveServerThread, _StaticFilesHandler
from django.test.utils import override_settings, setup_test_environment

from tests.fuzz.run import run


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=50_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--servers", action="store_true")
    chosen = options.parse_args()
    logging.disable(logging.CRITICAL)
    PBKDF2PasswordHasher.iterations = 1_000
    setup_test_environment()
    call_command("migrate", verbosity=0)
    bank = LiveServerThread("127.0.0.1", _StaticFilesHandler)
    bank.daemon = True
    bank.start()
    bank.is_ready.wait()
    url = f"http://127.0.0.1:{bank.port}"
    stand_ins = {"MOLLIE_API_URL": f"{url}/sandbox/mollie", "SMS_API_URL": f"{url}/sandbox/sms/v1/messages"}
    with override_settings(PUBLIC_URL=url, CSRF_TRUSTED_ORIGINS=[url], **stand_ins):
        outcome = run(requests=chosen.requests, seed=chosen.seed)
    bank.terminate()
    connection.close()
    print(
        f"{chosen.requests} requests with seed {chosen.seed}: {outcome.failures} answered 5xx", dict(outcome.statuses)
    )
    print(f"p99 {outcome.p99() * 1000:.0f} ms, {outcome.slow.total()} took more than a second")
    print("\n".join(f"  {count} × {place}" for place, count in outcome.slow.most_common(20)))
    for where, example in outcome.broken.items():
        print(f"\n--- {where}\n{example[:1500]}")
    return bool(outcome.failures)


if __name__ == "__main__":
    raise SystemExit(main())
