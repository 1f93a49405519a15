"""The stand-in servers over real HTTP and SMTP, as the product's clients meet them."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from mollie.api.client import Client


@pytest.fixture
def mollie(sandbox: Any, settings: Any) -> Iterator[Client]:
    """The real client, pointed at the sandbox."""
    client = Client(api_endpoint=settings.MOLLIE_API_URL, timeout=(2, 8), retry=0)
    client.set_api_key(settings.MOLLIE_API_KEY)
    yield client
    if hasattr(client, "_client"):
        client._client.close()


@pytest.fixture
def request_body(sandbox: Any) -> Callable[..., dict[str, Any]]:
    """The parameters of a payment, with what a test changes; None leaves one out."""

    def build(**changes: Any) -> dict[str, Any]:
        body = {
            "amount": {"currency": "EUR", "value": "123.45"},
            "description": "2026-00123",
            "redirectUrl": f"{sandbox.url}/betaling/abc/",
            "method": "ideal",
            "locale": "nl_NL",
            "metadata": {"token": "abc"},
        } | changes
        return {name: value for name, value in body.items() if value is not None}

    return build


class Crowded(ThreadingHTTPServer):
    """A server that four dispatchers with eight calls each may reach at once."""

    request_queue_size = 64  # of 32 at once the kernel resets one in seven where five may queue, as the library has it


class Shop:
    """A receiver of webhooks that records them and gives the answers that the test sets."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.answers: list[int] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                shop.received.append({"path": self.path, "headers": dict(self.headers), "form": parse_qs(body)})
                self.send_response(shop.answers.pop(0) if shop.answers else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = Crowded(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/mollie/token/"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def ids(self) -> list[str]:
        return [call["form"]["id"][0] for call in self.received]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    receiver = Shop()
    yield receiver
    receiver.close()
