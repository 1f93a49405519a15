"""Announcements are made together, shared among workers, and none is made twice, whichever worker dies."""

import threading
import time
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing import rows
from billing.dunning import announcements, planning
from billing.invoices import holds, schedule
from billing.models import FailedTry, Hold, Invoice, Letter, OutboxMessage, Patient, ReminderStep, StaffTask
from billing.outbox import delivery
from tests.billing.invoices.schedule_walk import MONDAY, at, new_invoice
from tests.billing.outbox.test_outbox_races import in_threads

NOW = at(MONDAY)
Status = ReminderStep.Status


def make_all() -> None:
    while announcements.make_next(now=NOW):
        pass


@pytest.fixture(autouse=True)
def _by_day(settings):
    settings.NOTICE_HOURS = (7, 22)


@pytest.mark.django_db
class TestMaking:
    def test_seven_take_no_more_queries_than_one(self):
        counts = []
        for amount in (1, 7):
            for _ in range(amount):
                new_invoice()
            with CaptureQueriesContext(connection) as queries:
                assert announcements.make_next(now=NOW) == amount
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 18

    def test_on_sqlite_others_get_a_moment_to_write_between_two_lots(self, monkeypatch):
        waited = []
        monkeypatch.setattr(rows, "time", SimpleNamespace(sleep=waited.append))
        monkeypatch.setattr(announcements, "AT_ONCE", 1)
        for _ in range(3):
            new_invoice()
        assert not planning._announce(NOW, until=time.monotonic() + 30)
        assert waited == [rows.PAUSE_SECONDS] * (3 if connection.vendor == "sqlite" else 0)

    def test_each_letter_has_the_message_and_the_amount_of_its_own_invoice(self):
        invoices = [new_invoice() for _ in range(3)]
        make_all()
        for row in ReminderStep.objects.select_related("letter__message", "invoice__patient"):
            assert row.status == Status.COMPOSED
            assert row.letter.patient == row.invoice.patient
            assert row.letter.message.invoice_id == row.invoice_id
            assert row.letter.message.recipient == row.invoice.patient.email
            assert row.letter.message.dedupe_key == f"letter:{row.letter_id}"
            assert row.amount == row.principal == row.letter.principal
        assert {row.invoice_id for row in ReminderStep.objects.all()} == {invoice.pk for invoice in invoices}

    def test_of_an_invoice_at_rest_the_announcement_says_so_and_of_its_neighbour_not(self):
        resting, other = new_invoice(), new_invoice()
        Hold.objects.create(invoice=resting, reason=Hold.STAFF, placed_by="test")
        assert holds.is_on_hold(resting.pk)
        make_all()
        words = dict(OutboxMessage.objects.values_list("invoice_id", "text"))
        assert "Betaal nog niet" in words[resting.pk]
        assert "Betaal nog niet" not in words[other.pk]

    def test_what_may_not_be_announced_is_left_and_its_neighbours_are_made(self):
        unknown, paid, last = new_invoice(), new_invoice(amount="0.00"), new_invoice()
        Patient.objects.filter(pk=unknown.patient_id).update(email="")
        make_all()
        assert list(OutboxMessage.objects.values_list("invoice_id", flat=True)) == [last.pk]
        reasons = dict(ReminderStep.objects.values_list("invoice_id", "reason"))
        assert reasons == {unknown.pk: "no_address", paid.pk: "paid", last.pk: ""}
        assert StaffTask.objects.get().invoice_id == unknown.pk

    def test_one_that_fails_keeps_no_neighbour_waiting_and_is_tried_again(self):
        wrong, right = new_invoice(), new_invoice()
        Patient.objects.filter(pk=wrong.patient_id).update(language="xx")  # no template has this language
        make_all()
        assert OutboxMessage.objects.get().invoice == right
        assert FailedTry.objects.get().row == wrong.pk
        Patient.objects.filter(pk=wrong.patient_id).update(language="nl")
        announcements.make_next(now=NOW + timedelta(minutes=2))
        assert OutboxMessage.objects.filter(invoice=wrong).exists()
        assert not FailedTry.objects.exists()

    def test_one_that_had_to_wait_comes_after_the_new_ones(self, monkeypatch):
        monkeypatch.setattr(announcements, "AT_ONCE", 1)
        waited, new = new_invoice(), new_invoice()
        ReminderStep.objects.filter(invoice=waited).update(next_try_at=NOW - timedelta(minutes=5))
        for invoice in (new, waited):
            announcements.make_next(now=NOW)
            assert OutboxMessage.objects.latest("pk").invoice == invoice


