"""News about payments, on PostgreSQL and Redis: `python -m tests.benchmarks.bench_webhooks [--rounds N] [--quick]`.

In every round, one after the other: POSTs to a bare Django view that writes one row (the limit) and the same POSTs
to the product's webhook, which finds the payment, writes the call and enqueues a task. Then the payments are asked
about at the stand-in bank, a web server of its own without any delay: by the library alone over one connection (the
limit), and by the product: payments without any news, and payments that were just paid there, which are booked and get
a receipt. Those are new in every round.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tests.benchmarks import report
from tests.benchmarks.ground import ground
from tests.servers import free_port, wait_for_port

PAYMENTS, CALLS = 40, 300
QUICK_PAYMENTS, QUICK_CALLS = 10, 60
REPLIES = 4  # threads of the bank: more than asked at a time


def bank(port: int) -> Callable[[], object]:
    """The web server with the sandbox in it; what ends it."""
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", str(REPLIES)]
    process = subprocess.Popen([*command, "--log-level", "warning", "portal.wsgi"], env=os.environ)

    def end() -> None:
        process.terminate()
        process.wait(timeout=30)

    try:
        wait_for_port(port, process)
    except RuntimeError:
        end()
        raise
    return end


@csrf_exempt
def take_in(request: HttpRequest) -> HttpResponse:
    """The bare view: one row for what was posted."""
    from billing.models import WebhookCall

    WebhookCall.objects.create(payment_id=request.POST["payment"], mollie_id=request.POST["id"])
    return HttpResponse()


urlpatterns = [path("bare/", take_in)]


def started(amount: int) -> list[Any]:
    """Payments that are open at the bank, each of an invoice of its own."""
    from billing.payments import attempts
    from tests import factories

    patient = factories.patient()
    invoices = [factories.invoice(patient=patient) for _ in range(amount)]
    return [attempts.start_payment(one.pk, language="nl", by="patient") for one in invoices]


def intake(found: list[Any], calls: int, rounds: int) -> dict[str, list[report.Cost]]:
    from django.conf import settings
    from redis import Redis

    from billing.models import WebhookCall
    from portal.wsgi import application
    from tests.benchmarks import wsgi

    bare = wsgi.bare_application(__name__)
    asked = (found * (calls // len(found) + 1))[:calls]

    def by_bare() -> None:
        for one in asked:
            wsgi.ask(bare, "/bare/", form=f"id={one.mollie_id}&payment={one.pk}".encode())

    def by_ours() -> None:
        for one in asked:
            wsgi.ask(application, f"/mollie/{one.webhook_token}/", form=f"id={one.mollie_id}".encode())

    def cost(act: Callable[[], None]) -> report.Cost:
        WebhookCall.objects.all().delete()
        Redis.from_url(settings.REDIS_URL).flushall()
        spent = report.cost_of(act)
        assert WebhookCall.objects.count() == calls
        return spent

    return report.interleaved({"limit": lambda: cost(by_bare), "ours": lambda: cost(by_ours)}, rounds=rounds)


def asking(found: list[Any], rounds: int) -> dict[str, list[report.Cost]]:
    from django.conf import settings
    from mollie.api.client import Client

    from billing.payments import attempts

    client = Client(api_endpoint=settings.MOLLIE_API_URL)
    client.set_api_key(settings.MOLLIE_API_KEY)

    def by_library() -> None:
        for one in found:
            assert client.payments.get(one.mollie_id, embed="refunds,chargebacks")["status"] == "open"

    def by_ours() -> None:
        for one in found:
            assert attempts.sync_payment(one.pk).status == "open"

    sides = {"limit": lambda: report.cost_of(by_library), "ours": lambda: report.cost_of(by_ours)}
    return report.interleaved(sides, rounds=rounds)


def just_paid(amount: int, rounds: int) -> dict[str, list[report.Cost]]:
    """Payments that the bank says are paid: the library alone hears so, and the product books each."""
    from django.conf import settings
    from mollie.api.client import Client

    from billing.payments import attempts
    from tests.billing.payments import bank as at_the_bank

    client = Client(api_endpoint=settings.MOLLIE_API_URL)
    client.set_api_key(settings.MOLLIE_API_KEY)
    found: list[Any] = []

    def by_library() -> None:
        for one in found:
            assert client.payments.get(one.mollie_id, embed="refunds,chargebacks")["status"] == "paid"

    def by_ours() -> None:
        for one in found:
            assert attempts.sync_payment(one.pk).status == "paid"

    def with_new_ones(act: Callable[[], None]) -> report.Cost:
        found[:] = started(amount)
        for one in found:
            at_the_bank.end(one, "paid")
        return report.cost_of(act)

    sides = {"limit": lambda: with_new_ones(by_library), "ours": lambda: with_new_ones(by_ours)}
    return report.interleaved(sides, rounds=rounds)


def main(options: report.Options) -> None:
    amount, calls = (QUICK_PAYMENTS, QUICK_CALLS) if options.quick else (PAYMENTS, CALLS)
    port = free_port()
    with ground(postgresql=True, PORT=str(port), PUBLIC_URL=f"http://127.0.0.1:{port}"):
        end = bank(port)
        try:
            found = started(amount)
            taken, asked = intake(found, calls, options.rounds), asking(found, options.rounds)
            booked = just_paid(amount, options.rounds)
        finally:
            end()
    bare_view, library = (
        "a bare Django view that writes one row and enqueues nothing",
        "mollie-api-python alone, one connection",
    )
    rows = [
        report.costs("webhook", "request", calls, **report.processor(taken), limit_is=bare_view),
        report.rates("webhook", "requests", calls, **report.clock(taken), limit_is=bare_view),
    ]
    for what, spent, target in (("nothing new", asked, 0.6), ("paid, booked, with a receipt", booked, None)):
        name, clock, cpu = f"payments asked about: {what}", report.clock(spent), report.processor(spent)
        limit: dict[str, Any] = {"limit": clock["limit"], "limit_is": library, "target": target}
        rows.append(report.rates(name, "payments", amount, ours=clock["ours"], **limit))
        rows.append(report.costs(name, "payment", amount, ours=cpu["ours"], limit=cpu["limit"], limit_is=library))
    report.publish("payments", database="postgresql", rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    main(report.options())
