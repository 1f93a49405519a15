"""The path of a payment, timed part by part: `python -m tests.benchmarks.bench_payment [--rounds N] [--quick]`.

A web server and a worker of production, each on a host of its own, reach PostgreSQL and Redis over wires of their own
(`wire.py`), by turns without a delay and with a millisecond for a question and its answer. One payment after the other
is started, paid at the stand-in bank, told by its webhook, fetched, booked and mailed, as if the patient was at the
bank for longer than we wait between two looks. Prints median and 95th percentile of each part by the clock, and how
often it asks PostgreSQL.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import requests

from tests.benchmarks import report
from tests.benchmarks.bench_network import Guest, Host, host
from tests.benchmarks.bench_outbox import mail_server
from tests.benchmarks.bench_webhooks import bank
from tests.benchmarks.ground import ground
from tests.benchmarks.worker import wait_until
from tests.servers import free_port

DELAYS = (0.0, 0.001)
PAYMENTS = 8  # a round, with each delay by turns
QUIET_SECONDS = 0.1  # after a mail the worker still marks it
START, BANK, WEBHOOK, BOOKED, MAILED = "started", "page to the bank", "webhook", "fetched and booked", "mailed"
WORKER, WHOLE = "worker: fetched, booked and mailed", "whole path"
SHOWN = (START, BANK, WEBHOOK, BOOKED, MAILED, WORKER, WHOLE)


class Paid:
    """What the parts of one payment took, in seconds, and how often they asked PostgreSQL."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.round_trips: dict[str, int] = {}

    def part(self, name: str, at: Host, act: Callable[[], Any]) -> Any:
        """Do a part, asked of this host."""
        before, began = at.database.round_trips, time.perf_counter()
        done = act()
        self.seconds[name] = time.perf_counter() - began
        self.round_trips[name] = at.database.round_trips - before
        return done


def pay(invoice: Any, web: Host, worker: Host, taken: Callable[[], int]) -> Paid:
    """Pay an invoice, from the press of the button to the receipt at the mail server."""
    from billing.models import Payment
    from tests.billing.payments import bank as at_the_bank

    paid, guest = Paid(), Guest(web.url, invoice)
    assert guest.look_up().is_redirect
    page, mails = guest.see(), taken()
    start = paid.part(START, web, lambda: guest.submit(page, f"{guest.page}betalen/", follow=False))
    to_bank = paid.part(BANK, web, lambda: guest.session.get(f"{web.url}{start.headers['Location']}"))
    assert to_bank.status_code == 200
    payment = Payment.objects.get(invoice=invoice)
    at_the_bank.end(payment, "paid")
    Payment.objects.filter(pk=payment.pk).update(fetched_at=None)
    address, form = f"{web.url}/mollie/{payment.webhook_token}/", {"id": payment.mollie_id}
    before = worker.database.round_trips
    told = paid.part(WEBHOOK, web, lambda: requests.post(address, data=form, timeout=60))
    assert told.status_code == 200
    paid.part(BOOKED, worker, lambda: wait_until(Payment.objects.filter(pk=payment.pk, status="paid").exists))
    paid.part(MAILED, worker, lambda: wait_until(lambda: taken() > mails))
    time.sleep(QUIET_SECONDS)
    paid.seconds[WORKER] = paid.seconds[BOOKED] + paid.seconds[MAILED]
    paid.round_trips[WORKER] = worker.database.round_trips - before
    paid.seconds[WHOLE] = sum(paid.seconds[name] for name in (START, BANK, WEBHOOK, WORKER))
    paid.round_trips[WHOLE] = sum(paid.round_trips[name] for name in (START, BANK, WEBHOOK, WORKER))
    return paid


def line(what: str, found: dict[float, list[Paid]]) -> str:
    cells = [what, f"{statistics.median(one.round_trips[what] for one in found[DELAYS[-1]]):.0f}"]
    for delay in DELAYS:
        took = sorted(one.seconds[what] for one in found[delay])
        cells += [f"{1000 * statistics.median(took):.0f} ms", f"{1000 * took[int(0.95 * (len(took) - 1))]:.0f} ms"]
    return f"| {' | '.join(cells)} |"


def main(options: report.Options) -> None:
    port, found = free_port(), defaultdict[float, list[Paid]](list)
    place = {"PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}", "TRUSTED_PROXIES": "1"}
    with ExitStack() as stack:
        mail_port, taken = stack.enter_context(mail_server())
        stack.enter_context(ground(postgresql=True, EMAIL_URL=f"smtp://127.0.0.1:{mail_port}", **place))
        stack.callback(bank(port))
        from tests import factories

        web, worker = stack.enter_context(host()), stack.enter_context(host())
        web.start("web")
        worker.start("worker")
        for number in range(PAYMENTS * len(DELAYS) * (options.rounds + 1)):
            delay = DELAYS[number % len(DELAYS)]
            for wire in (web.database, web.redis, worker.database, worker.redis):
                wire.delay = delay
            paid = pay(factories.invoice(), web, worker, taken)
            if number >= PAYMENTS * len(DELAYS):  # a first round warms up
                found[delay].append(paid)
    print("| part | round trips | without delay | p95 | 1 ms | p95 |\n|---|---|---|---|---|---|")  # noqa: T201
    for what in SHOWN:
        print(line(what, found))  # noqa: T201


if __name__ == "__main__":
    main(report.options())