def claims_of_two_workers(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Let two workers make announcements, each having claimed before either writes; return what each claimed.

    SQLite lets one in after the other.
    """
    monkeypatch.setattr(announcements, "AT_ONCE", 3)
    both, claim, claims = threading.Barrier(2), announcements._claim, []

    def claim_and_wait(*args: Any) -> list[int]:
        keys = claim(*args)
        claims.append(keys)
        with suppress(threading.BrokenBarrierError):
            both.wait(timeout=30 if connection.vendor == "postgresql" else 0.2)
        return keys

    monkeypatch.setattr(announcements, "_claim", claim_and_wait)
    counts = in_threads(*[lambda: announcements.make_next(now=NOW)] * 2)
    assert counts == [3, 3]
    return claims


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
class TestSharing:
    def test_two_workers_take_different_invoices_and_announce_each_once(self, monkeypatch):
        invoices = [new_invoice() for _ in range(6)]
        one, other = claims_of_two_workers(monkeypatch)
        assert sorted(one + other) == [invoice.pk for invoice in invoices]
        sent_to = OutboxMessage.objects.order_by("invoice").values_list("invoice_id", flat=True)
        assert list(sent_to) == [invoice.pk for invoice in invoices]
        assert not StaffTask.objects.exists()

    def test_twin_without_the_lock_both_take_the_same_and_one_works_in_vain(self, monkeypatch):
        if connection.vendor == "sqlite":
            return  # its one writer is the lock, and can't be turned off
        for _ in range(6):
            new_invoice()

        def unlocked(waiting: Any) -> list[int]:
            return list(
                waiting.order_by("next_try_at", "pk").values_list("invoice_id", flat=True)[: announcements.AT_ONCE]
            )

        monkeypatch.setattr(announcements, "_lock", unlocked)
        one, other = claims_of_two_workers(monkeypatch)
        assert one == other
        assert OutboxMessage.objects.count() == 3
        assert FailedTry.objects.count() == 0, "the compare-and-set found them made: nothing is left to try"

    def test_what_a_dead_worker_had_claimed_is_free_at_once(self):
        invoices = [new_invoice() for _ in range(2)]

        def claim_and_die() -> None:
            with transaction.atomic():
                assert len(announcements._claim(NOW)) == 2
                connection.connection.close()  # as when the process is killed
                connection.connection = None
                connection.in_atomic_block = False

        in_threads(claim_and_die)
        assert announcements.make_next(now=NOW) == 2
        assert Letter.objects.count() == OutboxMessage.objects.count() == len(invoices)

    def test_a_patient_whom_somebody_has_is_passed_over_and_comes_later(self):
        if connection.vendor == "sqlite":
            return  # whoever writes has the whole database
        held, free = new_invoice(), new_invoice()
        has_it, may_go = threading.Event(), threading.Event()

        def pay() -> None:
            with transaction.atomic():
                Invoice.objects.select_for_update(no_key=True).get(pk=held.pk)
                has_it.set()
                assert may_go.wait(30)

        def announce() -> None:
            assert has_it.wait(30)
            try:
                assert announcements.make_next(now=NOW) == 1
            finally:
                may_go.set()

        assert in_threads(pay, announce) == [None, None]
        assert OutboxMessage.objects.get().invoice == free
        make_all()
        assert OutboxMessage.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
class TestSending:
    def test_what_follows_seven_mails_takes_no_more_queries_than_what_follows_one(self, sink):
        counts = []
        for amount in (1, 7):
            invoices = [new_invoice() for _ in range(amount)]
            make_all()
            with CaptureQueriesContext(connection) as queries:
                assert not delivery.sweep(now=NOW)
            counts.append(len(queries) - max(i for i, one in enumerate(queries) if "'sent', \"sent_at\"" in one["sql"]))
            taken = ReminderStep.objects.filter(invoice__in=invoices, status=Status.TAKEN, closed_at__isnull=False)
            assert taken.filter(letter__sent_on=MONDAY, letter__delivered_on__gt=MONDAY).count() == amount
        assert counts[0] == counts[1]
        assert len(sink.mails) == Letter.objects.count() == 8

    def test_a_letter_that_can_not_be_followed_keeps_no_other_from_its_term(self, sink, monkeypatch):
        invoices = [new_invoice() for _ in range(3)]
        make_all()
        next_step_of = schedule.next_step_of

        def fails_for_one(invoice, *told, **known):
            if invoice == invoices[1]:
                raise ArithmeticError
            return next_step_of(invoice, *told, **known)

        with monkeypatch.context() as broken:
            broken.setattr(schedule, "next_step_of", fails_for_one)
            delivery.sweep(now=NOW)
        sent = Letter.objects.exclude(sent_on=None).values_list("steps__invoice", flat=True)
        assert (len(sink.mails), sorted(sent)) == (3, [invoices[0].pk, invoices[2].pk])
        task = StaffTask.objects.get(kind=StaffTask.Kind.RULE_FAILED)
        assert (task.invoice, task.closed_at) == (invoices[1], None)
        planning._follow(NOW)
        assert not Letter.objects.filter(sent_on=None).exists()
        assert ReminderStep.objects.filter(status=Status.TAKEN).count() == 3
        task.refresh_from_db()
        assert task.closed_at, "it is done"
