"""The database or Redis is started anew under load: `python -m tests.benchmarks.bench_restart [--quick]`.

Two hosts as in `bench_network`. Guests ask for pages, look invoices up and pay, and mails wait; meanwhile PostgreSQL is
started anew (fast, then as after a crash), and then Redis. Prints what guests saw, after how long all was well again,
and whether all money was booked once and each mail sent once. The stand-in bank has its rows in the same database.
"""

import os
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from tests import servers
from tests.benchmarks import report
from tests.benchmarks.bench_network import CSRF, Guest, Host, host, say
from tests.benchmarks.bench_outbox import mail_server, queue_receipt
from tests.benchmarks.bench_webhooks import bank
from tests.benchmarks.ground import ground
from tests.benchmarks.worker import wait_until

SEEING, PAYING, BEFORE, AFTER = 3, 1, 3, 9  # guests a host, and seconds of asking before and after
MAILS, QUICK_MAILS = 300, 60
_CHECKOUT = re.compile(r"/sandbox/mollie/checkout/[^/\"]+/")


@dataclass
class Seen:
    """What guests saw: when they asked, the status (0: none), how long it took, and what it said."""

    answers: list[tuple[float, int, float, str]] = field(default_factory=list)

    def ask(self, act: Callable[[], requests.Response]) -> requests.Response | None:
        began = time.monotonic()
        try:
            answer = act()
        except requests.HTTPError as error:  # a page on the way to it
            answer = error.response
        except requests.RequestException as error:
            self.answers.append((began, 0, time.monotonic() - began, type(error).__name__))
            time.sleep(0.1)
            return None
        again = f"Retry-After {answer.headers.get('Retry-After', '-')}" if answer.status_code >= 500 else ""
        said = f"{again}{', a traceback' if 'Traceback' in answer.text else ''}"
        self.answers.append((began, answer.status_code, time.monotonic() - began, said))
        return answer if answer.ok else None

    def line(self, at: float) -> str:
        bad = [one for one in self.answers if one[1] == 0 or one[1] >= 400]
        kinds = Counter((status, said) for _when, status, _took, said in bad)
        wrong = ", ".join(f"{amount} × {status} ({said})" for (status, said), amount in kinds.items()) or "none wrong"
        span = f"{bad[0][0] - at:+.1f} to {max(when + took for when, _, took, _ in bad) - at:+.1f} s" if bad else "-"
        longest = max(took for _when, _status, took, _said in self.answers)
        return f"{len(self.answers)} answers, longest {longest:.1f} s; {wrong}; wrong from {span}"


def seeing(guest: Guest, seen: Seen, until: float) -> None:
    while time.monotonic() < until:
        seen.ask(guest.see)


def looking_up(one: Host, invoices: Iterable[Any], seen: Seen, until: float) -> None:
    for invoice in invoices:
        if time.monotonic() > until:
            return
        seen.ask(lambda: Guest(one.url, invoice).look_up())  # noqa: B023


def pay(checkout: str) -> requests.Response:
    """Pay at the stand-in bank; the page that it leads back to is not opened."""
    with requests.Session() as browser:
        page = browser.get(checkout, timeout=60)
        page.raise_for_status()
        token = CSRF.search(page.text)
        fields = {"choice": "pay", "csrfmiddlewaretoken": token[1] if token else ""}
        return browser.post(checkout, data=fields, timeout=60, allow_redirects=False)


def paying(one: Host, at_bank: str, invoices: Iterable[Any], seen: Seen, until: float) -> None:
    """Look up, start a payment and pay at the bank, one invoice after the other; who meets a fault goes on."""
    for invoice in invoices:
        if time.monotonic() > until:
            return

        def start() -> requests.Response:
            guest = Guest(one.url, invoice)  # noqa: B023
            guest.look_up().raise_for_status()
            page = guest.see()
            page.raise_for_status()
            return guest.submit(page, f"{guest.page}betalen/")

        page = seen.ask(start)
        found = _CHECKOUT.search(page.text) if page else None
        if found:
            seen.ask(lambda: pay(at_bank + found[0]))  # noqa: B023


class PostgreSQL:
    """The cluster of `ground`, which can be started anew."""

    def __init__(self, stack: ExitStack) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            self.folder = Path(cursor.fetchone()[0])
            cursor.execute(f"ALTER DATABASE {connection.settings_dict['NAME']} SET synchronous_commit = on")
        connection.close()
        self._control = servers._postgresql_binaries() / "pg_ctl"
        stack.callback(lambda: self._run("stop", "-m", "fast"))

    def _run(self, act: str, *options: str) -> None:
        as_owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        log = self.folder / "restarted.log"
        command = [self._control, act, "-D", self.folder, "-w", "-l", log, *options]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, cwd="/", **as_owner)

    def restart(self, mode: str) -> None:
        self._run("restart", "-m", mode)


@contextmanager
def webhooks() -> Iterator[None]:
    """The stand-in bank tells what happened to payments."""
    from sandbox.management.commands.sandbox import dispatch

    stop = threading.Event()
    sender = threading.Thread(target=dispatch, args=[stop])
    sender.start()
    try:
        yield
    finally:
        stop.set()
        sender.join(30)


