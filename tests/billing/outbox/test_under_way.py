"""Mails of one sweep that are under way side by side: what one of them meets is not what the others meet."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from billing.channels import smtp
from billing.models import FailedTry, OutboxMessage, StaffTask
from billing.outbox import batches, delivery
from tests.billing.outbox.test_outbox import Status, later, queued
from tests.smtp_sink import HANG_UP, Sink

pytestmark = pytest.mark.django_db
CONNECTIONS = 4


@pytest.fixture(autouse=True)
def _side_by_side(settings):
    settings.EMAIL_CONNECTIONS = CONNECTIONS


def several(amount: int) -> list[OutboxMessage]:
    return [queued(key=f"payment:{number}", email=f"mail{number}@post.example") for number in range(amount)]


def statuses() -> list[str]:
    return sorted(OutboxMessage.objects.values_list("status", flat=True))


def arrived(sink: Sink) -> list[str]:
    """The addresses of what is sent, each mail of which is at the server once."""
    addresses = sorted(mail["To"] for mail in sink.mails)
    sent = OutboxMessage.objects.filter(status=Status.SENT).values_list("recipient", flat=True)
    assert set(sent) <= set(addresses)
    assert len(addresses) == len(set(addresses))
    return addresses


def hold_all_but_the_first(sink: Sink, *, until: int) -> None:
    """Let the answers wait, but to the first mail, which opens the other connections."""
    sink.held, sink.awaited = range(2, 100), until
    sink.may_answer.clear()


@contextmanager
def answered_together(sink: Sink, mails: int) -> Iterator[None]:
    """Let the server answer when so many mails are wholly in, side by side."""
    hold_all_but_the_first(sink, until=1 + mails)
    answering = threading.Thread(target=lambda: sink.taken.wait(30) and sink.may_answer.set())
    answering.start()
    yield
    answering.join()


def before(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[int], object]) -> None:
    """Let `act` happen before each call of this function of delivery; it is given the number of the call."""
    original, calls = getattr(delivery, name), []

    def act_first(*given: Any) -> Any:
        calls.append(given)
        act(len(calls))
        return original(*given)

    monkeypatch.setattr(delivery, name, act_first)


def test_a_slow_answer_holds_no_other_mail(sink, monkeypatch):
    several(6)
    sink.held = {2}
    sink.may_answer.clear()
    before(monkeypatch, "_sent", lambda number: number == 5 and sink.may_answer.set())
    delivery.sweep()
    assert sink.may_answer.is_set(), "the others were recorded while that one was waited for"
    assert statuses() == [Status.SENT] * 6


def test_all_connections_are_used_and_no_more(sink):
    several(9)
    with answered_together(sink, CONNECTIONS):
        delivery.sweep()
    assert (statuses(), sink.connections, len(arrived(sink))) == ([Status.SENT] * 9, CONNECTIONS, 9)


def test_a_server_that_dies_with_several_mails_leaves_those_in_doubt_and_the_others_waiting(sink):
    several(1 + 2 * CONNECTIONS)
    sink.answers["MAIL"] = ["250 OK"] * (1 + CONNECTIONS) + [HANG_UP] * 50
    sink.answers["DATA"] = ["250 OK"] + [HANG_UP] * CONNECTIONS
    with answered_together(sink, CONNECTIONS):
        delivery.sweep()
    in_doubt, queued_still = [Status.IN_DOUBT] * CONNECTIONS, [Status.QUEUED] * CONNECTIONS
    assert statuses() == [*in_doubt, *queued_still, Status.SENT]
    assert StaffTask.objects.filter(kind=StaffTask.Kind.MESSAGE_IN_DOUBT).count() == CONNECTIONS
    sink.answers["MAIL"].clear()
    delivery.sweep(now=later(hours=1))
    assert statuses() == [*in_doubt, *[Status.SENT] * (1 + CONNECTIONS)]
    assert len(arrived(sink)) == 1 + 2 * CONNECTIONS


def test_an_error_of_ours_in_a_thread_is_recorded_and_holds_no_other_mail(sink, monkeypatch):
    several(6)
    hand_over = smtp.Mailer._hand_over

    def fails_on_one(mailer: smtp.Mailer, mail: bytes) -> None:
        if b"mail3@post.example" in mail:
            raise RuntimeError
        hand_over(mailer, mail)

    monkeypatch.setattr(smtp.Mailer, "_hand_over", fails_on_one)
    delivery.sweep()
    assert statuses() == [Status.SENDING, *[Status.SENT] * 5]
    failed = OutboxMessage.objects.get(status=Status.SENDING)
    assert FailedTry.objects.get(rule="deliver message").row == failed.pk
    assert StaffTask.objects.get(kind=StaffTask.Kind.RULE_FAILED).invoice == failed.invoice
    delivery.sweep(now=later(minutes=11))
    assert statuses() == [Status.IN_DOUBT, *[Status.SENT] * 5]
    assert failed.recipient not in arrived(sink)

    failed.refresh_from_db()
    delivery.send_again(failed, by="anna")
    delivery.sweep(now=later(hours=1))
    assert FailedTry.objects.get(rule="deliver message").tries == 2, "a claim alone forgets no failure"


def stop_while_two_are_under_way(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    several(6)
    hold_all_but_the_first(sink, until=3)

    def stop_at_the_fourth(number: int) -> None:
        if number == 4:
            assert sink.taken.wait(30)
            sink.may_answer.set()
            raise KeyboardInterrupt

    before(monkeypatch, "_claim", stop_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        delivery.sweep()


def test_a_sweep_that_must_stop_records_what_is_under_way(sink, monkeypatch):
    stop_while_two_are_under_way(sink, monkeypatch)
    assert statuses() == [Status.QUEUED] * 3 + [Status.SENT] * 3
    assert len(arrived(sink)) == 3


def test_twin_that_records_nothing_when_it_must_stop(sink, monkeypatch):
    monkeypatch.setattr(delivery._UnderWay, "__exit__", lambda *_: None)
    stop_while_two_are_under_way(sink, monkeypatch)
    assert statuses() == [Status.QUEUED] * 3 + [Status.SENDING] * 2 + [Status.SENT]


def test_what_can_not_be_recorded_keeps_no_other_from_being_recorded(sink, monkeypatch):
    """As when the database is lost for a moment: `isolated` can't write there that it failed either."""
    several(1 + CONNECTIONS)

    def lose_the_database(number: int) -> None:
        if number == 2:
            raise KeyboardInterrupt

    before(monkeypatch, "_record", lose_the_database)
    with answered_together(sink, CONNECTIONS), pytest.raises(KeyboardInterrupt):
        delivery.sweep()
    assert statuses() == [Status.SENDING, *[Status.SENT] * CONNECTIONS]


