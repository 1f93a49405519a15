"""TLS to Mollie: only a certificate that a trusted authority signed for that name is accepted."""

import ipaddress
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from cryptography import x509

from billing.channels import http, mollie
from billing.errors import GatewayUnknown
from tests.certificates import signed_by_itself


class Bank:
    """An HTTPS server that answers nothing useful, and records its requests."""

    def __init__(self, certificate: str, key: str) -> None:
        asked = self.asked = []

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_error(503)

            def log_message(self, *_: Any) -> None:
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture
def bank_of(tmp_path, settings, monkeypatch):
    """Start a bank with a certificate for a name, trusted or not; count how often the authorities are loaded."""
    reads: list[str] = []
    started: list[Bank] = []

    def start(name: x509.GeneralName, *, trusted: bool) -> tuple[Bank, list[str]]:
        certificate, key = signed_by_itself(tmp_path, name)
        bank = Bank(certificate, key)
        started.append(bank)
        settings.MOLLIE_API_URL = bank.url
        where = http.certifi.where

        def read() -> str:
            reads.append("read")
            return certificate if trusted else where()

        monkeypatch.setattr(http.certifi, "where", read)
        return bank, reads

    http._ssl_context.cache_clear()
    yield start
    http._ssl_context.cache_clear()
    for bank in started:
        bank.server.shutdown()
        bank.server.server_close()


LOCALHOST = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


def test_a_bank_with_a_good_certificate_is_asked_and_the_list_is_read_once(bank_of):
    bank, reads = bank_of(LOCALHOST, trusted=True)
    for _ in range(3):
        with pytest.raises(GatewayUnknown, match="ResponseHandlingError"):
            mollie.get_payment("tr_abcdefgh")
    assert (len(bank.asked), len(reads)) == (3, 1)


@pytest.mark.parametrize(("name", "trusted"), [(LOCALHOST, False), (x509.DNSName("bank.example"), True)])
def test_an_untrusted_certificate_and_another_name_get_no_request(bank_of, name, trusted):
    bank, _ = bank_of(name, trusted=trusted)
    with pytest.raises(GatewayUnknown, match="get: RequestError"):
        mollie.get_payment("tr_abcdefgh")
    assert bank.asked == []
