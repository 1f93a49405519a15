"""The gateway against servers that answer correctly, wrongly, slowly or not at all. Real HTTP, the real library."""

import json
import logging
import platform
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from mollie.api.client import Client

from billing.channels import mollie
from billing.errors import GatewayRefused, GatewayUnknown
from sandbox import faults
from sandbox import payments as bank
from sandbox.models import Payment as BankPayment
from tests.billing.payments.bank import impatient

KEY = "test_" + "q" * 30
HEADERS = "Content-Type: application/hal+json"
ANSWER = {
    "resource": "payment",
    "id": "tr_7UhSN1zuXS",
    "mode": "test",
    "createdAt": "2026-11-16T10:00:00+00:00",
    "expiresAt": "2026-11-16T10:15:00+00:00",
    "status": "open",
    "amount": {"currency": "EUR", "value": "12.30"},
    "metadata": {"token": "abc"},
    "_links": {"checkout": {"href": "https://bank.example/pay"}},
}


class RawServer:
    """Writes exactly the given bytes at the given pace, and records what it was sent."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.answer: Callable[[socket.socket], None] = lambda _sock: None
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def says(self, status: int, body: Any, *, headers: str = HEADERS) -> None:
        text = (body if isinstance(body, str) else json.dumps(body)).encode()
        head = f"HTTP/1.1 {status} X\r\n{headers}\r\nContent-Length: {len(text)}\r\n\r\n".encode()
        self.answer = lambda sock: sock.sendall(head + text)

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=[sock], daemon=True).start()

    def _talk(self, sock: socket.socket) -> None:
        with sock:
            self.requests.append(_read_request(sock))
            try:
                self.answer(sock)
            except OSError:
                return  # the client hung up


def _read_request(sock: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")), 0)
    while len(body) < length:
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def server(settings: Any) -> Iterator[RawServer]:
    raw = RawServer()
    settings.MOLLIE_API_URL, settings.MOLLIE_API_KEY = raw.url, KEY
    yield raw
    raw.close()


def create() -> mollie.PaymentSnapshot:
    return mollie.create_payment('{"amount": "12.30"}', idempotency_key="key-1")


class TestReading:
    def test_an_answer_becomes_our_own_record(self, server):
        server.says(201, ANSWER)
        snapshot = create()
        assert snapshot == mollie.PaymentSnapshot(
            mollie_id="tr_7UhSN1zuXS",
            status="open",
            mode="test",
            amount=Decimal("12.30"),
            currency="EUR",
            token="abc",
            created_at=datetime(2026, 11, 16, 10, tzinfo=UTC),
            checkout_url="https://bank.example/pay",
            expires_at=datetime(2026, 11, 16, 10, 15, tzinfo=UTC),
        )
        with pytest.raises(FrozenInstanceError):
            snapshot.status = "paid"

    def test_refunds_and_chargebacks_come_in_the_same_call(self, server):
        created = "2026-11-17T10:00:00Z"
        euro = {"currency": "EUR", "value": "2.00"}
        embedded = {
            "refunds": [
                {"id": "re_1", "amount": euro, "status": "failed", "createdAt": created},
                {"id": "re_2", "amount": euro, "status": "brand-new", "createdAt": created},
                {"id": "re_3", "amount": euro | {"currency": "USD"}, "status": "refunded", "createdAt": created},
                {"id": "re_4", "amount": euro, "createdAt": created},
            ],
            "chargebacks": [{"id": "chb_1", "amount": euro, "createdAt": created, "reversedAt": created}],
        }
        server.says(200, ANSWER | {"status": "paid", "_embedded": embedded, "amountRefunded": euro})
        snapshot = mollie.get_payment("tr_7UhSN1zuXS")
        moment = datetime(2026, 11, 17, 10, tzinfo=UTC)
        assert snapshot.refunds == (mollie.RefundSnapshot("re_1", Decimal("2.00"), "failed", moment),)
        assert snapshot.unreadable == ("re_2: unknown status brand-new", "re_3: currency USD", "re_4: KeyError")
        assert snapshot.chargebacks == (mollie.ChargebackSnapshot("chb_1", Decimal("2.00"), moment, moment),)
        assert snapshot.amount_refunded == Decimal("2.00")
        assert len(server.requests) == 1
        assert server.requests[0].startswith(b"GET /v2/payments/tr_7UhSN1zuXS?embed=refunds")

    @pytest.mark.parametrize(
        "change",
        [
            {"id": None},
            {"id": "tr_/../x"},
            {"status": "surprise"},
            {"status": None},
            {"amount": {"currency": "EUR", "value": "12,30"}},
            {"amount": {"currency": "EUR", "value": 12.3}},
            {"amount": None},
            {"createdAt": "yesterday"},
            {"createdAt": "2026-11-16T10:00:00"},
            {"_links": {"checkout": {"href": "javascript:alert(1)"}}},
            {"_links": None},
        ],
        ids=str,
    )
    def test_an_answer_that_is_not_a_payment_leaves_it_unknown(self, server, change):
        server.says(201, ANSWER | change)
        with pytest.raises(GatewayUnknown):
            create()

    @pytest.mark.parametrize("metadata", [None, "text", [], {"token": 5}, {}])
    def test_metadata_that_is_not_ours_has_no_token(self, server, metadata):
        server.says(200, ANSWER | {"metadata": metadata})
        assert mollie.get_payment("tr_7UhSN1zuXS").token == ""


class TestFailures:
    @pytest.mark.parametrize(
        ("status", "alarm"), [(400, True), (401, True), (403, True), (404, False), (410, False), (422, False)]
    )
    def test_a_refusal_did_not_happen(self, server, status, alarm):
        server.says(status, {"status": status, "title": "No", "detail": "No", "field": "amount"})
        with pytest.raises(GatewayRefused) as refusal:
            create()
        assert refusal.value.alarm is alarm

    @pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504])
    def test_a_failure_of_theirs_may_have_happened(self, server, status):
        server.says(status, {"status": status, "title": "Oops", "detail": "Oops"}, headers="Retry-After: 1")
        with pytest.raises(GatewayUnknown):
            create()
        assert len(server.requests) == 1, "the library repeats nothing behind our back"

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (502, "<html>bad gateway</html>"),
            (500, {"status": 500}),
            (500, {"status": "500", "detail": "text"}),
            (200, "null"),
            (200, "[]"),
            (200, "{"),
            (500, "null"),
            (422, {"detail": "without a status"}),
        ],
        ids=str,
    )
    def test_any_error_of_the_library_is_unknown(self, server, status, body):
        server.says(status, body)
        with pytest.raises(GatewayUnknown):
            create()

    def test_nobody_listens(self, server):
        server.close()
        with pytest.raises(GatewayUnknown):
            create()

    def test_the_line_breaks_in_the_answer(self, server):
        server.answer = lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{")
        with pytest.raises(GatewayUnknown):
            create()

    @pytest.mark.parametrize("mollie_id", ["", "tr_", "tr_/../../methods", "re_abcdefg", "tr_abc\n", "tr_" + "a" * 65])
    def test_a_strange_id_never_reaches_the_wire(self, server, mollie_id):
        with pytest.raises(GatewayRefused):
            mollie.get_payment(mollie_id)
        assert server.requests == []

    def test_a_redirect_is_not_followed(self, server):
        server.says(302, "", headers=f"Location: {server.url}/elsewhere")
        with pytest.raises(GatewayUnknown):
            create()
        assert len(server.requests) == 1

    @pytest.mark.parametrize("part", ["head", "body"])
    def test_a_dripping_answer_is_cut_at_the_deadline(self, server, monkeypatch, part):
        monkeypatch.setattr(mollie, "TOTAL_SECONDS", 0.6)

        def drip(sock: socket.socket) -> None:
            sock.sendall(b"HTTP/1.1 200 OK\r\nX: " + (b"" if part == "head" else b"\r\nContent-Length: 900\r\n\r\n"))
            for _ in range(900):
                sock.sendall(b" ")
                time.sleep(0.05)

        server.answer = drip
        started = time.monotonic()
        with pytest.raises(GatewayUnknown):
            create()
        assert 0.5 < time.monotonic() - started < 30  # all of it takes 45

    def test_without_the_deadline_the_drip_would_hold_the_caller(self, server, monkeypatch):
        """The twin: each byte restarts the library's own read timeout."""
        monkeypatch.setattr(mollie, "READ_SECONDS", 0.3)

        def drip(sock: socket.socket) -> None:
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n")
            for _ in range(30):
                sock.sendall(b" ")
                time.sleep(0.05)

        server.answer = drip
        started = time.monotonic()
        with pytest.raises(GatewayUnknown):
            create()
        assert time.monotonic() - started > 1


