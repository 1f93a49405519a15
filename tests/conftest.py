"""The ground of every test: settings, databases, and a live server with the sandbox in it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from tests import environment, servers
from tests.tables import empty_tables

ROOT = Path(__file__).resolve().parent.parent

# How long one example takes on a busy machine says nothing about the code.
hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--servers", action="store_true", help="run on a PostgreSQL and a Redis that this run starts for itself"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before pytest-django loads the settings."""
    first_process = not hasattr(config, "workerinput")
    started: dict[str, str] = {}
    if first_process:
        subprocess.run([sys.executable, ROOT / "bin" / "compile-translations"], check=True)
        if config.getoption("--servers"):
            started = servers.start_all(config.add_cleanup)
    environment.prepare(servers=started)
    from django.conf import settings
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    assert settings.TESTING  # reads the settings, which tells pytest-django that this is a Django project
    # As in production but for the rounds, which make every member of staff of every test cost half a second.
    PBKDF2PasswordHasher.iterations = 1_000


@pytest.fixture(scope="session", autouse=True)
def _empty_tables_instead_of_flushing() -> None:
    """Make a transactional test leave empty tables by DELETE, and not by Django's flush.

    The flush truncates every table and then emits post_migrate, which makes all content types and permissions anew:
    ten times the work, for rows that no test changes.
    """
    from django.test import TransactionTestCase

    TransactionTestCase._fixture_teardown = lambda _self: empty_tables()


@pytest.fixture(scope="session")
def canaries() -> Any:
    """Watches the logs, URLs and written rows of everything that runs in this process."""
    from tests.canaries import Canaries

    watcher = Canaries()
    watcher.watch()
    return watcher


@pytest.fixture(autouse=True)
def _nobody_leaks(canaries: Any) -> Iterator[None]:
    canaries.leaks.clear()
    yield
    assert canaries.leaks == []


@pytest.fixture
def sandbox(live_server: Any, settings: Any) -> Iterator[Any]:
    """A live server whose stand-in bank and SMS service are the ones our own gateways call, over real HTTP."""
    settings.PUBLIC_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    settings.MOLLIE_API_URL = f"{live_server.url}/sandbox/mollie"
    settings.SMS_API_URL = f"{live_server.url}/sandbox/sms/v1/messages"
    return live_server


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium, or the one that Playwright fetched; it asks nobody anything by itself."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    installed = shutil.which("chromium")
    arguments = {"args": ["--no-sandbox", "--disable-gpu", "--disable-quic", *quiet]}
    return browser_type_launch_args | arguments | ({"executable_path": installed} if installed else {})
