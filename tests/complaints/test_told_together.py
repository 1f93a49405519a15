"""Files are told together how they stand: as each alone would be, once, and one that fails takes no other with it."""

import random
from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import AuditEvent, FailedTry, OutboxMessage, StaffTask
from complaints import days, filing, handling
from complaints.models import Complaint, ComplaintMessage, Mandate
from tests import factories
from tests.banking.matching.test_alike import CODE, undone, without_keys
from tests.billing.payments.test_payment_races import at_once, meet
from tests.complaints.test_files import filed

TODAY = timezone.localdate()
DUE = TODAY + timedelta(days=40)
Status = Complaint.Status
FAILING = (5, 11)


def spoken_for(complaint: Complaint, pick: random.Random) -> None:
    """Let somebody speak for the patient: asked, agreed, out of time, not to read what we write, or ended."""
    stands: dict[str, Any] = {"confirmed_at": timezone.now(), "valid_until": TODAY + timedelta(days=90)}
    more = pick.choice([
        {}, stands, stands | {"valid_until": TODAY - timedelta(days=1)}, stands | {"may_receive": False},
        {"ended_at": timezone.now()},
    ])  # fmt: skip
    Mandate.objects.create(complaint=complaint, proof_by=TODAY, **more)


def files(seed: int) -> None:
    """Make files about us and about care, in all states, some of which staff wrote in lately; of two all fails."""
    pick = random.Random(seed)
    practices = [factories.provider(), factories.provider()]
    for number in range(24):
        patient = factories.patient(provider=pick.choice(practices))
        email = pick.choice(["iemand@post.example", "", patient.email])
        said = filing.Said(story="Nooit een brief gehad.", email=email, phone="0612345678")
        about = factories.invoice(patient=patient).pk if pick.random() < 0.8 else None
        subject = pick.choice(["care", "letters", "price"]) if about else "service"
        complaint = filing.file(said, subject=subject, invoice_id=about)
        changes: dict[str, Any] = {
            "status": pick.choice([*Complaint.OPEN, Status.ANSWERED]),
            "language": pick.choice(["nl", "en"]),
            "answer_by": DUE + timedelta(days=pick.choice([-1, 0, 9])),
            "next_state_on": pick.choice([DUE, DUE, DUE - timedelta(days=25), DUE + timedelta(days=1), None]),
            "states_told": pick.randint(0, 2),
        }
        if changes["status"] == Status.WAITING_FOR_PATIENT:
            changes["waits_until"] = DUE + timedelta(days=3)
        if number in FAILING:
            changes |= {"status": Status.RECEIVED, "next_state_on": DUE, "sealed_facts": b"unreadable"}
        Complaint.objects.filter(pk=complaint.pk).update(**changes)
        if number not in FAILING and pick.random() < 0.4:
            moment = timezone.now() + timedelta(days=pick.choice([30, 38]))
            kind = pick.choice(["acknowledgement", "reply"])
            handling.say(complaint, kind, "Ik ben Anna.", by=pick.choice(["staff:anna", "system"]), now=moment)
        if about and pick.random() < 0.4:
            spoken_for(complaint, pick)


def told() -> dict[str, Any]:
    """Return all that the day left, without the codes of mails and the tokens of messages."""
    mails = OutboxMessage.objects.filter(kind="complaint_state").order_by("dedupe_key")
    states = ComplaintMessage.objects.filter(kind="state").order_by("complaint")
    return {
        "files": sorted(Complaint.objects.values_list("pk", "status", "states_told", "next_state_on"), key=str),
        "messages": [(one.complaint_id, one.by, one.channel, one.received_on, one.text) for one in states],
        "mails": [
            (one.dedupe_key, one.invoice_id, one.language, one.recipient, one.subject, CODE.sub("", one.text))
            for one in mails
        ],
        "tasks": sorted(StaffTask.objects.values_list("dedupe_key", "invoice", "provider", "note"), key=str),
        "trail": sorted((one.action, without_keys(one.details)) for one in AuditEvent.objects.all()),
        "failed": sorted(FailedTry.objects.values_list("rule", "row", "error")),
    }  # fmt: skip


@pytest.mark.both_databases
@pytest.mark.django_db
def test_files_are_told_together_what_they_are_told_alone(monkeypatch):
    files(seed=7)

    def in_chunks(together: int) -> dict[str, Any]:
        monkeypatch.setattr(days, "TOGETHER", together)
        days.run_day(DUE)
        return told()

    alone, together = undone(lambda: in_chunks(1)), undone(lambda: in_chunks(100))
    assert min(len(alone[name]) for name in ("messages", "mails", "tasks")) > 4
    assert [error for _rule, _row, error in alone["failed"]] == ["Unreadable"] * len(FAILING)
    assert {name: rows for name, rows in together.items() if rows != alone[name]} == {}


@pytest.mark.django_db
def test_twenty_files_take_as_many_queries_as_two():
    practice = factories.provider()

    def queries(amount: int) -> int:
        for _ in range(amount):
            filed(factories.invoice(patient=factories.patient(provider=practice)), subject="care")
        Complaint.objects.filter(states_told=0).update(next_state_on=DUE)
        with CaptureQueriesContext(connection) as captured:
            days.run_day(DUE)
        return len(captured)

    few, many = queries(2), queries(20)
    assert StaffTask.objects.filter(kind=days.SILENT).count() == 22
    assert many - few <= 3, "an INSERT of many rows is cut where SQLite has no more room for values"


def three_due() -> None:
    for _ in range(3):
        filed(factories.invoice())
    Complaint.objects.update(next_state_on=DUE)


def both_run_the_day() -> None:
    at_once([lambda: days.run_day(DUE), lambda: days.run_day(DUE)], threads=2)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_two_that_run_the_day_tell_each_file_once(caplog):
    three_due()
    both_run_the_day()
    assert ComplaintMessage.objects.filter(kind="state").count() == 3
    assert OutboxMessage.objects.filter(kind="complaint_state").count() == 3
    assert "each is tried alone" not in caplog.text


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_twin_without_the_locks_files_are_told_twice(monkeypatch):
    three_due()
    unlocked = meet(lambda keys: list(Complaint.objects.filter(pk__in=keys)), 2, when_read=True)
    monkeypatch.setattr(handling, "lock_each", unlocked)
    monkeypatch.setattr(days, "transaction", SimpleNamespace(atomic=nullcontext))  # the lock of SQLite
    both_run_the_day()
    assert ComplaintMessage.objects.filter(kind="state").count() > 3
