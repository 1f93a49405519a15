"""The outbox against a real mail server: what is queued, what is sent, and what happens after a refusal."""

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from celery import Celery
from django.db import connection, transaction
from django.utils import timezone

from billing.models import AuditEvent, OutboxMessage, StaffTask
from billing.outbox import batches, delivery
from billing.outbox.queue import queue_message
from portal.celery import app as celery_app
from tests import factories
from tests.servers import free_port
from tests.smtp_sink import HANG_UP

pytestmark = pytest.mark.django_db
Status = OutboxMessage.Status
WHEN = datetime(2026, 11, 3, 12, 0, tzinfo=timezone.get_default_timezone())
FACTS = {
    "amount": Decimal("45.00"),
    "received_at": WHEN,
    "outstanding": Decimal("0.00"),
    "credit": Decimal("0.00"),
    "went_to": [("principal", Decimal("45.00"))],
    "left_until": None,
    "next_part": None,
    "on_hold": False,
    "is_over": False,
    "withdrawn": False,
}


def queued(*, key: str = "payment:1", **patient) -> OutboxMessage:
    invoice = factories.invoice(patient=factories.patient(**patient))
    message = queue_message("receipt", invoice=invoice, context=FACTS, dedupe_key=key)
    assert message is not None
    return message


def later(**time) -> datetime:
    return timezone.now() + timedelta(**time)


def deliver(message: OutboxMessage, **time) -> OutboxMessage:
    delivery.deliver(message.pk, now=later(**time) if time else None)
    message.refresh_from_db()
    return message


# --- queueing ---------------------------------------------------------------------------------------


def test_a_queued_message_is_complete(sink):
    message = queued(email="j@post.example", language="en")
    assert (message.status, message.language, message.recipient) == (Status.QUEUED, "en", "j@post.example")
    assert message.subject == "We have received your payment"
    assert "Amount paid: €45.00" in message.text
    assert "<dd>€45.00</dd>" in message.html
    assert message.invoice.payment_reference[-4:] in message.text
    assert sink.mails == []


@pytest.mark.both_databases
def test_the_same_event_queues_once_and_leaves_the_callers_transaction_whole():
    invoice = factories.invoice()
    with transaction.atomic():
        assert queue_message("receipt", invoice=invoice, context=FACTS, dedupe_key="payment:7")
        assert queue_message("receipt", invoice=invoice, context=FACTS, dedupe_key="payment:7") is None
        assert OutboxMessage.objects.count() == 1  # on PostgreSQL this fails when the transaction was broken


@pytest.mark.parametrize(("address", "why"), [("", "no_address"), ("a@x.nl, b@x.nl", "address_unusable")])
def test_without_one_usable_address_it_goes_on_the_timeline(address, why):
    invoice = factories.invoice(patient=factories.patient(email=address))
    assert queue_message("receipt", invoice=invoice, context=FACTS, dedupe_key="payment:1") is None
    event = AuditEvent.objects.get(invoice=invoice)
    assert (event.action, event.details) == ("message_not_possible", {"kind": "receipt", "why": why})
    assert not OutboxMessage.objects.exists()


def test_no_personal_data_in_a_message():
    practice = factories.provider(name="Praktijk De Linde", city="Kanariestad")
    patient = factories.patient(
        provider=practice,
        initials="K.A.",
        infix="van",
        surname="Kanariegeel",
        street="Kanariestraat",
        postcode="9876 ZX",
        mobile="+31687654321",
        number="KANARIE-77",
        identity={"date_of_birth": "1971-03-09", "insurer_uzovi": "3311", "insured_number": "998877665"},
    )
    line = factories.line(description="Kanarie wortelkanaal", code="E13", tooth="36")
    for language in ("nl", "en"):
        patient.language = language
        invoice = factories.invoice(patient=patient, lines=[line])
        message = queue_message("receipt", invoice=invoice, context=FACTS, dedupe_key=f"payment:{language}")
        content = f"{message.subject}\n{message.text}\n{message.html}".lower()
        secrets = [invoice.payment_reference, invoice.token, "998877665", "1971", "9876", "687654321", "e13", "k.a."]
        assert [secret for secret in ("kanarie", "wortel", *secrets) if secret.lower() in content] == []


