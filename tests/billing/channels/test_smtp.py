"""The mailer against a mail server that accepts mails, refuses them, or closes the connection."""

import pytest

from billing.channels import smtp
from billing.errors import GatewayRefused, GatewayUnknown
from tests.smtp_sink import HANG_UP

MAIL = b"Subject: Uw rekening\r\n\r\nDank u.\r\n"
FACTS = {"sender": "rekening@zorg.example", "recipient": "j@post.example"}


def sent(mailer: smtp.Mailer, **fields: str) -> None:
    mailer.send(MAIL, **FACTS | fields)


def test_mails_go_out_over_one_connection(sink):
    with smtp.Mailer() as mailer:
        for _ in range(3):
            sent(mailer)
    assert (len(sink.mails), sink.connections) == (3, 1)
    assert sink.recipients == [["j@post.example"]] * 3


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


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
@pytest.mark.parametrize("answer", [HANG_UP, "421 4.4.2 enough for one connection"])
def test_a_connection_lost_before_the_content_is_not_in_doubt(sink, command, answer):
    sink.answers[command] = [answer]
    with smtp.Mailer() as mailer:
        with pytest.raises(smtp.RefusedForNow):
            sent(mailer)
        assert not mailer.connected
        sent(mailer)
    assert (len(sink.mails), sink.connections) == (1, 2)


def test_a_line_lost_with_the_mail_is_a_doubt(sink):
    sink.answers["DATA"] = [HANG_UP]
    with smtp.Mailer() as mailer, pytest.raises(GatewayUnknown):
        sent(mailer)


@pytest.mark.parametrize("field", ["sender", "recipient"])
def test_an_address_can_not_add_a_command(sink, field):
    with smtp.Mailer() as mailer, pytest.raises(ValueError, match="newline"):
        sent(mailer, **{field: "j@post.example>\r\nRCPT TO:<b@x.nl"})
    assert sink.mails == []


def test_a_mailer_that_fails_in_the_middle_of_a_mail_begins_anew(sink, monkeypatch):
    """On the same connection the server would take the next commands for the content that it still waits for."""
    with smtp.Mailer() as mailer:
        with monkeypatch.context() as broken:
            broken.setattr(mailer, "_hand_over", None)
            with pytest.raises(TypeError):
                sent(mailer)
        sent(mailer)
    assert (len(sink.mails), sink.connections) == (1, 2)


def all_sent(mailers: smtp.Mailers, mails: int) -> int:
    """Send so many mails over all connections; return how many were refused."""
    answers = []
    for place in range(mails):
        while not mailers.one_is_free:
            mailers.look(until_one_is_done=True)
        mailers.open_for(mails - place)
        answers.append(mailers.send(MAIL, **FACTS))
    return sum(answer.exception() is not None for answer in answers)


def test_a_server_that_takes_fewer_connections_gets_all_mails_over_those(sink, settings):
    settings.EMAIL_CONNECTIONS = 4
    sink.most_connections = 2
    with smtp.Mailers() as mailers:
        assert all_sent(mailers, 9) == 0
    assert (len(sink.mails), sink.connections, mailers.unreachable) == (9, 2, False)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", ["432 4.3.2 too many connections", "421 4.7.0 too many connections"])
def test_a_server_that_refuses_a_mail_of_a_connection_gets_the_rest_over_the_other(sink, settings, command, answer):
    settings.EMAIL_CONNECTIONS = 2
    sink.answers[command] = ["250 OK", answer]
    with smtp.Mailers() as mailers:
        refused = all_sent(mailers, 9)
    assert refused <= 1, "a mail that was not handed over yet has a second connection"
    assert (len(sink.mails), mailers.unreachable) == (9 - refused, False)


def test_one_mail_needs_one_connection(sink, settings):
    settings.EMAIL_CONNECTIONS = 4
    with smtp.Mailers() as mailers:
        for _ in range(2):
            mailers.open_for(1)
            mailers.send(MAIL, **FACTS)
            mailers.look(until_one_is_done=True)
    assert (len(sink.mails), sink.connections) == (2, 1)


def test_one_that_is_still_being_opened_is_no_other_connection(sink, settings):
    settings.EMAIL_CONNECTIONS = 2
    sink.most_connections = 1
    sink.answers["RCPT"] = ["250 OK", "450 4.2.0 this mailbox later"]
    with smtp.Mailers() as mailers:
        refused = all_sent(mailers, 9)
    assert (refused, len(sink.mails), mailers.unreachable) == (1, 8, False)
