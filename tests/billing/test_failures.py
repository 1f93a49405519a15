"""One row on which a rule fails never keeps the others waiting: in the outbox, the letters, and for months."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing import failures
from billing.dunning import planning
from billing.models import FailedTry, OutboxMessage, Patient, Payment, ReminderStep, StaffTask
from billing.outbox import batches, delivery
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _mail(sink: Any, settings: Any) -> None:
    settings.NOTICE_HOURS = (0, 24)


def message(kind: str, **fields: Any) -> OutboxMessage:
    facts = {"language": "nl", "recipient": "anna@post.example", "subject": "s", "text": "t", "html": "<p>t</p>"}
    return OutboxMessage.objects.create(kind=kind, invoice=factories.invoice(), **facts, **fields)


def a_letter_without_its_letter(n: int) -> OutboxMessage:
    """A row whose last check raises: the message says that it is a letter, and there is none."""
    return message("reminder", dedupe_key=f"broken:{n}", next_try_at=timezone.now() - timedelta(hours=1))


@pytest.mark.usefixtures("_mail")
def test_messages_whose_last_check_raises_keep_no_mail_waiting(monkeypatch):
    monkeypatch.setattr(batches, "SWEEP_BATCH", 3)
    broken = [a_letter_without_its_letter(n) for n in range(3)]
    well = message("receipt", dedupe_key="well")
    delivery.sweep()
    delivery.sweep()
    well.refresh_from_db()
    assert well.status == "sent"
    assert set(OutboxMessage.objects.filter(kind="reminder").values_list("status", flat=True)) == {"queued"}
    tasks = StaffTask.objects.filter(kind="rule_failed")
    assert {task.invoice_id for task in tasks} == {row.invoice_id for row in broken}


@pytest.mark.usefixtures("_mail")
def test_a_message_that_was_queued_again_waits_for_nothing_and_its_task_is_closed():
    row = a_letter_without_its_letter(1)
    delivery.sweep()
    assert FailedTry.objects.get().row == row.pk
    OutboxMessage.objects.update(kind="receipt")  # what was wrong was mended
    delivery.deliver(row.pk)
    row.refresh_from_db()
    assert row.status == "sent"
    assert StaffTask.objects.filter(closed_at=None).count() == FailedTry.objects.count() == 0


@pytest.mark.usefixtures("_mail")
def test_a_thousand_steps_that_wait_keep_no_letter_back(monkeypatch):
    monkeypatch.setattr(planning, "SWEEP_BATCH", 3)
    now = timezone.now()
    for _ in range(3):  # their announcement is not sent, and somebody is paying: they have to wait
        today = timezone.localdate()
        invoice = factories.invoice(issued_on=today - timedelta(days=50), due_on=today - timedelta(days=20))
        ReminderStep.objects.create(invoice=invoice, step=0, due_on=invoice.due_on, planned_on=now.date())
        ReminderStep.objects.filter(invoice=invoice).update(status="taken", closed_at=now - timedelta(days=30))
        tokens = {name: f"{name}{invoice.pk}"[:30] for name in ("token", "webhook_token", "idempotency_key")}
        Payment.objects.create(invoice=invoice, amount=Decimal(1), request_body="{}", status="open", **tokens)
        invoice.next_step = 1
        invoice.save()
        ReminderStep.objects.create(invoice=invoice, step=1, due_on=invoice.due_on, planned_on=now.date())
    last = factories.invoice()
    ReminderStep.objects.create(invoice=last, step=0, due_on=last.due_on, planned_on=now.date())
    monday = now + timedelta(days=(7 - timezone.localtime(now).weekday()) % 7)
    moment = timezone.localtime(monday).replace(hour=11)
    for _ in range(2):
        planning.sweep(now=moment)
    assert ReminderStep.objects.get(invoice=last).status == "composed"


def test_patients_whose_letters_fail_keep_no_other_patient_waiting(monkeypatch, settings):
    settings.NOTICE_HOURS = (0, 24)
    monkeypatch.setattr(planning, "SWEEP_BATCH", 2)
    steps = []
    for _ in range(3):
        invoice = factories.invoice()
        steps.append(
            ReminderStep.objects.create(invoice=invoice, step=0, due_on=invoice.due_on, planned_on=invoice.issued_on)
        )
    Patient.objects.exclude(pk=steps[-1].invoice.patient_id).update(language="xx")  # no template has this language
    for _ in range(2):
        planning.sweep()
    assert [ReminderStep.objects.get(pk=step.pk).status for step in steps] == ["planned", "planned", "composed"]
    assert StaffTask.objects.filter(kind="rule_failed").count() == 2


class TestIsolated:
    def test_the_waits_grow_to_an_hour_and_the_task_is_one(self):
        now, waits = timezone.now(), []
        for _ in range(6):
            assert failures.isolated(lambda: 1 / 0, rule="r", row=7, now=now) is None
            waits.append(FailedTry.objects.get().next_try_at - now)
        assert waits == [timedelta(minutes=m) for m in (1, 4, 16, 60, 60, 60)]
        assert StaffTask.objects.get().note == "ZeroDivisionError"

    def test_another_error_is_another_task_and_success_closes_both(self):
        failures.isolated(lambda: 1 / 0, rule="r", row=7)
        failures.isolated(lambda: [][0], rule="r", row=7)
        failures.isolated(lambda: 1 / 0, rule="r", row=70)
        assert StaffTask.objects.count() == 3
        assert failures.isolated(lambda: "done", rule="r", row=7) == "done"
        assert [task.dedupe_key.split("@")[0] for task in StaffTask.objects.filter(closed_at=None)] == [
            "rule_failed:r:70:ZeroDivisionError"
        ]
        assert FailedTry.objects.get().row == 70

    def test_only_what_failed_has_to_wait(self):
        invoices = [factories.invoice() for _ in range(3)]
        now = timezone.now()
        failures.isolated(lambda: 1 / 0, rule="r", row=invoices[0].pk, now=now)
        failures.isolated(lambda: 1 / 0, rule="another", row=invoices[1].pk, now=now)
        rows = type(invoices[0]).objects.all()
        assert set(failures.due(rows, rule="r", now=now)) == set(invoices[1:])
        assert set(failures.due(rows, rule="r", now=now + timedelta(minutes=2))) == set(invoices)