def test_a_mail_for_which_there_is_no_thread_any_more_is_in_doubt_and_the_sweep_ends(sink, monkeypatch):
    """As when a second signal ends Python at once: whether it leaves, nobody can know."""
    several(9)
    mailers = smtp.Mailers()
    monkeypatch.setattr(smtp, "Mailers", lambda: mailers)
    before(monkeypatch, "_claim", lambda number: number == 4 and mailers._threads.shutdown(wait=False))
    with pytest.raises(RuntimeError, match="cannot schedule"):
        delivery.sweep()
    assert statuses() == [Status.IN_DOUBT, *[Status.QUEUED] * 5, *[Status.SENT] * 3]
    assert len(arrived(sink)) == 3


def one_that_failed() -> tuple[OutboxMessage, batches.Batch]:
    (message,) = several(1)
    FailedTry.objects.create(rule=batches.DELIVER, row=message.pk, error="TypeError", next_try_at=timezone.now())
    return message, batches.read([message], timezone.now())


def test_what_another_worker_has_is_not_taken_as_mended(sink):
    message, batch = one_that_failed()
    OutboxMessage.objects.update(status=Status.SENDING)
    with smtp.Mailers() as mailers, delivery._UnderWay(mailers, None) as under_way:
        under_way.send(message, batch)
    assert FailedTry.objects.exists()


@pytest.mark.parametrize(("answer", "left"), [("250 OK", 0), ("451 later", 1), ("550 no such mailbox", 0)])
def test_a_failure_is_forgotten_when_a_mail_is_over(sink, answer, left):
    message, batch = one_that_failed()
    sink.answers["RCPT"] = [answer]
    with smtp.Mailers() as mailers, delivery._UnderWay(mailers, None) as under_way:
        under_way.send(message, batch)
    assert FailedTry.objects.count() == left


def test_a_failure_is_forgotten_when_a_person_knows_that_the_mail_arrived():
    message, _batch = one_that_failed()
    OutboxMessage.objects.update(status=Status.IN_DOUBT)
    message.refresh_from_db()
    delivery.mark_delivered(message, by="anna")
    assert not FailedTry.objects.exists()


def test_a_name_of_a_mail_server_that_can_be_none_is_no_fault_of_a_mail(settings):
    settings.EMAIL_HOST = "mail..example.nl"
    several(3)
    delivery.sweep()
    assert statuses() == [Status.QUEUED] * 3
    assert StaffTask.objects.filter(kind=StaffTask.Kind.GATEWAY_ALARM).count() == 1


def test_nothing_more_is_claimed_when_the_time_is_over(sink, monkeypatch):
    """It is looked at after the wait for a connection, which may take as long as the mail server thinks."""
    several(3)
    clock = [0.0]
    monkeypatch.setattr(delivery, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    before(monkeypatch, "_record", lambda number: clock.insert(0, delivery.SWEEP_SECONDS + 1))
    assert delivery.sweep() is True
    assert statuses() == [Status.QUEUED] * 2 + [Status.SENT]
