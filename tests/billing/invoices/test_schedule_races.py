"""Beats, workers, patients and staff at once: one message for each step, and never one that must not be sent."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from billing import ledger, rooms
from billing.adjustments import charges
from billing.dunning import letters, planning
from billing.invoices import holds, schedule
from billing.law.calendar import is_holiday, is_sending_moment
from billing.ledger.verification import discrepancies
from billing.models import (
    Hold,
    Invoice,
    LedgerTransaction,
    Letter,
    OutboxMessage,
    Patient,
    PaymentPlan,
    Provider,
    ReminderStep,
)
from billing.outbox import delivery
from tests import factories
from tests.billing.invoices.schedule_walk import MONDAY, NOTICED, Step, at, live, new_invoice
from tests.billing.meeting import KEPT_WAITING, PATIENCE
from tests.billing.outbox.test_outbox_races import in_threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
Status = ReminderStep.Status
REMINDED = date(2026, 4, 8)  # the day of the reminder of an invoice of MONDAY with thirty days to pay
# The days on which a step falls for the invoices of the long test.
FALLS = [date(2026, *day) for day in (
    (3, 2), (3, 9), (3, 11), (3, 19), (3, 23), (4, 2), (4, 10), (4, 23), (5, 1), (5, 8),
)]  # fmt: skip
_keys = itertools.count()


@pytest.fixture(autouse=True)
def _by_day(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


def pay(invoice: Invoice, amount: str = "100.00") -> None:
    with transaction.atomic():
        locked = ledger.lock_invoice(invoice.pk)
        facts = {"external_id": f"race:{next(_keys)}", "occurred_at": at(REMINDED), "by": "test"}
        ledger.post(locked, LedgerTransaction.Kind.PAYMENT, -Decimal(amount), **facts)


def agree(invoice: Invoice, kind: str) -> None:
    """Do to the schedule what an agreement to pay later does, whatever its dates."""
    with transaction.atomic():
        locked = ledger.lock_invoice(invoice.pk)
        if ledger.balance(locked.pk) > 0 and not PaymentPlan.objects.filter(invoice=locked, status="active").exists():
            PaymentPlan.objects.create(invoice=locked, kind=kind, total=Decimal("100.00"), agreed_by="guest")
            schedule.interrupt(locked, due_on=date(2026, 6, 1), today=REMINDED)


def hold(invoice: Invoice) -> None:
    holds.place_hold(invoice, Hold.STAFF, by="staff:els")


def remind() -> None:
    planning.run_day(REMINDED)
    for minute in range(3):
        planning.sweep(now=at(REMINDED, 10, minute))
        delivery.sweep(now=at(REMINDED, 10, minute))


# --- two beats and three workers --------------------------------------------------------------------


def run_days(days: list[date], actors: list[Callable[[date, int], None]]) -> list[Any]:
    """Let every actor do its part of each day; all begin together at ten, and now and then also too early.

    Workers keep sweeping until the beats have finished the day, as in production: a slow beat delays no letter a day.
    """
    meeting = threading.Barrier(len(actors))

    def work(hand: Callable[[date, int], None]) -> None:
        for day in days:
            for hour in (6, 10) if day.day % 5 == 0 else (10,):
                meeting.wait(60)
                hand(day, hour)
                meeting.wait(60)
                if hand is worker:
                    hand(day, hour)

    return in_threads(*[lambda hand=hand: work(hand) for hand in actors])


def beat(day: date, hour: int) -> None:
    planning.run_day(day)


def worker(day: date, hour: int) -> None:
    for minute in (30, 40):
        planning.sweep(now=at(day, hour, minute))
        delivery.sweep(now=at(day, hour, minute))


def test_two_beats_and_three_workers_for_seventy_days_send_one_message_for_each_step(sink):
    """Easter, King's Day and Liberation Day are among these days; one of the two patients has two invoices."""
    first = new_invoice(days=9)
    made = [first, new_invoice(days=9, patient=first.patient), new_invoice(days=16)]
    # Each of them, with the day before and the day after; of the idle days in between only the holidays.
    seventy = [MONDAY + timedelta(days=n) for n in range(70)]
    days = [day for day in seventy if is_holiday(day) or min(abs(day - falls) for falls in FALLS) <= timedelta(days=1)]
    assert run_days(days, [beat, beat, worker, worker, worker]) == [None] * 5
    messages = list(OutboxMessage.objects.all())
    assert {message.status for message in messages} == {"sent"}
    assert len(sink.mails) == len(messages) == len({mail["Message-ID"] for mail in sink.mails})
    assert all(message.kind == "invoice_notice" or is_sending_moment(message.sent_at) for message in messages)
    taken = Counter(ReminderStep.objects.filter(status=Status.TAKEN).values_list("invoice_id", "step", "due_on"))
    assert set(taken.values()) == {1}
    steps = {
        invoice.pk: sorted(
            ReminderStep.objects.filter(invoice=invoice, status=Status.TAKEN).values_list("step", flat=True)
        )
        for invoice in made
    }
    assert steps == {invoice.pk: [0, 1, 2, 3, 4, 5] for invoice in made} or steps[made[2].pk] == [0, 1, 2, 3, 4]
    assert {timezone.localtime(m.sent_at).date() for m in messages} <= set(FALLS), "nothing was late"
    of_first = [m.kind for m in messages if m.recipient == first.patient.email]
    assert Counter(of_first) == {
        "invoice_notice": 2, "friendly_note": 1, "reminder": 1, "final_notice": 1, "notice_of_costs": 1, "final": 1,
    }  # fmt: skip
    assert list(discrepancies()) == []


