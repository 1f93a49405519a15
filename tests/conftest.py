"""The ground of every test: settings, databases, the order of a run, and a live server with the sandbox in it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from xdist.scheduler import LoadFileScheduling

from tests import environment, servers
from tests.journeys.product import Product
from tests.tables import empty_tables

ROOT = Path(__file__).resolve().parent.parent

pytest_plugins = ["tests.budget"]
_USERS_OF_THE_PRODUCT = ("tests/journeys/", "tests/portal/processes/test_served.py")
# Races for the lock of a row: SQLite has none, it lets one writer in after the other, which these two files prove in
# each run. There all others run in the long form.
_RACES = re.compile(r"test_(\w+_)?races\.py")
_RACES_ON_SQLITE = {"test_outbox_races.py", "test_import_races.py"}
# What waits for processes, clocks and browsers, by fixture or marker: it begins, so that the rest computes beside it.
_WAITING = ("product", "slow_because", "stood", "machine", "empty_place", "browser")

# How long one example takes on a busy machine says nothing about the code.
hypothesis_settings.register_profile("short", deadline=None, max_examples=30)
hypothesis_settings.register_profile("long", deadline=None, max_examples=1_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--servers", action="store_true", help="run on a PostgreSQL and a Redis that this run starts for itself"
    )
    parser.addoption("--long", action="store_true", help="run also what is marked `long`, and more examples of each")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Prepare the environment before pytest-django loads the settings."""
    hypothesis_settings.load_profile("long" if config.getoption("--long") else "short")
    first_process = not hasattr(config, "workerinput")
    started: dict[str, str] = {}
    if first_process:
        subprocess.run([sys.executable, ROOT / "bin" / "compile-translations"], check=True)
        if config.getoption("--servers"):
            started = servers.start_all(config.add_cleanup)
    folder = environment.prepare(servers=started)
    from django.conf import settings
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    # Reads the settings, which tells pytest-django that this is a Django project. Had they been read before, tests of
    # several processes would meet in one folder.
    assert folder == settings.DATA_DIR
    # As in production but for the rounds, which make every member of staff of every test cost half a second.
    PBKDF2PasswordHasher.iterations = 1_000


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let each worker read the settings for itself.

    pytest-django reads those that the environment names before a worker could make a data folder of its own: all would
    share the folder of this process, its locks and its published digests.
    """
    del os.environ["DJANGO_SETTINGS_MODULE"]


@pytest.hookimpl(optionalhook=True)  # without xdist nobody asks
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Give each worker of xdist a file at a time, and all that use the one running product to the same worker."""
    return _ByFile(config, log)


class _ByFile(LoadFileScheduling):
    # xdist's own `loadgroup` marks node ids in a way that pytest 9.1 no longer reads, and then groups nothing.
    def _split_scope(self, nodeid: str) -> str:
        return "product" if nodeid.startswith(_USERS_OF_THE_PRODUCT) else super()._split_scope(nodeid)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is for the long run, and begin with what waits longest, so that the rest computes beside it."""
    if not config.getoption("--long"):
        left_out = [item for item in items if _is_for_the_long_run(item, servers=config.getoption("--servers"))]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    first: dict[Path, int] = {}
    for item in items:
        first[item.path] = min(_place_in_the_run(item), first.get(item.path, len(_WAITING)))
    items.sort(key=lambda item: first[item.path])  # by file: inside one the order stays


def _is_for_the_long_run(item: pytest.Item, *, servers: bool) -> bool:
    """Tell whether `item` is left out of the short form: marked so, or a race that PostgreSQL runs beside it."""
    on_sqlite = not servers and "DATABASE_URL" not in os.environ
    return item.get_closest_marker("long") is not None or (on_sqlite and _is_a_race(item.path.name))


def _is_a_race(name: str) -> bool:
    return _RACES.fullmatch(name) is not None and name not in _RACES_ON_SQLITE


def _place_in_the_run(item: pytest.Item) -> int:
    names = {*getattr(item, "fixturenames", ()), *(marker.name for marker in item.iter_markers())}
    return next((place for place, name in enumerate(_WAITING) if name in names), len(_WAITING))


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
def _in_the_default_language() -> None:
    """Begin each test as a process begins: a page in English that was asked before leaves its language behind."""
    from django.utils import translation

    translation.deactivate()


@pytest.fixture(autouse=True)
def _nobody_leaks(canaries: Any) -> Iterator[None]:
    canaries.leaks.clear()
    yield
    assert canaries.leaks == []


@pytest.fixture(autouse=True)
def _nothing_published(settings: Any) -> None:
    """Begin each test without digests outside the database: its rows are gone with the test before."""
    settings.DIGESTS_FILE.unlink(missing_ok=True)


@pytest.fixture
def sandbox(live_server: Any, settings: Any) -> Iterator[Any]:
    """A live server whose stand-in bank and SMS service are the ones our own gateways call, over real HTTP."""
    settings.PUBLIC_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    settings.MOLLIE_API_URL = f"{live_server.url}/sandbox/mollie"
    settings.SMS_API_URL = f"{live_server.url}/sandbox/sms/v1/messages"
    return live_server


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    """The product as `manage.py demo` runs it, with invoices to use up."""
    with tempfile.TemporaryDirectory(prefix="zorgrekening-journeys-", ignore_cleanup_errors=True) as folder:
        product = Product(Path(folder))
        yield product
        assert product.stop() == 0, product.output[-20:]
    assert not product.tracebacks(), product.tracebacks()
    assert product.leaks() == []


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium without windows, or the one that Playwright fetched; it asks nobody anything by itself."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    installed = shutil.which("chromium-headless-shell")
    arguments = {"args": ["--no-sandbox", "--disable-gpu", "--disable-quic", *quiet]}
    return browser_type_launch_args | arguments | ({"executable_path": installed} if installed else {})


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A browser whose owner reads Dutch, Chromium's own wish is English, and has the patience of a slow machine."""
    from playwright.sync_api import expect

    expect.set_options(timeout=30_000)
    return browser_context_args | {"locale": "nl-NL"}