@pytest.mark.django_db(transaction=True)
def test_a_dead_broker_loses_nothing(sink, caplog, settings):
    """No worker can be woken when the message is queued; the sweep delivers it all the same."""
    dead = Celery("dead", broker=f"redis://127.0.0.1:{free_port()}/0", set_as_current=False)
    dead.conf.task_publish_retry_policy = {"max_retries": 0}
    dead.set_current()
    settings.REDIS_URL = dead.conf.broker_url
    try:
        with transaction.atomic():
            message = queued()
    finally:
        celery_app.set_current()
    assert "could not enqueue billing.deliver_message" in caplog.text
    delivery.sweep()
    message.refresh_from_db()
    assert (message.status, len(sink.mails)) == (Status.SENT, 1)


# --- the mail itself --------------------------------------------------------------------------------


def test_the_mail_as_it_arrives(sink, settings):
    settings.DEFAULT_FROM_EMAIL = "Zorgrekening <rekening@zorg.example>"
    message = deliver(queued(email="j@post.example"))
    (mail,) = sink.mails
    assert sink.recipients == [["j@post.example"]]
    assert (mail["To"], mail["From"]) == ("j@post.example", "Zorgrekening <rekening@zorg.example>")
    assert mail["Subject"] == "Wij hebben uw betaling ontvangen"
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "nl")
    assert mail["Message-ID"] == message.message_id
    assert mail["Message-ID"].endswith("@zorg.example>")
    assert [name for name in mail.keys() if name.lower().startswith(("list-", "bcc", "cc", "x-"))] == []  # noqa: SIM118
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == message.text
    assert html.get_content().replace("\r\n", "\n") == message.html
    assert mail.as_bytes().isascii()  # quoted-printable: no server on the way has to change it


def test_a_foreign_domain_goes_out_in_ascii(sink):
    deliver(queued(email="j@bücher.example"))
    assert sink.recipients == [["j@xn--bcher-kva.example"]]


def test_lines_that_begin_with_a_dot_arrive_whole(sink):
    message = queued()
    OutboxMessage.objects.filter(pk=message.pk).update(text=".\n..\n.begin\n")
    deliver(message)
    assert sink.mails[0].get_body(("plain",)).get_content().replace("\r\n", "\n") == ".\n..\n.begin\n"


@pytest.mark.parametrize("recipient", ["a@x.nl, b@x.nl", "a@x.nl\r\nBcc: b@x.nl", "A <a@x.nl>"])
def test_an_address_that_changed_into_more_is_not_sent(sink, recipient):
    message = queued()
    OutboxMessage.objects.filter(pk=message.pk).update(recipient=recipient)
    assert deliver(message).status == Status.FAILED
    assert sink.connections == 0


def test_a_subject_can_not_add_a_header(sink):
    message = queued()
    OutboxMessage.objects.filter(pk=message.pk).update(subject="Rekening\r\nBcc: b@x.nl")
    assert deliver(message).status == Status.FAILED
    assert sink.mails == []


# --- delivery ---------------------------------------------------------------------------------------


def test_delivered_once_however_often_it_is_enqueued(sink):
    message = queued()
    for _ in range(3):
        deliver(message)
    delivery.sweep()
    assert len(sink.mails) == 1
    assert (message.status, message.tries, message.error) == (Status.SENT, 1, "")
    assert message.sent_at >= message.claimed_at


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_not_now_is_tried_again_later(sink, command):
    message = queued()
    sink.answers[command] = ["451 4.3.0 try later, patient1@post.example"]
    deliver(message)
    assert (message.status, message.tries, message.error) == (Status.QUEUED, 1, "451 4.3.0 try later, …")
    assert later(seconds=40) < message.next_try_at < later(seconds=80)
    deliver(message, seconds=30)
    assert sink.mails == []
    deliver(message, seconds=90)
    assert (message.status, message.tries, len(sink.mails)) == (Status.SENT, 2, 1)
    assert not StaffTask.objects.exists()


