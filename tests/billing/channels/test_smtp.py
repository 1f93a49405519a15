"""The mailer against mail servers that take commands one by one or all at once, and one that errs."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from billing.channels import smtp
from billing.errors import GatewayRefused, GatewayUnknown
from tests.smtp_sink import HANG_UP

MAIL = b"Subject: Uw rekening\r\n\r\nDank u.\r\n"
PIPELINING = pytest.mark.parametrize("sink", [True, False], indirect=True, ids=["at once", "one by one"])
FACTS = {"sender": "rekening@zorg.example", "recipient": "j@post.example"}


def sent(mailer: smtp.Mailer, **fields: str) -> None:
    mailer.send(MAIL, **FACTS | fields)


@PIPELINING
def test_mails_go_out_over_one_connection(sink):
    with smtp.Mailer() as mailer:
        for _ in range(3):
            sent(mailer)
    assert (len(sink.mails), sink.connections) == (3, 1)
    assert sink.recipients == [["j@post.example"]] * 3


@PIPELINING
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", ["451 busy", "550 no"])
def test_after_a_no_the_same_connection_takes_the_next_mail(sink, command, answer):
    sink.answers[command] = [answer]
    with smtp.Mailer() as mailer:
        with pytest.raises(GatewayRefused) as refused:
            sent(mailer)
        not_for_ever = isinstance(refused.value, smtp.RefusedForNow)
        assert not_for_ever == (command == "MAIL" or answer.startswith("4"))
        assert str(refused.value) == answer
        sent(mailer)
    assert (len(sink.mails), sink.connections) == (1, 1)


@PIPELINING
@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
@pytest.mark.parametrize("answer", [HANG_UP, "421 4.4.2 enough for one connection"])
def test_a_server_that_goes_before_the_mail_was_given_is_no_doubt(sink, command, answer):
    sink.answers[command] = [answer]
    with smtp.Mailer() as mailer:
        with pytest.raises(smtp.RefusedForNow):
            sent(mailer)
        assert not mailer.connected
        sent(mailer)
    assert (len(sink.mails), sink.connections) == (1, 2)


@PIPELINING
def test_a_line_lost_with_the_mail_is_a_doubt(sink):
    sink.answers["DATA"] = [HANG_UP]
    with smtp.Mailer() as mailer, pytest.raises(GatewayUnknown):
        sent(mailer)


@PIPELINING
@pytest.mark.parametrize("field", ["sender", "recipient"])
def test_an_address_can_not_add_a_command(sink, field):
    with smtp.Mailer() as mailer, pytest.raises(ValueError, match="second line"):
        sent(mailer, **{field: "j@post.example>\r\nRCPT TO:<b@x.nl"})
    assert sink.mails == []


@contextmanager
def scripted(settings: Any, *answers: str) -> Iterator[list[bytes]]:
    """A server that allows all at once, and says `answers` after the commands; what it hears afterwards."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = listener.accept()
        with line, line.makefile("rwb") as stream:
            stream.write(b"220 ready\r\n")
            stream.flush()
            stream.readline()
            stream.write(b"250-scripted\r\n250 PIPELINING\r\n")
            stream.flush()
            for _ in range(3):
                stream.readline()
            stream.write("".join(f"{answer}\r\n" for answer in answers).encode())
            stream.flush()
            heard.extend(stream)

    server = threading.Thread(target=serve)
    server.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = listener.getsockname()
    try:
        yield heard
    finally:
        server.join(timeout=30)
        listener.close()


@pytest.mark.parametrize(
    ("answers", "for_now"),
    [
        (("250 yes", "550 no", "354 go on"), False),
        (("250 yes", "450 not now", "354 go on"), True),
        (("550 not you", "250 yes", "354 go on"), True),
    ],
)
def test_a_server_that_listens_though_it_said_no_hears_nothing(settings, answers, for_now):
    """It would take an empty mail for the end of this one, so the line is cut: nothing was sent, and no doubt."""
    with scripted(settings, *answers) as heard, smtp.Mailer() as mailer:
        with pytest.raises(GatewayRefused) as refused:
            sent(mailer)
        assert isinstance(refused.value, smtp.RefusedForNow) == for_now
        assert not mailer.connected
    assert heard == []


def test_a_server_that_hangs_up_after_its_no_has_said_no(settings):
    settings.EMAIL_TIMEOUT = 2
    with scripted(settings, "250 yes", "550 no", "421 and goodbye") as heard, smtp.Mailer() as mailer:
        with pytest.raises(GatewayRefused, match="550 no"):
            sent(mailer)
        assert not mailer.connected
    assert heard == []