class TestTheWire:
    def test_the_key_the_body_and_the_idempotency_key_go_out_as_they_are(self, server):
        server.says(201, ANSWER)
        body = json.dumps({"amount": {"currency": "EUR", "value": "1.00"}, "description": "Één · 2026-1"})
        for _ in range(2):
            mollie.create_payment(body, idempotency_key="key-1")
        first, second = server.requests
        assert first == second, "a repeat is the same to the byte"
        head, _, sent = first.partition(b"\r\n\r\n")
        assert sent == body.encode()
        assert b"Idempotency-Key: key-1" in head
        assert f"Authorization: Bearer {KEY}".encode() in head

    def test_the_name_of_this_machine_is_not_sent(self, server):
        server.says(201, ANSWER)
        create()
        assert platform.node().encode() not in server.requests[0]
        assert b"X-Mollie-Client-Info: zorgrekening\r\n" in server.requests[0]

    def test_the_machine_can_neither_replace_the_key_nor_reroute_the_call(self, server, monkeypatch, tmp_path: Path):
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login somebody password else")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        server.says(201, ANSWER)
        create()
        assert f"Bearer {KEY}".encode() in server.requests[0]

    def test_the_key_stands_in_no_log_and_no_error(self, server, settings, caplog):
        caplog.set_level(logging.DEBUG)
        secret = "nonsense" * 4
        settings.MOLLIE_API_KEY = secret
        with pytest.raises(GatewayRefused) as refusal:
            create()
        assert refusal.value.alarm
        settings.MOLLIE_API_KEY = KEY
        server.says(401, {"status": 401, "title": "Unauthorized", "detail": f"bad key {KEY}"})
        with pytest.raises(GatewayRefused) as unauthorized:
            create()
        told = caplog.text + str(refusal.value) + str(unauthorized.value)
        assert secret not in told
        assert KEY not in told

    def test_the_mode_follows_from_the_key(self, settings):
        settings.MOLLIE_API_KEY = KEY
        assert mollie.expected_mode() == "test"
        settings.MOLLIE_API_KEY = "live_abc"
        assert mollie.expected_mode() == "live"

    def test_the_private_parts_we_lean_on_are_still_there(self):
        """`_client` is private to the library: check here when upgrading it."""
        assert version("mollie-api-python") == "4.0.0"
        client = mollie.MollieClient("http://127.0.0.1:9", KEY)
        assert isinstance(client, Client)
        assert client.retry == 0
        assert client.timeout == (2, 8)
        assert client._client.trust_env is False
        assert client._client.max_redirects == 0


