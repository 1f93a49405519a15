"""The product as it stands in production, and a bank beside it: who runs, with which settings, and what they keep."""

import contextlib
import glob
import json
import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import requests

from portal.environment import VARIABLES
from tests.faults.moments import FOLDER as CLOCK_FOLDER
from tests.faults.moments import Clock
from tests.faults.parts import READY_SECONDS, ROOT, Keeper, Part, wait_until
from tests.journeys.product import two_free_ports
from tests.servers import free_port

PYTHON = sys.executable
START_SECONDS = 90
DESK_SECONDS = 40
OWNER = "zorgrekening"


class Outage(Exception):
    """A part did not answer as it does when all is well: whoever asked tries again."""


def clean_environment(folder: Path, port: int, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    for name in ("PYTEST_CURRENT_TEST", "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"):
        kept.pop(name, None)
    return (
        kept
        | {
            "SANDBOX": "1",
            "ENV_FILE": "",
            "PORT": str(port),
            "DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "tests.settings",  # static files as they lie in the tree
            "FAULTS_CLOCK": str(folder.parent / "clock"),
            "PYTHONPATH": str(CLOCK_FOLDER),
        }
        | more
    )


def _any_line(part: Part, place: int) -> bool:
    return bool(part.logged_since(place))


def _desk_works(part: Part, place: int) -> bool:
    return "ready" in part.logged_since(place)


def _worker_works(part: Part, place: int) -> bool:
    return " succeeded in " in part.logged_since(place)


def _beat_works(part: Part, place: int) -> bool:
    return "Sending due task" in part.logged_since(place)


class Servers:
    """PostgreSQL and Redis for a whole run; each batch has a database of its own in them.

    Unlike the suite's own cluster this one may lose nothing that it said was committed: it is killed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.redis_port = free_port(), free_port()
        self._binaries = Path(max(glob.glob("/usr/lib/postgresql/*/bin/initdb"))).parent
        self._as_owner: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as_owner = {"user": "postgres", "group": "postgres", "extra_groups": []}
        self._make_cluster()
        self.keeper = Keeper(self._parts())

    def _make_cluster(self) -> None:
        data = self.folder / "postgresql"
        data.mkdir(mode=0o700)
        if self._as_owner:
            os.chown(data, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)
        subprocess.run(
            [self._binaries / "initdb", "-D", data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **self._as_owner,
        )  # fmt: skip

    def _parts(self) -> list[Part]:
        data = self.folder / "postgresql"
        # fsync only matters when the machine itself loses power; a killed server must keep what it confirmed.
        options = f"-p {self.port} -h 127.0.0.1 -k {data} -c fsync=off -c max_connections=200"
        options += " -c log_min_error_statement=panic -c log_error_verbosity=terse"  # as deployed
        environment = {"PATH": os.environ["PATH"]}
        postgres = Part(
            "postgres", [str(self._binaries / "postgres"), "-D", str(data), *options.split()], environment,
            self.folder / "postgres.log", lambda *_: self.postgres_answers(), as_user=self._as_owner,
        )  # fmt: skip
        options = f"--port {self.redis_port} --bind 127.0.0.1 --dir {self.folder}"
        redis = Part(
            "redis", ["redis-server", *options.split(), "--save", ""], environment, self.folder / "redis.log", _any_line
        )
        return [postgres, redis]

    def url(self, database: str) -> str:
        return f"postgres://{OWNER}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def postgres_answers(self) -> bool:
        with contextlib.suppress(psycopg.Error):
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            return True
        return False


class Site:
    """One set of processes for one batch of histories, in a folder of its own."""

    def __init__(
        self, folder: Path, *, template: Path, servers: Servers | None, worker_app: str = "tests.faults.timetable"
    ):
        self.folder, self.servers, self._worker_app = folder, servers, worker_app
        self.port, self.bank_port = two_free_ports(), two_free_ports()
        self.url, self.bank_url = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.bank_port}"
        self.clock = Clock(folder / "clock")
        self._data, self._bank_data = folder / "portal", folder / "bank"
        for data in (self._data, self._bank_data):
            data.mkdir()
            shutil.copy(template, data / "zorgrekening.sqlite3")
        self.environment = self._environment()
        self.database = ""
        if servers:
            self.database = f"batch_{folder.name}".replace("-", "_")
            servers.run(f"CREATE DATABASE {self.database} TEMPLATE template_portal")
            self.environment["DATABASE_URL"] = servers.url(self.database)
            self.environment["REDIS_URL"] = f"redis://127.0.0.1:{servers.redis_port}/0"
        self.is_closing = False
        self._desk_lock = threading.Lock()
        self.keeper = Keeper(self._parts())

    def _environment(self) -> dict[str, str]:
        return clean_environment(
            self._data,
            self.port,
            MOLLIE_API_KEY="test_" + "s" * 30,
            MOLLIE_API_URL=f"{self.bank_url}/sandbox/mollie",
            SMS_API_KEY="sandbox",
            SMS_API_URL=f"{self.bank_url}/sandbox/sms/v1/messages",
            EMAIL_URL=f"smtp://127.0.0.1:{self.bank_port + 1}",
        )

    def _parts(self) -> list[Part]:
        gunicorn = [PYTHON, "-m", "gunicorn", "--config", "python:portal.serving", "portal.wsgi:application"]
        celery = [PYTHON, "-m", "celery", "-A"]
        pool = ["--loglevel", "INFO", "--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle"]
        bank = clean_environment(self._bank_data, self.bank_port)
        log = self.folder
        parts = [
            Part("bank", [*gunicorn, "--workers", "1", "--threads", "12"], bank, log / "bank.log", _any_line),
            Part("tills", [PYTHON, "manage.py", "sandbox"], bank, log / "tills.log", _any_line),
            Part("web", gunicorn, self.environment, log / "web.log", lambda *_: self.web_is_ready()),
            Part(
                "desk",
                [PYTHON, "-m", "tests.faults.desk"],
                self.environment,
                log / "desk.log",
                _desk_works,
                pipes=True,
            ),
        ]
        for number in "12":
            command = [*celery, self._worker_app, "worker", *pool, "-n", f"worker{number}@%h"]
            parts.append(Part(f"worker{number}", command, self.environment, log / f"worker{number}.log", _worker_works))
            if self.servers:  # without Redis each worker runs the timetable itself
                command = [*celery, "tests.faults.timetable", "beat", "--loglevel", "INFO"]
                command += ["--schedule", str(self._data / f"beat{number}")]
                parts.append(Part(f"beat{number}", command, self.environment, log / f"beat{number}.log", _beat_works))
        return parts

    def __enter__(self) -> "Site":
        self.keeper.start()
        try:
            for part in self.keeper.parts.values():
                wait_until(lambda part=part: part.works(part, 0), seconds=START_SECONDS, what=f"{part.name} is up")
            wait_until(self._bank_answers, seconds=START_SECONDS, what="the bank is up")
        except BaseException:
            self.keeper.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.keeper.stop()
        if self.servers:
            self.servers.run(f"DROP DATABASE {self.database} WITH (FORCE)")

    # --- asking -----------------------------------------------------------------------------------

    def web_is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def _bank_answers(self) -> bool:
        try:
            return requests.get(f"{self.bank_url}/readyz", timeout=2).ok
        except requests.RequestException:
            return False

    def set_faults(self, sections: Mapping[str, object] | None) -> None:
        """Failures of bank and mail server, see sandbox/faults.py; None clears them."""
        address = f"{self.bank_url}/sandbox/faults"
        method = "POST" if sections is not None else "DELETE"
        for _ in range(60):  # the bank itself is stopped now and then
            with contextlib.suppress(requests.RequestException):
                if requests.request(method, address, json=sections, timeout=3).ok:
                    return
            time.sleep(0.1)
        raise TimeoutError("the bank takes no orders")

    def ask_desk(self, **asked: Any) -> str:
        """What the desk refused, or nothing. Raises Outage when it died or could not do it: ask again."""
        with self._desk_lock:
            process = self.keeper.parts["desk"].process
            assert process is not None
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                while not getattr(process, "is_ready", False):
                    line = process.stdout.readline()
                    if not line:
                        raise Outage("the desk is gone")
                    process.is_ready = True  # type: ignore[attr-defined]
                process.stdin.write(json.dumps(asked) + "\n")
                process.stdin.flush()
                answer = process.stdout.readline()
            except OSError as error:
                raise Outage("the desk is gone") from error
            except ValueError as error:  # its pipe was closed
                raise Outage("the desk is gone") from error
        if not answer:
            raise Outage("the desk is gone")
        answered = json.loads(answer)
        if "failed" in answered:
            raise Outage(answered["failed"])
        return answered["refused"]

    # --- looking into what is kept ------------------------------------------------------------------

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the portal's own database, read past the product."""
        if self.servers:
            with psycopg.connect(self.servers.url(self.database), connect_timeout=5) as connection:
                return connection.execute(query).fetchall()
        return _sqlite(self._data / "zorgrekening.sqlite3", query)

    def has_document(self, stored_name: str) -> bool:
        """Whether the portal's storage holds something of this name."""
        return bool(stored_name) and (self._data / "media" / stored_name).is_file()

    def bank_rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the stand-in bank and its mail server."""
        return _sqlite(self._bank_data / "zorgrekening.sqlite3", query)


def _sqlite(path: Path, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as database:
        return database.execute(query).fetchall()


@contextlib.contextmanager
def ground(folder: Path, database: str) -> Iterator[tuple[Path, Servers | None]]:
    """What all batches of a run stand on: a migrated SQLite file to copy, and the servers when they are asked for."""
    seed = folder / "seed"
    seed.mkdir()
    Clock(folder / "clock")
    environment = clean_environment(seed, free_port())
    migrate = [PYTHON, "manage.py", "migrate", "--no-input", "-v", "0"]
    # Beside PostgreSQL only the bank keeps its tables in the file.
    subprocess.run(
        [*migrate, *(["sandbox"] if database == "postgresql" else [])], cwd=ROOT, env=environment, check=True
    )
    template = seed / "zorgrekening.sqlite3"
    _sqlite_whole(template)
    if database == "sqlite":
        yield template, None
        return
    servers = Servers(folder)
    servers.keeper.start()
    try:
        wait_until(servers.postgres_answers, seconds=READY_SECONDS, what="PostgreSQL is up")
        servers.run("CREATE DATABASE template_portal")
        environment["DATABASE_URL"] = servers.url("template_portal")
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        yield template, servers
    finally:
        servers.keeper.stop()
    assert servers.keeper.leaks() == []


def _sqlite_whole(path: Path) -> None:
    """Bring what stands in the journal into the file, so that the file can be copied."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
