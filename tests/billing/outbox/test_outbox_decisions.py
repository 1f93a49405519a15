"""What staff may decide about a message that is not sent again automatically."""

import pytest

from billing.errors import Refused, Stale
from billing.models import AuditEvent, OutboxMessage, StaffTask
from billing.outbox import delivery
from tests.billing.outbox.test_outbox import deliver, queued
from tests.smtp_sink import HANG_UP, Sink

pytestmark = pytest.mark.django_db
Status = OutboxMessage.Status


def in_doubt(sink: Sink, *, key: str = "payment:1") -> OutboxMessage:
    sink.answers["DATA"] = [HANG_UP]
    return deliver(queued(key=key))


def test_a_person_has_it_sent_again_under_the_same_message_id(sink):
    message = in_doubt(sink)
    delivery.send_again(message, by="staff:anna")
    assert (message.status, message.tries) == (Status.QUEUED, 0)
    deliver(message)
    assert message.status == Status.SENT
    assert sink.mails[0]["Message-ID"] == sink.mails[1]["Message-ID"]
    event = AuditEvent.objects.get(action="message_sent_again")
    assert (event.by, event.invoice) == ("staff:anna", message.invoice)


def test_a_person_knows_that_it_arrived(sink):
    message = in_doubt(sink)
    delivery.mark_delivered(message, by="staff:anna")
    message.refresh_from_db()
    assert (message.status, message.sent_at) == (Status.SENT, message.claimed_at)
    assert AuditEvent.objects.filter(action="message_marked_delivered", by="staff:anna").count() == 1


def test_doubt_about_the_second_sending_is_asked_again(sink):
    message = in_doubt(sink)
    delivery.send_again(message, by="staff:anna")
    sink.answers["DATA"] = [HANG_UP]
    deliver(message)
    assert message.status == Status.IN_DOUBT
    assert StaffTask.objects.filter(kind=StaffTask.Kind.MESSAGE_IN_DOUBT).count() == 2


def test_a_failed_message_can_be_sent_again_but_never_marked_delivered(sink):
    message = queued()
    sink.answers["RCPT"] = ["550 no"]
    deliver(message)
    with pytest.raises(Refused):
        delivery.mark_delivered(message, by="staff:anna")
    delivery.send_again(message, by="staff:anna")
    assert deliver(message).status == Status.SENT


def test_nobody_decides_about_a_message_that_is_waiting_or_sent(sink):
    message = queued()
    for decide in (delivery.send_again, delivery.mark_delivered):
        with pytest.raises(Refused):
            decide(message, by="staff:anna")
    deliver(message)
    for decide in (delivery.send_again, delivery.mark_delivered):
        with pytest.raises(Refused):
            decide(message, by="staff:anna")


def test_the_second_of_two_decisions_is_stale(sink):
    message = in_doubt(sink)
    seen_by_another = OutboxMessage.objects.get(pk=message.pk)
    delivery.mark_delivered(message, by="staff:anna")
    with pytest.raises(Stale):
        delivery.send_again(seen_by_another, by="staff:bert")
    assert len(sink.mails) == 1
