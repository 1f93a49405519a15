"""The product as people run it: real processes, its own folder, seen only from outside."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import requests

from portal.environment import VARIABLES
from tests.canaries import leaks_in
from tests.portal.intake import batches

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 600
STOP_SECONDS = 30


@dataclass(frozen=True)
class Bill:
    """An invoice that a test may use up."""

    number: str
    reference: str
    token: str
    email: str


class Product:
    """`manage.py demo` on a free port. `take` hands out an invoice that nobody else uses."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, two_free_ports()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output: list[str] = []
        kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        kept.pop("DJANGO_SETTINGS_MODULE", None)
        self.environment = kept | {"SANDBOX": "1", "PORT": str(self.port), "DATA_DIR": str(folder)}
        self.process = self._start()
        try:
            self._unused = self._import_bills()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ready = threading.Event()
        threading.Thread(target=self._read, args=(process, ready), daemon=True).start()
        if not ready.wait(START_SECONDS) or process.poll() is not None:
            process.terminate()
            raise RuntimeError("the product did not start:\n" + "\n".join(self.output[-50:]))
        return process

    def _read(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        for line in process.stdout or ():
            self.output.append(line.rstrip())
            if "Ctrl-C" in line:
                ready.set()
        ready.set()

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True
        )

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)

    def tracebacks(self) -> str:
        """What went wrong without anybody seeing it."""
        places = [i for i, line in enumerate(self.output) if "Traceback" in line]
        return "\n\n".join("\n".join(self.output[i - 1 : i + 40]) for i in places)

    def leaks(self) -> list[str]:
        """Where its log names a person."""
        return leaks_in(self.output)

    def take(self, language: str = "nl") -> Bill:
        return self._unused[language].pop()

    def _import_bills(self) -> dict[str, list[Bill]]:
        file = self.folder / "journeys.json"
        file.write_text(json.dumps(batch(each=30)))
        result = self.manage("import_invoices", str(file))
        assert result.returncode == 0, result.stdout + result.stderr
        found: dict[str, list[Bill]] = {"nl": [], "en": []}
        with self._database() as database:
            rows = database.execute(
                "SELECT number, payment_reference, token FROM billing_invoice WHERE number LIKE 'J-%' ORDER BY number"
            ).fetchall()
        for number, reference, token in rows:
            language = number.split("-")[1]
            found[language].append(Bill(number, reference, token, f"{number.lower()}@post.example"))
        return found

    def mails_to(self, address: str) -> list[dict[str, Any]]:
        """Everything that was delivered to `address`, newest first."""
        answer = requests.get(f"{self.url}/sandbox/inbox.json", params={"to": address}, timeout=10)
        return answer.json()

    def receipts(self, bill: Bill) -> list[dict[str, Any]]:
        return self.mails_about(bill, "receipt")

    def mails_about(self, bill: Bill, kind: str) -> list[dict[str, Any]]:
        """The delivered mails of this kind, told from others by what the outbox says they are."""
        with self._database() as database:
            rows = database.execute(
                "SELECT message_id FROM billing_outboxmessage WHERE kind = ? AND recipient = ?", [kind, bill.email]
            ).fetchall()
        ids = {message_id for (message_id,) in rows}
        return [mail for mail in self.mails_to(bill.email) if ids & {value for _name, value in mail["headers"]}]

    def receipt(self, bill: Bill) -> dict[str, Any]:
        """The one receipt, waited for."""
        return wait_for(lambda: self.receipts(bill), seconds=30)[0]

    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.folder / 'zorgrekening.sqlite3'}?mode=ro", uri=True, timeout=20)


def wait_for(look: Callable[[], Any], *, seconds: float) -> Any:
    """What `look` gives, as soon as it is true; AssertionError after `seconds`."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"waited {seconds} s in vain"
        time.sleep(0.1)
    return found


def two_free_ports() -> int:
    """A free port whose next one, where the mail server goes, is free too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def batch(*, each: int) -> dict[str, Any]:
    """Open invoices of the demo practice, `each` for patients who read Dutch and English."""
    issued = date.today() - timedelta(days=3)  # noqa: DTZ011  the day of the machine will do
    return batches.batch(*(_invoice(language, i, issued) for language in ("nl", "en") for i in range(each)))


def _invoice(language: str, i: int, issued: date) -> dict[str, Any]:
    number = f"J-{language}-{i:03d}"
    made = batches.invoice(number=number, issued_on=issued.isoformat())
    made["patient"] |= {"number": f"P-{number}", "email": f"{number.lower()}@post.example", "language": language}
    made["lines"][0] |= {"performed_on": (issued - timedelta(days=2)).isoformat(), "quantity": 2}
    return made
