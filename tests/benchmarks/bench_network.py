"""Two hosts and one database with a network between them: `python -m tests.benchmarks.bench_network [--quick]`.

Each host is a web server and a worker of production in processes of their own; PostgreSQL and Redis are reached over a
`Wire` each, which takes a millisecond for a question and its answer. Prints how often a page and a payment ask over the
wire, what pages and mails take on one host and on two, and what happens when a worker is killed with its claims and a
host is cut off.
"""

import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.benchmarks import report
from tests.benchmarks.bench_outbox import mail_server, queue_receipt
from tests.benchmarks.bench_webhooks import bank
from tests.benchmarks.ground import ground
from tests.benchmarks.wire import Wire
from tests.benchmarks.worker import wait_until
from tests.servers import free_port, wait_for_port

DELAY, USERS, INVOICES = 0.001, 8, 40
SECONDS, QUICK_SECONDS = 10, 3  # of asking for pages
MAILS, QUICK_MAILS = 400, 40
CUT_SECONDS, QUICK_CUT_SECONDS = 30, 6
PATIENCE_SECONDS = 90  # of somebody who waits for a page
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Host:
    """A machine: the wires that it is reached by, and its processes."""

    database: Wire
    redis: Wire
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *names: str) -> None:
        """Start its processes, and wait until they serve."""
        from django.conf import settings

        end = urlsplit(os.environ["DATABASE_URL"])
        mine = {
            "DATABASE_URL": end._replace(netloc=f"{end.username}@127.0.0.1:{self.database.port}").geturl(),
            "REDIS_URL": f"redis://127.0.0.1:{self.redis.port}/0",
            "PORT": str(self.port),
        }
        commands = {
            "web": ["gunicorn", "--config", "python:portal.serving", "--workers", "2", "portal.wsgi:application"],
            "worker": "celery -A portal.celery worker --pool threads --concurrency 4 --without-gossip --without-mingle"
            f" --loglevel INFO --queues celery,mail --hostname {self.port}@%h".split(),
            "beat": ["celery", "-A", "portal.celery", "beat", "--loglevel", "INFO"],
        }
        for name in names:
            log = settings.DATA_DIR / f"{name}-{self.port}.log"
            with log.open("wb") as out:
                command = [sys.executable, "-m", *commands[name]]
                process = subprocess.Popen(command, env=os.environ | mine, stdout=out, stderr=out)
            self.processes[name] = process
            if name == "web":
                wait_for_port(self.port, process, seconds=60)
            elif name == "worker":
                wait_until(lambda: " ready." in log.read_text(), 60)  # noqa: B023

    def stop(self, *names: str) -> None:
        for name in names or [*self.processes]:
            process = self.processes.pop(name)
            process.terminate()
            process.wait(60)

    def cut(self) -> None:
        self.database.cut()
        self.redis.cut()

    def mend(self) -> None:
        self.database.mend()
        self.redis.mend()


@contextmanager
def host() -> Iterator[Host]:
    ends = [int(urlsplit(os.environ[name]).port or 0) for name in ("DATABASE_URL", "REDIS_URL")]
    with Wire(ends[0], delay=DELAY) as database, Wire(ends[1], delay=DELAY) as redis:
        one = Host(database, redis)
        try:
            yield one
        finally:
            one.mend()
            one.stop()


@dataclass
class Asked:
    """What happened to pages that were asked for, one after the other by each user."""

    answers: list[tuple[float, int, float]] = field(default_factory=list)  # when, status or 0, seconds

    def line(self, seconds: float) -> str:
        good = sorted(took for _when, status, took in self.answers if status == 200)
        bad = Counter(status for _when, status, _took in self.answers if status != 200)
        middle = f"median {1000 * statistics.median(good):.0f} ms, p95 {1000 * good[int(0.95 * len(good))]:.0f} ms, "
        longest = max(took for _when, _status, took in self.answers)
        wrong = ", ".join(f"{amount} with {status or 'no answer'}" for status, amount in bad.items()) or "none wrong"
        return f"{len(good) / seconds:.0f} a second, {middle}longest {longest:.1f} s, {wrong}"


class Guest:
    """A browser that has looked up one invoice."""

    def __init__(self, url: str, invoice: Any) -> None:
        self.session, self.page = requests.Session(), f"{url}/rekening/{invoice.token}/"
        self.session.trust_env = False
        self.session.headers["X-Forwarded-For"] = f"10.0.{invoice.pk >> 8 & 255}.{invoice.pk & 255}"
        front = self.session.get(f"{url}/", timeout=PATIENCE_SECONDS)
        front.raise_for_status()
        self._url, self._reference, self._front = url, invoice.payment_reference, front

    def look_up(self) -> requests.Response:
        return self.submit(self._front, f"{self._url}/", reference=self._reference, follow=False)

    def submit(self, page: requests.Response, url: str, *, follow: bool = True, **fields: str) -> requests.Response:
        token = CSRF.search(page.text)
        assert token, page.text[:300]
        fields["csrfmiddlewaretoken"] = token[1]
        return self.session.post(url, data=fields, timeout=PATIENCE_SECONDS, allow_redirects=follow)

    def see(self) -> requests.Response:
        return self.session.get(self.page, timeout=PATIENCE_SECONDS)


def ask(guests: list[Guest], seconds: float) -> Asked:
    """Let every guest ask for the invoice again and again."""
    asked, until = Asked(), time.monotonic() + seconds

    def user(guest: Guest) -> None:
        while (began := time.monotonic()) < until:
            try:
                status = guest.see().status_code
            except requests.RequestException:
                status = 0
                time.sleep(0.1)
            asked.answers.append((began, status, time.monotonic() - began))

    with ThreadPoolExecutor(len(guests)) as pool:
        list(pool.map(user, guests))
    return asked