# --- all orders of what may happen at once -----------------------------------------------------------


ACTS: dict[str, Callable[[Invoice], None]] = {
    "payment": pay,
    "deferral": lambda invoice: agree(invoice, "deferral"),
    "plan": lambda invoice: agree(invoice, "installments"),
    "hold": hold,
    "reminder": lambda invoice: remind(),
}


@pytest.fixture
def reminded_today() -> Invoice:
    """Create an invoice whose reminder falls today."""
    invoice = new_invoice()
    for day in (MONDAY, MONDAY + timedelta(days=23)):
        live(day)
    return invoice


def check(invoice: Invoice) -> None:
    """Check the invariants that hold in whatever order things happened."""
    assert list(discrepancies()) == []
    invoice.refresh_from_db()
    assert PaymentPlan.objects.filter(invoice=invoice, status="active").count() <= 1
    letters_of = OutboxMessage.objects.filter(invoice=invoice)
    assert letters_of.filter(kind="reminder", status="sent").count() <= 1
    before = letters_of.filter(status="sent").count()
    remind()
    resting = holds.active_hold(invoice.pk) or invoice.plans.filter(status="active").exists() or invoice.settled_at
    if resting:
        assert letters_of.filter(status="sent").count() == before, "nothing leaves after the fact"


@pytest.mark.parametrize("names", [*itertools.combinations(ACTS, 3), tuple(ACTS)], ids="-".join)
def test_whatever_happens_at_once_the_books_and_the_letters_are_right(names, reminded_today):
    results = in_threads(*[lambda act=ACTS[name]: act(reminded_today) for name in names])
    assert results == [None] * len(names)
    check(reminded_today)


# --- a hold that falls in while a letter is made, and the twin without the lock ----------------------------