def restart_redis() -> None:
    """Kill it and start it anew at its port: what was in it is gone."""
    port = str(urlsplit(os.environ["REDIS_URL"]).port)
    found = subprocess.run(["redis-cli", "-p", port, "INFO", "server"], capture_output=True, text=True, check=True)
    os.kill(int(found.stdout.split("process_id:")[1].split()[0]), signal.SIGKILL)
    time.sleep(1)
    subprocess.Popen(["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", ""], stdout=subprocess.DEVNULL)


def settled(invoices: list[Any], taken: Callable[[], int], before: int) -> None:
    """Say what became of all money and mails, once nothing waits any more."""
    from billing.models import OutboxMessage, Payment, Posting
    from billing.models.ledger import OF_INVOICE
    from sandbox.models import Payment as BankPayment

    began, states = time.monotonic(), OutboxMessage.objects.values_list("status", flat=True)
    at_bank = BankPayment.objects.filter(status="paid").values("reference")
    open_ones = Payment.objects.filter(mollie_id__in=at_bank).exclude(status="paid")
    wait_until(lambda: not open_ones.exists(), 300)
    say("all that was paid is booked after another", f"{time.monotonic() - began:.0f} s")
    wait_until(lambda: "queued" not in states.all(), 300)
    say("all mails have left after", f"{time.monotonic() - began:.0f} s")
    time.sleep(1)
    mine = Payment.objects.filter(invoice__in=invoices, mollie_id__in=at_bank)
    booked = Posting.objects.filter(invoice__in=invoices, transaction__kind="payment", account__in=OF_INVOICE)
    paid, sums = sum(one.amount for one in mine), -sum(one.amount for one in booked)
    say("paid at the bank and booked", f"{mine.count()} payments, € {paid} and € {sums}")
    receipts = OutboxMessage.objects.filter(invoice__in=invoices, dedupe_key__startswith="receipt").count()
    say("receipts of payments", receipts)
    say("mails by state, at the mail server", f"{dict(Counter(states.all()))}, {taken() - before}")


def fault(what: str, act: Callable[[], None], hosts: list[Host], at_bank: str, ground_of: Any, mails: int) -> None:
    """Let guests ask, do `act` meanwhile, and say what they saw and what is left of it."""
    from django.db import connections

    from billing.models import OutboxMessage
    from tests import factories

    _port, taken = ground_of
    OutboxMessage.objects.all().delete()
    patient = factories.patient()
    invoices = [factories.invoice(patient=patient) for _ in range(100)]
    guests = [Guest(one.url, invoice) for one in hosts for invoice in invoices[:SEEING]]
    for guest in guests:
        guest.look_up()
    before = taken()
    for number in range(mails):
        queue_receipt(invoices[number % 50], int(time.time() * 1000) + number)
    connections.close_all()
    pages, lookups, payments = Seen(), Seen(), Seen()
    until = time.monotonic() + BEFORE + AFTER
    with ThreadPoolExecutor(16) as pool:
        began = [pool.submit(seeing, guest, pages, until) for guest in guests]
        for place, one in enumerate(hosts):
            mine = invoices[10 + 40 * place : 50 + 40 * place]
            began.append(pool.submit(looking_up, one, mine * 9, lookups, until))
            began.append(pool.submit(paying, one, at_bank, mine, payments, until))
        time.sleep(BEFORE)
        at = time.monotonic()
        act()
        say(f"{what}: it took", f"{time.monotonic() - at:.1f} s")
        for one in began:
            one.result()
    for name, seen in (("pages", pages), ("lookups", lookups), ("payments, each step", payments)):
        say(name, seen.line(at))
    ended = [(one, name) for one in hosts for name, process in one.processes.items() if process.poll() is not None]
    say("processes that ended and were started anew", ", ".join(name for _one, name in ended) or "none")
    for one, name in ended:
        one.start(name)  # as systemd does
    settled(invoices, taken, before)


def main(options: report.Options) -> None:
    mails = QUICK_MAILS if options.quick else MAILS
    port = servers.free_port()
    place = {"PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}", "TRUSTED_PROXIES": "1"}
    with ExitStack() as stack:
        served = stack.enter_context(mail_server())
        stack.enter_context(ground(postgresql=True, EMAIL_URL=f"smtp://127.0.0.1:{served[0]}", **place))
        stack.callback(bank(port))
        stack.enter_context(webhooks())
        postgresql = PostgreSQL(stack)
        hosts = [stack.enter_context(host()) for _ in range(2)]
        for one in hosts:
            one.start("web", "worker")
        hosts[1].start("beat")
        print("| what | found |\n|---|---|")  # noqa: T201
        faults = {
            "nothing": lambda: None,
            "PostgreSQL started anew, fast": lambda: postgresql.restart("fast"),
            "PostgreSQL started anew, after a crash": lambda: postgresql.restart("immediate"),
            "Redis killed and started anew": restart_redis,
        }
        for what, act in faults.items():
            fault(what, act, hosts, f"http://127.0.0.1:{port}", served, mails)


if __name__ == "__main__":
    main(report.options())
