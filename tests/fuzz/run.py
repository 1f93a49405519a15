"""Who sends it, in this process and through all of the middleware, and what is counted."""

import re
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field

from django.test import Client
from django.urls import reverse

from billing.models import Payment
from guests.models import Throttle
from sandbox.models import Message
from tests import factories
from tests.fuzz.requests import Generator, Request
from tests.portal.staff.staff_client import signed_in
from tests.portal.staff.test_staff_matrix import filled

SLOW_SECONDS = 1.0
NEW_WORLD_EVERY, NEW_CLIENTS_EVERY = 1_000, 100
NAMES = re.compile(r'\sname="([^"]{1,60})"')
VALUES = re.compile(r'\svalue="([^"]{1,200})"')


@dataclass
class Outcome:
    statuses: Counter[int] = field(default_factory=Counter)
    broken: dict[str, str] = field(default_factory=dict)  # one example of every place that broke
    failures: int = 0
    seconds: list[float] = field(default_factory=list)
    slow: Counter[str] = field(default_factory=Counter)

    def p99(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)] if self.seconds else 0.0


class World:
    """Rows of one practice, and browsers of everybody who has to do with them."""

    def __init__(self, mark: str) -> None:
        self.provider = factories.provider()
        self.rows = filled(self.provider, mark)
        self.invoice = factories.invoice(provider=self.provider)
        self.case = self.rows["coulancecase"]

    def right(self) -> dict[str, list[str]]:
        keys = [str(getattr(row, "pk", 1)) for row in self.rows.values()]
        payments = Payment.objects.filter(invoice__provider=self.provider)
        file = self.case.specifications.get()
        return {
            "token": [
                self.invoice.token,
                self.case.invoice.token,
                *payments.values_list("token", flat=True),
                *payments.values_list("webhook_token", flat=True),
            ],
            "link": [factories.link(self.invoice, days=3).split("/")[-2]],
            "name": [file.token],
            "object_id": keys,
            "id": keys,
            "file_id": [str(file.pk)],
            "reference": list(payments.exclude(mollie_id=None).values_list("mollie_id", flat=True)),
            "number": list(map(str, Message.objects.values_list("pk", flat=True)[:5])) or ["1"],
            "app_label": ["billing", "coulance", "auth"],
            "url": ["r/1/1/", "billing/invoice/"],
        }

    def clients(self) -> list[Client]:
        guest, reader = Client(), Client()
        for client in (guest, reader):
            client.post("/", {"reference": self.invoice.payment_reference}, REMOTE_ADDR="198.51.100.7")
            client.post("/", {"reference": self.case.invoice.payment_reference}, REMOTE_ADDR="198.51.100.8")
        code = reverse("code", args=[self.invoice.token])
        reader.post(code, {"send": "first"})
        if sent := Message.objects.order_by("-pk").first():
            reader.post(code, {"code": re.search(r"\b\d{6}\b|$", sent.text).group()})
        staff = [signed_in(factories.staff(provider=self.provider, role=role)) for role in ("clerk", "approver")]
        return [
            Client(),
            guest,
            reader,
            *staff,
            signed_in(factories.staff(role="operations")),
            Client(enforce_csrf_checks=True),
        ]


def run(*, requests: int, seed: int) -> Outcome:
    """Send so many; the same seed sends the same ones to the same rows, but for keys that are random."""
    outcome, generator = Outcome(), Generator(seed, {})
    world, clients = World("W"), []
    for number in range(requests):
        if number % NEW_WORLD_EVERY == 0 and number:
            world = World(f"W{number}")
        if number % NEW_CLIENTS_EVERY == 0:
            Throttle.objects.all().delete()
            clients = world.clients()
            for client in clients:
                client.raise_request_exception = False
            generator.right = world.right()
        client = generator.random.choice(clients)
        send(client, generator.next(), generator, outcome)
    return outcome


def send(client: Client, request: Request, generator: Generator, outcome: Outcome) -> None:
    address = f"203.0.113.{generator.random.randrange(256)}"
    began = time.monotonic()
    response = client.generic(
        request.method, request.path, request.body, request.content_type, headers=request.headers, REMOTE_ADDR=address
    )
    body = b"".join(response.streaming_content) if response.streaming else response.content
    took = time.monotonic() - began
    response.close()
    outcome.statuses[response.status_code] += 1
    outcome.seconds.append(took)
    place = f"{request.method} {request.path.split('?')[0][:80]}"
    if took > SLOW_SECONDS:
        outcome.slow[place] += 1
    if response.status_code >= 500:
        outcome.failures += 1
        error = getattr(response, "exc_info", None)
        where = "".join(traceback.format_exception(*error)[-3:]) if error else str(response.status_code)
        outcome.broken.setdefault(where, f"{place}\n{request}")
    elif response.get("Content-Type", "").startswith("text/html"):
        text = body.decode(errors="replace")
        generator.learn(NAMES.findall(text), VALUES.findall(text))