@pytest.mark.django_db(transaction=True)
class TestAgainstTheSandbox:
    def body(self, sandbox: Any, named: str = "abc") -> str:
        return json.dumps(
            {
                "amount": {"currency": "EUR", "value": "12.30"},
                "description": "2026-1",
                "redirectUrl": f"{sandbox.url}/terug/",
                "method": "ideal",
                "locale": "nl_NL",
                "metadata": {"token": named},
            }
        )

    def test_the_same_key_makes_one_payment_also_when_the_answer_was_lost(self, sandbox):
        faults.configure({"create": {"kind": "timeout_after_commit", "times": 1, "hang_ms": 1500}})
        with impatient(), pytest.raises(GatewayUnknown):
            mollie.create_payment(self.body(sandbox), idempotency_key="k")
        time.sleep(1.2)
        snapshot = mollie.create_payment(self.body(sandbox), idempotency_key="k")
        assert BankPayment.objects.get().reference == snapshot.mollie_id
        with pytest.raises(GatewayRefused) as other:
            mollie.create_payment(self.body(sandbox, "other"), idempotency_key="k")
        assert other.value.alarm

    def test_what_happens_at_the_bank_is_read_back(self, sandbox):
        made = mollie.create_payment(self.body(sandbox), idempotency_key="k")
        assert made.checkout_url
        row = BankPayment.objects.get()
        bank.close(row, status="paid", now=timezone.now())
        bank.refund(row, cents=200, now=timezone.now())
        bank.charge_back(row, cents=100, now=timezone.now())
        seen = mollie.get_payment(made.mollie_id)
        assert (seen.status, seen.token, seen.checkout_url) == ("paid", "abc", "")
        assert [r.amount for r in seen.refunds] == [Decimal("2.00")]
        assert [c.amount for c in seen.chargebacks] == [Decimal("1.00")]

    def test_a_payment_is_found_by_its_token_on_any_page_as_far_back_as_asked(self, sandbox, monkeypatch):
        monkeypatch.setattr(mollie, "PAGE_SIZE", 2)
        made = [mollie.create_payment(self.body(sandbox, f"t{i}"), idempotency_key=f"k{i}").mollie_id for i in range(5)]
        since = timezone.now() - timedelta(hours=1)
        found = mollie.find_payment("t0", since=since)
        assert found
        assert found.mollie_id == made[0]
        assert mollie.find_payment("another", since=since) is None
        BankPayment.objects.filter(reference__in=made[:3]).update(created_at=since - timedelta(hours=1))
        assert mollie.find_payment("t0", since=since) is None
        monkeypatch.setattr(mollie, "MAX_PAGES", 1)
        BankPayment.objects.update(created_at=timezone.now())
        with pytest.raises(GatewayUnknown):
            mollie.find_payment("t0", since=since)
