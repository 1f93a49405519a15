"""The mail server, spoken to with smtplib."""

import smtplib
import time
from email.message import EmailMessage

import pytest
from django.db import OperationalError

from sandbox import faults, mailbox
from sandbox.models import Message
from sandbox.smtp import MailServer
from tests.servers import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def port():
    server = MailServer(host="127.0.0.1", port=free_port())
    server.start()
    yield server.port
    server.stop()


def letter(to="jan@example.org", **parts):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "zorg@example.org", to, parts.get("subject", "Uw betaling € 12,50")
    mail.set_content("Beste heer Müller,\n\nwij ontvingen € 12,50.\n")
    mail.add_alternative("<h1>Ontvangen</h1><p style='color:red'>€ 12,50</p>", subtype="html")
    mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="uitstel.ics")
    return mail


def send(port, mail, to=None):
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        return client.send_message(mail, to_addrs=to)


def test_a_mail_is_stored_with_all_its_parts(port):
    send(port, letter(), to=["jan@example.org", "bcc@example.org"])

    row = Message.objects.get()
    assert (row.kind, row.sender, row.to) == ("mail", "zorg@example.org", "jan@example.org, bcc@example.org")
    assert row.subject == "Uw betaling € 12,50"
    assert "Müller" in row.text
    assert "<h1>Ontvangen</h1>" in row.html
    assert ["To", "jan@example.org"] in row.headers
    assert bytes(row.raw).startswith(b"From: zorg@example.org")
    attachment = row.attachments.get()
    assert (attachment.filename, attachment.content_type) == ("uitstel.ics", "text/calendar")
    assert bytes(attachment.content) == b"BEGIN:VCALENDAR"


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: text/plain; charset=no-such-set\r\n\r\nhi \xff\x00\r\n",
        b"Subject: =?utf-8?b?////?=\r\n\r\n\x00\r\n",
        b"no headers at all",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: y"
        b"\r\n\r\nz\r\n--x--",
        b"",
    ],
)
def test_broken_mails_are_stored_too(port, raw):
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail("a@example.org", ["b@example.org"], raw)
    assert Message.objects.count() == 1


def test_a_recipient_can_be_refused(port):
    faults.configure({"smtp": {"to": "*@full.example", "refuse": "452", "times": 1}})
    send(port, letter(to="jan@example.org"))
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(port, letter(to="jan@FULL.example"))
    assert refused.value.recipients["jan@FULL.example"][0] == 452
    send(port, letter(to="jan@full.example"))
    assert Message.objects.count() == 2


@pytest.mark.parametrize(("fault", "kept"), [("drop_after_data", 1), ("lose", 0)])
def test_the_connection_can_break_after_the_mail_was_taken(port, fault, kept):
    faults.configure({"smtp": {fault: True, "times": 1}})
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(port, letter())
    assert Message.objects.count() == kept
    send(port, letter())
    assert Message.objects.count() == kept + 1


def test_the_answer_can_be_slow(port):
    faults.configure({"smtp": {"slow_ms": 300}})
    start = time.monotonic()
    send(port, letter())
    assert time.monotonic() - start >= 0.3


def test_a_mail_that_cannot_be_stored_is_left_with_its_sender(port, monkeypatch):
    def broken(**_):
        raise OperationalError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(mailbox, "store_mail", broken)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            send(port, letter())
    assert refused.value.smtp_code == 451
    send(port, letter())
    assert Message.objects.count() == 1