def hold_while_a_letter_is_made(invoice: Invoice, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let staff place a hold after the composer found no blockers and before it writes."""
    looked, written = threading.Event(), threading.Event()
    write = letters._compose_letter

    def slowly(*args: Any, **kwargs: Any) -> None:
        looked.set()
        written.wait(seconds)
        write(*args, **kwargs)

    monkeypatch.setattr(letters, "_compose_letter", slowly)

    def place() -> None:
        assert looked.wait(20)
        hold(invoice)
        written.set()

    def make() -> None:
        planning.sweep(now=at(REMINDED))

    planning.run_day(REMINDED)
    assert in_threads(make, place) == [None, None]
    monkeypatch.setattr(letters, "_compose_letter", write)
    delivery.sweep(now=at(REMINDED, 11))


def test_a_hold_that_waits_for_the_letter_withdraws_it(reminded_today, monkeypatch):
    hold_while_a_letter_is_made(reminded_today, monkeypatch, KEPT_WAITING)
    assert OutboxMessage.objects.get(kind="reminder").status == "canceled"


@pytest.fixture
def lock_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove the locks, the transactions and the last check: only the first check of the blockers is left."""
    no_transaction = SimpleNamespace(atomic=lambda **_options: nullcontext(), on_commit=transaction.on_commit)
    for module in (letters, holds, ledger):
        monkeypatch.setattr(module, "transaction", no_transaction)
    monkeypatch.setattr(holds, "lock_invoice", lambda pk: Invoice.objects.get(pk=pk))
    monkeypatch.setattr(
        letters, "_lock_patients", lambda ids, **_: Patient.objects.select_related("provider").in_bulk(ids)
    )

    def unlocked(patients: dict[int, Patient], ids: Any) -> list[Invoice]:
        found = list(Invoice.objects.filter(pk__in=list(ids)).order_by("pk"))
        for invoice in found:
            invoice.patient = patients[invoice.patient_id]
            invoice.provider = invoice.patient.provider
        return found

    monkeypatch.setattr(letters, "_lock_invoices", unlocked)
    kinds = {kind: replace(said, may_send=None) for kind, said in rooms.message_kinds().items()}
    monkeypatch.setattr(rooms, "message_kinds", lambda: kinds)
    yield
    monkeypatch.undo()


def test_twin_without_lock_and_last_check_the_letter_leaves_in_spite_of_the_hold(reminded_today, monkeypatch, lock_off):
    hold_while_a_letter_is_made(reminded_today, monkeypatch, PATIENCE)
    assert OutboxMessage.objects.get(kind="reminder").status == "sent"
    assert holds.active_hold(reminded_today.pk)


def test_two_composers_of_one_patient_make_one_letter(reminded_today):
    planning.run_day(REMINDED)
    patient_id = reminded_today.patient_id
    acts = [lambda: letters.compose(patient_id, now=at(REMINDED))] * 4
    assert in_threads(*acts) == [None] * 4
    assert OutboxMessage.objects.filter(kind="reminder").count() == 1


@pytest.fixture
def assigned(sink) -> list[Invoice]:
    """One person's invoices of two practices that assigned their claims, each on the day of its 14-day letter."""
    practices = [factories.provider(creditor=Provider.Creditor.OPERATOR) for _n in range(2)]
    patients = [factories.patient(provider=practice, email="een@post.example") for practice in practices]
    invoices = [new_invoice(patient=patient) for patient in patients]
    for day in (MONDAY, REMINDED):
        live(day)
    planning.run_day(NOTICED)
    return invoices


def compose_both(invoices: list[Invoice], monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[Decimal]:
    """Compose for both practices at once, each having read the other's letters before either is written."""
    both_read, counted = threading.Barrier(2), charges.costs_to_announce

    def read_and_wait(*args: Any, **kwargs: Any) -> Decimal:
        costs = counted(*args, **kwargs)
        with suppress(threading.BrokenBarrierError):
            both_read.wait(timeout=seconds)
        return costs

    monkeypatch.setattr(charges, "costs_to_announce", read_and_wait)
    in_threads(*[lambda pk=i.patient_id: letters.compose(pk, now=at(NOTICED)) for i in invoices])
    monkeypatch.setattr(charges, "costs_to_announce", counted)
    for invoice in invoices:  # whoever found the other at work comes later
        letters.compose(invoice.patient_id, now=at(NOTICED))
    return sorted(Letter.objects.filter(step=Step.FINAL_NOTICE).values_list("costs_announced", flat=True))


def test_two_practices_of_one_creditor_announce_the_minimum_once(assigned, monkeypatch):
    assert compose_both(assigned, monkeypatch, KEPT_WAITING) == [Decimal("0.00"), Decimal("40.00")]


def test_twin_without_the_lock_the_minimum_is_announced_twice(assigned, monkeypatch, lock_off):
    assert compose_both(assigned, monkeypatch, PATIENCE) == [Decimal("40.00"), Decimal("40.00")]


def test_two_beats_at_once_plan_a_step_once():
    patient = factories.patient()
    made = [new_invoice(patient=patient, days=9) for _n in range(30)]
    in_threads(*[lambda: planning.plan(MONDAY + timedelta(days=5))] * 3)
    planned = ReminderStep.objects.filter(step=Step.NOTE, status=Status.PLANNED)
    assert sorted(planned.values_list("invoice_id", flat=True)) == sorted(invoice.pk for invoice in made)
