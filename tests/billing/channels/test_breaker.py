"""A gateway that does not answer holds no more than its share of the threads that answer pages."""

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from billing.channels import breaker, mollie, sms
from billing.errors import GatewayRefused, GatewayUnknown

ASKERS, AT_ONCE = 8, 2
PATIENCE = 1.0  # of a call, in these tests
REFUSAL = b'{"status":404,"title":"Not Found","detail":"There is none."}'
LOST = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: application/hal+json\r\nContent-Length: %d\r\n\r\n" % len(REFUSAL)
    + REFUSAL
)


class Service:
    """Takes every connection, counts them, and answers when told to."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.asked, self.answers, self.takes, self._open = 0, False, 0.0, []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):  # closed at the end of the test
            while True:
                connection, _ = self._socket.accept()
                self.asked += 1
                self._open.append(connection)
                if self.answers:
                    threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        connection.recv(65536)
        time.sleep(self.takes)
        connection.sendall(LOST)

    def close(self):
        for each in (self._socket, *self._open):
            each.close()


@pytest.fixture
def service(settings, monkeypatch):
    with contextlib.closing(Service()) as service:
        settings.MOLLIE_API_URL, settings.SMS_API_URL = service.url, f"{service.url}/sms"
        for channel in (mollie, sms):
            monkeypatch.setattr(channel, "TOTAL_SECONDS", PATIENCE)
            monkeypatch.setattr(channel, "_breaker", breaker.Breaker())
        monkeypatch.setattr(breaker, "PATIENCE_SECONDS", PATIENCE / 4)
        breaker.limit_calls(AT_ONCE)
        yield service
        breaker.limit_calls(None)


def ask():
    """The seconds that a call takes, and how it ended."""
    began = time.monotonic()
    try:
        mollie.get_payment("tr_abcdefgh")
    except (GatewayUnknown, GatewayRefused) as error:
        return time.monotonic() - began, error
    raise AssertionError("there is no such payment")


def ask_at_once(how_many):
    with ThreadPoolExecutor(how_many) as threads:
        return [future.result() for future in [threads.submit(ask) for _ in range(how_many)]]


def waited(results):
    return sum(seconds > PATIENCE / 2 for seconds, _ in results)


def test_no_more_threads_wait_for_it_than_may(service):
    results = ask_at_once(ASKERS)
    assert (waited(results), service.asked) == (AT_ONCE, AT_ONCE), "the others gave up after a moment"
    assert all(isinstance(error, GatewayUnknown) for _, error in results)


def test_without_the_breaker_all_of_them_wait(service):
    """The twin."""
    breaker.limit_calls(None)
    assert waited(ask_at_once(ASKERS)) == ASKERS


def test_people_who_ask_in_the_same_moment_all_get_an_answer_from_who_answers(service, monkeypatch):
    """Three who paid at once were more than the places of a process, and one was sent away though the bank was well."""
    for module, name in ((breaker, "PATIENCE_SECONDS"), (mollie, "TOTAL_SECONDS")):
        monkeypatch.setattr(module, name, 30.0)  # a busy machine is no service that hangs
    service.answers, service.takes = True, PATIENCE / 20
    assert [type(error) for _, error in ask_at_once(2 * AT_ONCE)] == [GatewayRefused] * 2 * AT_ONCE
    assert service.asked == 2 * AT_ONCE


def test_without_patience_some_of_them_are_sent_away(service, monkeypatch):
    """The twin."""
    monkeypatch.setattr(breaker, "PATIENCE_SECONDS", 0.0)
    service.answers, service.takes = True, PATIENCE / 20
    assert "not asked" in " ".join(str(error) for _, error in ask_at_once(2 * AT_ONCE))


def test_who_did_not_answer_for_a_while_is_left_alone_and_then_asked_by_one(service, monkeypatch):
    monkeypatch.setattr(breaker, "REST_SECONDS", 0.5)
    ask_at_once(AT_ONCE)
    ask_at_once(1)
    asked = service.asked
    assert asked == breaker.FAILURES
    assert waited(ask_at_once(1)) == 0
    assert service.asked == asked
    time.sleep(0.6)
    assert waited(ask_at_once(ASKERS)) == 1, "one asks whether it is back"
    time.sleep(0.6)
    service.answers = True
    assert isinstance(ask()[1], GatewayRefused)
    assert not any("not asked" in str(error) for _, error in ask_at_once(AT_ONCE)), "and then all may again"


def test_an_sms_that_was_not_asked_for_was_not_sent(service):
    def send():
        sms.send_sms(to="+31612345678", text="1", reference="code-1")

    with ThreadPoolExecutor(ASKERS) as threads:
        errors = [type(future.exception()) for future in [threads.submit(send) for _ in range(ASKERS)]]
    assert (errors.count(GatewayUnknown), errors.count(GatewayRefused)) == (AT_ONCE, ASKERS - AT_ONCE)
    assert service.asked == AT_ONCE
