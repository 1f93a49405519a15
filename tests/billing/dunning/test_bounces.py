"""Delivery reports as mail servers write them."""

import io
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.utils import timezone

from billing.dunning import bounces
from billing.models import OutboxMessage, ReminderStep, StaffTask
from billing.outbox import delivery, return_path
from tests.billing.invoices.schedule_walk import COSTS_ON, MONDAY, Step, charged, live, new_invoice, until

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


# --- finding the message ----------------------------------------------------------------------------


@pytest.fixture
def tagged(sink, settings) -> OutboxMessage:
    """A message that left with a return path of its own."""
    settings.BOUNCE_ADDRESS = "bounces@rekening.example"
    new_invoice()
    live(MONDAY)
    message = OutboxMessage.objects.exclude(kind="bounce_probe").get(status="sent")
    path = return_path.address_of(message.pk)
    assert path in sink.senders
    assert return_path.message_of(path) == message.pk
    return message


def again(message: OutboxMessage) -> bool:
    message.refresh_from_db()
    return message.bounced_at is not None


def late(message: OutboxMessage) -> datetime:
    return message.sent_at + timedelta(days=5)


def qmail(message: OutboxMessage, *, headers: str) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\nMessage-ID: <q@mx.example>\r\n\r\n"
        "Hi. This is the qmail-send program at mx.example.\r\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\r\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n"
        f"<{message.recipient}>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
        f"--- Below this line is a copy of the message.\r\n\r\n{headers}\r\n\r\nGoedendag\r\n"
    ).encode()


def test_the_return_path_says_which_mail_it_was_whatever_the_report_holds(tagged):
    content = report("<replaced@relay.example>", returned=NOTHING)
    path = return_path.address_of(tagged.pk)
    forged = path.replace("-", "-0", 1)[: len(path)]
    assert bounces.record_bounces(content, recipient=forged, now=late(tagged)) == []
    assert [m.pk for m in bounces.record_bounces(content, recipient=path.upper(), now=late(tagged))] == [tagged.pk]
    assert again(tagged)


def test_the_return_path_may_stand_in_a_header(tagged):
    content = f"Delivered-To: {return_path.address_of(tagged.pk)}\r\n".encode() + report("<x@y>", returned=NOTHING)
    bounces.record_bounces(content, now=late(tagged))
    assert again(tagged)


def test_another_message_id_is_found_by_address_and_time(message):
    returned = "Content-Type: message/rfc822\r\n\r\nMessage-ID: {id}\r\nSubject: Iets anders\r\n\r\nx\r\n"
    content = report("<other@relay.example>", returned=returned).replace(b"p@post.example", message.recipient.encode())
    assert bounces.record_bounces(content, now=message.sent_at + timedelta(days=8)) == [], "too long ago"
    bounces.record_bounces(content, now=late(message))
    assert again(message)


def test_of_several_to_one_address_the_subject_decides_else_staff(message):
    other = OutboxMessage.objects.create(
        kind="receipt", invoice=message.invoice, language="nl", recipient=message.recipient, subject="Bedankt", text="",
        html="", dedupe_key="other", status="sent", sent_at=message.sent_at, message_id="<o@z>",
    )  # fmt: skip
    StaffTask.objects.all().delete()
    unclear = qmail(message, headers="Subject: Fwd")
    assert bounces.record_bounces(unclear, now=late(message)) == []
    task = StaffTask.objects.get()
    assert task.kind == "bounce_unmatched"
    assert message.recipient not in task.note
    bounces.record_bounces(unclear, now=late(message))
    assert StaffTask.objects.count() == 1
    bounces.record_bounces(qmail(message, headers=f"Subject: {message.subject}"), now=late(message))
    assert again(message)
    assert not again(other)


def test_the_plain_bounce_of_qmail(message):
    bounces.record_bounces(qmail(message, headers=f"Message-ID: {message.message_id}"))
    assert again(message)


def test_the_plain_bounce_of_exim_and_its_warning_of_a_delay(message):
    content = (
        f"X-Failed-Recipients: {message.recipient}\r\n"
        "Subject: Mail delivery failed: returning message to sender\r\n\r\n"
        "This message was created automatically by mail delivery software.\r\n\r\n"
        "A message that you sent could not be delivered to one or more of its recipients.\r\n\r\n"
        "------ This is a copy of your message, including all the headers. ------\r\n\r\n"
        f"Message-ID: {message.message_id}\r\n\r\nx\r\n"
    )
    delay = content.replace("Mail delivery failed: returning message to sender", "Warning: message 1a delayed 24 hours")
    assert bounces.record_bounces(delay.encode()) == []
    assert not again(message)
    bounces.record_bounces(content.encode())
    assert again(message)


def test_an_automatic_reply_to_the_return_path_is_no_bounce(tagged):
    reply = b"Subject: Afwezig\r\nAuto-Submitted: auto-replied\r\nContent-Type: text/plain\r\n\r\nIk ben weg.\r\n"
    assert bounces.record_bounces(reply, recipient=return_path.address_of(tagged.pk)) == []
    assert not again(tagged)
    assert not StaffTask.objects.filter(kind="bounce_unmatched").exists()


# --- the intake is alive, or costs wait ---------------------------------------------------------------


def test_costs_wait_until_the_probe_came_back_and_a_task_says_why(sink, settings):
    settings.NOTICE_HOURS = (7, 22)
    invoice = until(new_invoice(amount="100.00"), COSTS_ON - timedelta(days=1))
    settings.BOUNCE_ADDRESS = "bounces@rekening.example"
    today = timezone.localdate()
    bounces.run_day(today)
    bounces.run_day(today)
    task = StaffTask.objects.get(kind="intake_silent")
    live(COSTS_ON)
    assert charged(invoice) == {}
    assert ReminderStep.objects.filter(invoice=invoice, step=Step.NOTICE_OF_COSTS).count() <= 1
    delivery.sweep()
    probe = OutboxMessage.objects.get(kind="bounce_probe")
    assert probe.status == "sent"
    came_back = f"Delivered-To: {probe.recipient}\r\n".encode() + b"Subject: Probe\r\n\r\nx\r\n"
    assert bounces.record_bounces(came_back) == []
    bounces.run_day(today)
    task.refresh_from_db()
    assert task.closed_at
    live(COSTS_ON + timedelta(days=1))
    assert charged(invoice)["costs"] == 40


def test_a_forged_or_old_probe_shows_nothing(settings):
    settings.BOUNCE_ADDRESS = "bounces@rekening.example"
    now = timezone.now()
    forged = return_path.probe_address(now.date())[:-30] + "0" * 10 + "@rekening.example"
    bounces.record_bounces(b"Subject: Probe\r\n\r\nx", recipient=forged)
    assert not bounces.is_alive(now)
    bounces.record_bounces(b"Subject: Probe\r\n\r\nx", recipient=return_path.probe_address(now.date()))
    assert bounces.is_alive(now)
    assert not bounces.is_alive(now + timedelta(days=2, seconds=1))


@pytest.mark.parametrize(("sandbox", "alive"), [(True, True), (False, False)])
def test_without_an_address_costs_are_for_the_sandbox_alone(settings, sandbox, alive):
    settings.SANDBOX = sandbox
    assert bounces.is_alive(timezone.now()) == alive