def test_waits_grow_and_end_in_failure(sink, settings):
    message = queued()
    sink.answers["RCPT"] = ["450 busy"] * settings.OUTBOX_MAX_TRIES
    waits, now = [], timezone.now()
    while message.status == Status.QUEUED:
        delivery.deliver(message.pk, now=now)
        message.refresh_from_db()
        waits.append((message.next_try_at - now).total_seconds() / 60)
        now = message.next_try_at
    assert (message.status, message.tries) == (Status.FAILED, settings.OUTBOX_MAX_TRIES)
    expected = [1, 4, 16, 64, 256, 360, 360]
    assert all(0.75 * e <= wait <= 1.25 * e for e, wait in zip(expected, waits, strict=False))
    assert StaffTask.objects.get().kind == StaffTask.Kind.MESSAGE_FAILED
    delivery.sweep(now=later(days=30))
    assert sink.mails == []


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_a_server_that_is_not_there_is_tried_again(settings, host):
    settings.EMAIL_HOST, settings.EMAIL_PORT = host, free_port()
    message = deliver(queued())
    assert (message.status, message.tries) == (Status.QUEUED, 1)
    assert message.error.startswith("no connection")


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_permanent_refusal_fails_the_message_and_the_others_go_on(sink, settings, command):
    settings.EMAIL_CONNECTIONS = 1
    refused, *others = [queued(key=f"payment:{i}") for i in range(3)]
    sink.answers[command] = ["550 5.1.1 <patient1@post.example> unknown"]
    delivery.sweep()
    refused.refresh_from_db()
    assert (refused.status, refused.error) == (Status.FAILED, "550 5.1.1 … unknown")
    assert len(sink.mails) == 2
    assert sink.connections == 1
    item = StaffTask.objects.get()
    assert (item.kind, item.invoice, item.note) == (StaffTask.Kind.MESSAGE_FAILED, refused.invoice, "receipt")
    for message in others:
        message.refresh_from_db()
        assert message.status == Status.SENT


def test_a_no_to_us_alarms_and_blames_no_message(sink):
    message = queued()
    sink.answers["MAIL"] = ["550 5.7.1 you may not send"]
    deliver(message)
    assert message.status == Status.QUEUED
    assert StaffTask.objects.get().kind == StaffTask.Kind.GATEWAY_ALARM


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
def test_a_line_lost_before_the_mail_was_given_is_no_doubt(sink, command):
    message = queued()
    sink.answers[command] = [HANG_UP]
    deliver(message)
    assert (message.status, message.tries) == (Status.QUEUED, 1)
    deliver(message, minutes=2)
    assert (message.status, len(sink.mails)) == (Status.SENT, 1)


def test_a_line_lost_after_the_mail_was_given_is_in_doubt_and_never_sent_twice(sink):
    message = queued()
    sink.answers["DATA"] = [HANG_UP]
    deliver(message)
    assert message.status == Status.IN_DOUBT
    assert StaffTask.objects.get().kind == StaffTask.Kind.MESSAGE_IN_DOUBT
    for days in (0, 1, 30):
        delivery.sweep(now=later(days=days))
        deliver(message, days=days)
    assert len(sink.mails) == 1  # it did arrive, this time


# --- the sweep --------------------------------------------------------------------------------------


def test_fifty_messages_share_two_connections(sink):
    invoice = factories.invoice()
    for number in range(50):  # in less than a sweep's 20 seconds on any machine
        queue_message("receipt", invoice=invoice, context=FACTS, dedupe_key=f"payment:{number}")
    delivery.sweep()
    assert (len(sink.mails), sink.connections) == (50, 2)
    assert len({mail["Message-ID"] for mail in sink.mails}) == 50
    assert set(OutboxMessage.objects.values_list("status", "tries")) == {(Status.SENT, 1)}


