"""The product's web server as it ships and, on the same database, the bare one beside it."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import cast
from urllib.parse import urlencode

from tests import environment
from tests.benchmarks import load
from tests.servers import free_port, start_all, wait_for_port

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "rekening.example"
PROXY = {"Host": HOST, "X_Forwarded_Proto": "https"}
USERS = 8  # as many as the shipped server answers at a time
# How many values of its row a bare page shows. "as_many": as our invoice page does. "dense": so many that its template
# costs a third more processor time than its query in the ORM, as in the bare page that the targets were set by.
VALUES = {"as_many": 11, "dense": 47}
_AS_LONG = 12  # what a value that is shown takes, on the average
_TICKS = os.sysconf("SC_CLK_TCK")
End = Callable[[Callable[[], object]], object]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a number of requests cost: seconds by the clock, and processor seconds of the web server."""

    seconds: float
    cpu: float
    run: load.Run


class Server:
    """A process with its children, and what they have used."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], port: int, log: Path) -> None:
        self.port = port
        with log.open("wb") as output:
            self.process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=output, stderr=output)
        wait_for_port(port, self.process, seconds=60)

    def cpu(self) -> float:
        """Processor seconds until now."""
        return sum(_cpu_of(pid) for pid in _tree(self.process.pid))

    def memory(self) -> float:
        """Megabytes of the processes that answer; what they share is counted once."""
        pages = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in _tree(self.process.pid)]
        return sum(int(found[1]) for text in pages if (found := re.search(r"^Pss: +(\d+)", text, re.M))) / 1024

    def ask(self, requests: Sequence[bytes], *, expect: int, users: int = USERS) -> Spent:
        before = self.cpu()
        run = load.run(self.port, requests, users=users, expect=expect)
        return Spent(run.seconds, self.cpu() - before, run)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


class Site:
    """A database that is filled step by step, and servers on it."""

    megabytes = 0.0  # of the database after the last step

    def __init__(self, database: str, on_end: End, *, kept_in: Path | None = None) -> None:
        """`kept_in` is a folder that stays, for the next run to begin with what is there."""
        self._on_end = on_end
        if kept_in:
            kept_in.mkdir(parents=True, exist_ok=True)
            self.folder = kept_in
        else:
            folder = tempfile.TemporaryDirectory(prefix="zorgrekening-bench-")
            on_end(folder.cleanup)
            self.folder = Path(folder.name)
        servers = start_all(on_end, kept_in=kept_in) if database == "postgresql" else {}
        self.environment = environment.of_production(self.folder, host=HOST, port=free_port(), servers=servers)
        if kept_in:
            self.environment |= _same_keys(kept_in, self.environment)
        self.environment["EMAIL_URL"] = "smtp://127.0.0.1:25"  # nothing is sent
        self.environment["DJANGO_SETTINGS_MODULE"] = "portal.settings"
        self._manage("migrate", "--verbosity", "0")
        self._manage("collectstatic", "--no-input", "--verbosity", "0")

    def _manage(self, *arguments: str) -> None:
        self._python("manage.py", *arguments)

    def _python(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout

    def fill(self, upto: int) -> list[tuple[str, str]]:
        """So many invoices in all; references and tokens to ask for."""
        filled = json.loads(self._python("-m", "tests.benchmarks.volume", str(upto)))
        self.megabytes = filled["megabytes"]
        return [tuple(pair) for pair in filled["known"]]

    def ours(self, *, workers: int = 2) -> Server:
        """The web server with the settings that it ships with."""
        port = free_port()
        command = ["--config", "python:portal.serving", "--workers", str(workers), "portal.wsgi:application"]
        return self._serve("ours", command, self.environment | {"PORT": str(port)}, port)

    def bare(self, page: bytes, *, workers: int = 2) -> Server:
        """The limit: one query and a template like `page`, with each of VALUES at an address of its own.

        It logs its requests and compresses its pages as ours does: both are work that any site has.
        """
        port = free_port()
        for name, values in VALUES.items():
            (self.folder / f"{name}.html").write_bytes(_template(page, values))
        database = self.environment.get("DATABASE_URL", f"sqlite:///{self.folder}/zorgrekening.sqlite3")
        more = {"BARE_DATABASE": database, "BARE_TEMPLATES": str(self.folder)}
        command = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "4", "--keep-alive", "5"]
        command += ["--preload", "--access-logfile", "-", "--workers", str(workers)]
        command += ["tests.benchmarks.bare.pages:application"]
        kept = {name: self.environment[name] for name in ("PATH", "LANG") if name in self.environment}
        return self._serve("bare", command, kept | more, port)

    def _serve(self, name: str, command: list[str], environment: dict[str, str], port: int) -> Server:
        log = self.folder / f"{name}-{port}.log"
        try:
            server = Server([sys.executable, "-m", "gunicorn", *command], environment, port, log)
        except RuntimeError as error:
            raise RuntimeError(log.read_text()[-2000:]) from error
        self._on_end(server.stop)
        time.sleep(3)  # it warms itself when it is up
        return server


@dataclass(frozen=True, slots=True)
class Guest:
    """A browser that found the field for the payment reference, and then its invoices."""

    cookie: str
    token: str

    @classmethod
    def at(cls, server: Server) -> "Guest":
        (front,) = load.run(server.port, [load.request("GET", "/", **PROXY)], users=1, expect=200).answers
        return cls(_cookie(front.head, "csrf"), _found(rb'csrfmiddlewaretoken" value="(\w+)', front.body))

    def lookups(self, known: Sequence[tuple[str, str]], count: int) -> list[bytes]:
        """Posts of `count` references, each by a patient at home."""
        made = []
        for i, (reference, _) in enumerate(islice(cycle(known), count)):
            body = urlencode({"csrfmiddlewaretoken": self.token, "reference": reference}).encode()
            home = f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}"
            more = {"Cookie": self.cookie, "X_Forwarded_For": home, "Referer": f"https://{HOST}/"}
            made.append(load.request("POST", "/", body=body, **PROXY, **more))
        return made


def pages(looked_up: load.Run, count: int, *, guest: Guest) -> Iterator[bytes]:
    """Requests for the invoices that were just looked up, each in its own session, by the browser of `guest`."""
    opened = [
        (_found(rb"Location: (\S+)", answer.head), _cookie(answer.head, "zorgrekening")) for answer in looked_up.answers
    ]
    for path, cookie in islice(cycle(opened), count):
        yield load.request(
            "GET", path, Cookie=f"{cookie}; {guest.cookie}", X_Forwarded_For="10.0.0.1", Accept_Encoding="gzip", **PROXY
        )


def _same_keys(folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """Return the keys that `folder` was filled with, without which its sealed rows can't be read."""
    kept = folder / "keys.json"
    if not kept.exists():
        kept.write_text(json.dumps({name: environment[name] for name in ("SECRET_KEY", "FIELD_KEYS", "DIGEST_KEYS")}))
    return cast(dict[str, str], json.loads(kept.read_text()))


def _cookie(head: bytes, name: str) -> str:
    return _found(rf"Set-Cookie: (\S*{name}=[^;]+)".encode(), head)


def _found(pattern: bytes, text: bytes) -> str:
    found = re.search(pattern, text)
    assert found, (pattern, text)
    return found[1].decode()


def _template(page: bytes, values: int) -> bytes:
    """A template whose page has the text of `page`, so that it is sent and compressed as that is.

    It shows so many values of its row, two in eleven of them dates.
    """
    shown = ("number", "payment_reference", "due_on", "number", "payment_reference")
    shown = (*shown, "number", "payment_reference", "issued_on", "number", "payment_reference", "number")
    text = page.decode()
    each = len(text) // values
    parts = (
        text[i * each : (i + 1) * each - _AS_LONG] + f"{{{{ bill.{shown[i % len(shown)]} }}}}" for i in range(values)
    )
    return "".join(parts).encode()


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _tree(int(child)))]


def _cpu_of(pid: int) -> float:
    """User and system time, of threads that ended too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