def say(what: str, found: object) -> None:
    print(f"| {what} | {found} |", flush=True)  # noqa: T201


def guests_of(one: Host, invoices: list[Any]) -> list[Guest]:
    found = [Guest(one.url, invoice) for invoice in invoices]
    for guest in found:
        assert guest.look_up().is_redirect
    return found


def count_turns(one: Host, invoices: list[Any]) -> None:
    """How often each of these asks over the wire, in steady state, and what that takes by the clock."""

    def counted(act: Callable[[], object], times: int = 10) -> str:
        act()
        before, began = one.database.round_trips, time.perf_counter()
        for _ in range(times):
            act()
        trips, took = one.database.round_trips - before, time.perf_counter() - began
        return f"{trips / times:.1f} round trips, {1000 * took / times:.0f} ms"

    (guest,) = guests_of(one, invoices[:1])
    say("a page without data", counted(lambda: guest.session.get(f"{one.url}/cookies/")))
    say("an invoice page", counted(guest.see))
    waiting = iter([Guest(one.url, invoice) for invoice in invoices[1:13]])
    say("a lookup", counted(lambda: next(waiting).look_up()))
    paying = iter(guests_of(one, invoices[13:20]))

    def start() -> None:
        buyer = next(paying)
        assert buyer.submit(buyer.see(), f"{buyer.page}betalen/").status_code == 200

    say("a page seen, a payment started, and its page", counted(start, times=5))


def mails_by(invoice: Any, amount: int, taken: Callable[[], int]) -> str:
    """Queue mails, which the workers that run send as they come."""
    from django.db.models import Max

    from billing.models import OutboxMessage

    last = OutboxMessage.objects.aggregate(last=Max("pk"))["last"] or 0
    before, began = taken(), time.perf_counter()
    for number in range(last + 1, last + 1 + amount):
        queue_receipt(invoice, number)
    wait_until(lambda: taken() - before >= amount)
    took = time.perf_counter() - began
    wait_until(lambda: not OutboxMessage.objects.exclude(status="sent").exists())
    assert taken() - before == amount
    return f"{amount / took:.0f} a second"


def kill_a_worker(hosts: list[Host], invoice: Any, amount: int, taken: Callable[[], int]) -> str:
    """Kill one of two workers while both send, and count what became of the mails."""
    from billing.models import OutboxMessage

    OutboxMessage.objects.all().delete()
    before = taken()
    for number in range(amount):
        queue_receipt(invoice, 10**6 + number)
    wait_until(lambda: taken() - before >= amount // 10)
    killed = hosts[0].processes.pop("worker")
    killed.send_signal(signal.SIGKILL)
    killed.wait(30)
    states = OutboxMessage.objects.values_list("status", flat=True)
    wait_until(lambda: "queued" not in states.all())
    time.sleep(1)
    return f"{amount} mails: {dict(Counter(states.all()))}, {taken() - before} at the mail server"


def cut_off(hosts: list[Host], guests: list[list[Guest]], seconds: float) -> None:
    """Cut one host off for a while, and ask both for pages meanwhile and after."""
    whole = 2 * seconds + 4
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, some, whole) for some in guests]
        time.sleep(2)
        hosts[0].cut()
        began = time.monotonic()
        time.sleep(seconds)
        hosts[0].mend()
        mended = time.monotonic()
        found = [one.result() for one in asked]
    good = [when + took for when, status, took in found[0].answers if status == 200 and when + took > began + 1]
    say(f"the host that was cut off for {seconds} s", found[0].line(whole))
    say("it answers again after", f"{min(good) - mended:.1f} s")
    say("the other one", found[1].line(whole))


def main(options: report.Options) -> None:
    seconds = QUICK_SECONDS if options.quick else SECONDS
    mails = QUICK_MAILS if options.quick else MAILS
    port = free_port()
    place = {"PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}", "TRUSTED_PROXIES": "1"}
    with ExitStack() as stack:
        mail_port, taken = stack.enter_context(mail_server())
        stack.enter_context(ground(postgresql=True, EMAIL_URL=f"smtp://127.0.0.1:{mail_port}", **place))
        stack.callback(bank(port))
        from tests import factories

        invoices = [factories.invoice() for _ in range(INVOICES)]
        hosts = [stack.enter_context(host()) for _ in range(2)]
        for one in hosts:
            one.start("web", "worker")
        hosts[1].start("beat")
        print("| what | found |\n|---|---|")  # noqa: T201
        count_turns(hosts[0], invoices)
        half = len(invoices) // 2 + 1
        guests = [guests_of(hosts[0], invoices[half : half + USERS]), guests_of(hosts[1], invoices[-USERS:])]
        say("pages of one host", ask(guests[0], seconds).line(seconds))
        both = guests[0][: USERS // 2] + guests[1][: USERS // 2]
        say("pages of two hosts", ask(both, seconds).line(seconds))
        say("mails by two workers", mails_by(invoices[0], mails, taken))
        hosts[0].stop("worker")
        say("mails by one worker", mails_by(invoices[0], mails, taken))
        hosts[0].start("worker")
        say("one of two workers killed", kill_a_worker(hosts, invoices[0], mails, taken))
        cut_off(hosts, guests, QUICK_CUT_SECONDS if options.quick else CUT_SECONDS)


if __name__ == "__main__":
    main(report.options())