@pytest.mark.parametrize("answer", [HANG_UP, "421 4.4.2 enough for one connection"])
def test_a_server_that_ends_an_old_connection_costs_no_message_a_try(sink, settings, answer):
    settings.EMAIL_CONNECTIONS = 1
    messages = [queued(key=f"payment:{i}") for i in range(4)]
    sink.answers["MAIL"] = ["250 OK", "250 OK", answer]
    delivery.sweep()
    assert (len(sink.mails), sink.connections) == (4, 2)
    assert {OutboxMessage.objects.get(pk=m.pk).tries for m in messages} == {1}


def test_a_server_that_is_away_is_asked_once_per_sweep(settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    for number in range(5):
        queued(key=f"payment:{number}")
    delivery.sweep()
    assert sorted(OutboxMessage.objects.values_list("tries", flat=True)) == [0, 0, 0, 0, 1]
    assert set(OutboxMessage.objects.values_list("status", flat=True)) == {Status.QUEUED}


@pytest.mark.both_databases
def test_the_sweep_never_reads_what_was_sent():
    """Both of its queries use a partial index, so a million sent messages cost nothing."""
    OutboxMessage.objects.bulk_create(
        OutboxMessage(kind="receipt", recipient="j@post.example", status=Status.SENT, dedupe_key=f"payment:{number}")
        for number in range(2000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plans: list[str] = []

    def explain_first(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT"):
            execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}", params, many, context)
            plans.append(str(context["cursor"].fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain_first):
        delivery.sweep()
    abandoned, due = plans
    assert "outbox_sending" in abandoned
    assert "outbox_queued" in due


def test_the_sweep_takes_only_what_is_due(sink):
    message = queued()
    OutboxMessage.objects.filter(pk=message.pk).update(next_try_at=later(hours=1))
    delivery.sweep()
    assert sink.connections == 0
    delivery.sweep(now=later(hours=2))
    assert len(sink.mails) == 1


def test_the_sweep_goes_on_when_another_worker_took_one_that_it_drew(sink, monkeypatch):
    for number in range(5):
        queued(key=f"payment:{number}")
    draw = random.sample

    def another_is_faster(keys: list[int], count: int) -> list[int]:
        drawn = draw(keys, count)
        if len(keys) == 5:
            OutboxMessage.objects.filter(pk=drawn[0]).update(status=Status.SENDING, claimed_at=timezone.now())
        return drawn

    monkeypatch.setattr(batches, "SWEEP_BATCH", 2)
    monkeypatch.setattr(random, "sample", another_is_faster)
    assert delivery.sweep() is False
    assert len(sink.mails) == 4, "all but the one that the other worker sends"


def test_what_a_dead_worker_left_is_in_doubt_once(sink):
    message = queued()
    OutboxMessage.objects.filter(pk=message.pk).update(status=Status.SENDING, claimed_at=timezone.now())
    delivery.sweep(now=later(minutes=9))
    message.refresh_from_db()
    assert message.status == Status.SENDING  # it may still be at work
    for _ in range(2):
        delivery.sweep(now=later(minutes=11))
    message.refresh_from_db()
    assert message.status == Status.IN_DOUBT
    assert StaffTask.objects.get().kind == StaffTask.Kind.MESSAGE_IN_DOUBT
    assert sink.mails == []


def test_an_address_that_changes_while_a_sweep_works_is_the_one_that_is_written_to(sink, monkeypatch):
    first, second = queued(email="een@post.example"), queued(key="payment:2", email="twee@post.example")
    due = batches.next_due

    def batch_read_before(at: datetime) -> list[OutboxMessage]:
        found = due(at)
        waiting = OutboxMessage.objects.filter(pk=second.pk, status=Status.QUEUED)
        delivery.readdress(waiting, to="nieuw@post.example")
        return found

    monkeypatch.setattr(batches, "next_due", batch_read_before)
    delivery.sweep()
    assert [mail["To"] for mail in sink.mails] == [first.recipient, "nieuw@post.example"]
