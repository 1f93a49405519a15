"""Delivery reports as mail servers write them."""

import io
from types import SimpleNamespace

import pytest
from django.core.management import call_command

from billing.dunning import bounces
from billing.models import OutboxMessage
from tests.billing.invoices.schedule_walk import MONDAY, live, new_invoice

pytestmark = pytest.mark.django_db
WHOLE = "Content-Type: message/rfc822\r\n\r\nMessage-ID: {id}\r\nSubject: U heeft een rekening\r\n\r\nGoedendag\r\n"
NOTHING = "Content-Type: text/plain\r\n\r\nx"
HEADERS = "Content-Type: text/rfc822-headers\r\n\r\nReceived: by x\r\nMessage-ID: {id}\r\nSubject: U heeft\r\n"


@pytest.fixture
def message(sink) -> OutboxMessage:
    new_invoice()
    live(MONDAY)
    return OutboxMessage.objects.get(status="sent")


def report(message_id: str, *, action: str = "failed", returned: str = WHOLE, kind: str = "report") -> bytes:
    return (
        f'From: MAILER-DAEMON@mx.example\r\nContent-Type: multipart/{kind}; boundary="b"\r\n'
        "MIME-Version: 1.0\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; p@post.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\n{returned.format(id=message_id)}\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("returned", [WHOLE, HEADERS])
def test_a_mail_that_came_back_is_written_down_once(message, returned):
    content = report(message.message_id, returned=returned)
    assert [taken.pk for taken in bounces.record_bounces(content)] == [message.pk]
    assert bounces.record_bounces(content) == []
    message.refresh_from_db()
    assert message.bounced_at


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "delayed"},
        {"action": "delivered"},
        {"kind": "mixed"},
        {"returned": NOTHING},
    ],
)
def test_what_is_no_failure_changes_nothing(message, changes):
    assert bounces.record_bounces(report(message.message_id, **changes)) == []


@pytest.mark.parametrize("content", [b"", b"\xff\x00" * 50, b"Content-Type: multipart/report\r\n\r\n", report("<x@y>")])
def test_what_is_no_report_of_ours_changes_nothing(message, content):
    assert bounces.record_bounces(content) == []


def test_the_command_reads_standard_input(message, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(report(message.message_id))))
    call_command("take_bounce")
    assert "1 of our mails" in capsys.readouterr().out
