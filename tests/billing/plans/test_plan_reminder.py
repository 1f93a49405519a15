"""The one free reminder of a missed installment: a plan breaks only after one that reached the patient."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from billing.dunning import staff_acts
from billing.errors import Refused
from billing.invoices import holds
from billing.models import AuditEvent, Hold, LedgerTransaction, OutboxMessage, PaymentPlan, StaffNote, StaffTask
from billing.outbox import delivery
from billing.plans import agreements, messages
from tests.billing.plans.test_plan_days import FIRST, a_plan, mails, sent, status, text_of
from tests.billing.plans.test_plans import book

pytestmark = pytest.mark.django_db
Status = PaymentPlan.Status
MISSED_ON = date(2026, 12, 4)
LONG_AFTER = date(2026, 12, 30)
NOON = datetime(2026, 12, 4, 12, tzinfo=ZoneInfo("Europe/Amsterdam"))


def missed_plan():
    agreed = a_plan()
    agreements.run_day(MISSED_ON)
    return agreed


def assert_stands_and_staff_is_asked_once(agreed):
    for days in range(3):
        agreements.run_day(LONG_AFTER + timedelta(days=days))
    assert status(agreed) == Status.ACTIVE
    item = StaffTask.objects.get()
    assert (item.kind, item.invoice_id, item.note) == ("message_failed", agreed.invoice_id, "installment_missed")
    assert mails("plan_broken") == []


class TestAReminderThatDidNotArrive:
    def test_without_an_address_the_plan_stands(self):
        agreed = a_plan()
        give_address(agreed, "")
        agreements.run_day(MISSED_ON)
        assert mails("installment_missed") == []
        assert StaffTask.objects.count() == 1, "a person hears it at once"
        assert_stands_and_staff_is_asked_once(agreed)

    @pytest.mark.parametrize("state", ["failed", "in_doubt"])
    def test_when_it_failed_or_nobody_knows_the_plan_stands(self, state):
        agreed = missed_plan()
        OutboxMessage.objects.filter(kind="installment_missed").update(status=state)
        assert_stands_and_staff_is_asked_once(agreed)

    def test_when_it_came_back_the_plan_stands(self):
        agreed = missed_plan()
        sent("installment_missed", on=MISSED_ON)
        assert delivery.report_bounce(mails("installment_missed")[0], by="test")
        assert_stands_and_staff_is_asked_once(agreed)

    def test_once_a_person_knows_that_it_arrived_its_week_counts(self):
        agreed = missed_plan()
        OutboxMessage.objects.filter(kind="installment_missed").update(status="in_doubt")
        agreements.run_day(LONG_AFTER)
        sent("installment_missed", on=MISSED_ON)
        agreements.run_day(LONG_AFTER)
        assert status(agreed) == Status.BROKEN

    def test_with_another_address_it_is_sent_again(self):
        agreed = missed_plan()
        OutboxMessage.objects.filter(kind="installment_missed").update(status="failed")
        give_address(agreed, "nieuw@example.nl")
        agreements.run_day(LONG_AFTER)
        agreements.run_day(LONG_AFTER)
        assert [mail.recipient for mail in mails("installment_missed")][1:] == ["nieuw@example.nl"]
        assert status(agreed) == Status.ACTIVE

    def test_a_withdrawn_reminder_is_sent_again(self):
        agreed = missed_plan()
        OutboxMessage.objects.filter(kind="installment_missed").update(status="canceled")
        agreements.run_day(LONG_AFTER)
        agreements.run_day(LONG_AFTER)
        assert len(mails("installment_missed")) == 2
        assert status(agreed) == Status.ACTIVE


class TestEndedByAPerson:
    BY = "staff:els"

    def unreminded(self):
        agreed = a_plan()
        give_address(agreed, "")
        agreements.run_day(MISSED_ON)
        return agreed

    def end(self, agreed, *, note="gebeld en een brief gestuurd", today=LONG_AFTER):
        staff_acts.end_plan(agreed.invoice, by=self.BY, note=note, today=today)

    def test_the_remainder_is_due_dunning_resumes_and_it_is_recorded(self):
        agreed = self.unreminded()
        self.end(agreed)
        assert status(agreed) == Status.BROKEN
        agreed.invoice.refresh_from_db()
        assert agreed.invoice.due_on == messages.last_day_for_rest(LONG_AFTER) >= LONG_AFTER + timedelta(days=14)
        acts = dict(AuditEvent.objects.filter(by=self.BY).values_list("action", "details"))
        assert acts["plan_ended_by_hand"] == {"note": StaffNote.objects.get().key}
        assert StaffNote.objects.get().text == "gebeld en een brief gestuurd"
        assert {"plan_broken", "task_closed"} < set(acts)
        assert StaffTask.objects.get().closed_at

    def test_a_reason_is_needed(self):
        agreed = self.unreminded()
        with pytest.raises(Refused, match="Schrijf op waarom"):
            self.end(agreed, note="  ")
        assert status(agreed) == Status.ACTIVE

    def test_not_before_the_days_of_grace_are_over(self):
        agreed = self.unreminded()
        last = agreed.installments.first().grace_until
        with pytest.raises(Refused, match="12 december 2026"):
            self.end(agreed, today=last)
        self.end(agreed, today=last + timedelta(days=1))
        assert status(agreed) == Status.BROKEN

    @pytest.mark.parametrize("state", ["queued", "sending", "sent", "canceled"])
    def test_not_while_a_mail_can_remind_or_did(self, state):
        agreed = missed_plan()
        OutboxMessage.objects.filter(kind="installment_missed").update(status=state, sent_at=timezone.now())
        with pytest.raises(Refused):
            self.end(agreed)

    @pytest.mark.parametrize("state", ["failed", "in_doubt"])
    def test_when_the_mail_was_lost(self, state):
        agreed = missed_plan()
        OutboxMessage.objects.filter(kind="installment_missed").update(status=state)
        self.end(agreed)
        assert status(agreed) == Status.BROKEN

    def test_not_on_hold_and_not_once_it_was_paid(self):
        agreed = self.unreminded()
        holds.place_hold(agreed.invoice, Hold.STAFF, by=self.BY)
        with pytest.raises(Refused):
            self.end(agreed)
        holds.release_hold(agreed.invoice, Hold.STAFF, by=self.BY)
        book(agreed.invoice, "-30.00")
        with pytest.raises(Refused):
            self.end(agreed)
        assert status(agreed) == Status.ACTIVE

    def test_pressed_twice_it_ends_once(self):
        agreed = self.unreminded()
        self.end(agreed)
        with pytest.raises(Refused):
            self.end(agreed)
        assert AuditEvent.objects.filter(action="plan_ended_by_hand").count() == 1


class TestTakenBackAfterTheReminder:
    def test_what_was_paid_and_is_charged_back_gets_a_reminder_of_its_own(self):
        agreed = missed_plan()
        sent("installment_missed", on=MISSED_ON)
        book(agreed.invoice, "-30.00")
        agreements.run_day(date(2026, 12, 10))
        first = agreed.installments.first()
        assert (first.missed_on, first.grace_until) == (None, None)
        book(agreed.invoice, "30.00", LedgerTransaction.Kind.CHARGEBACK)
        agreements.run_day(date(2026, 12, 20))
        agreements.run_day(date(2026, 12, 23))
        assert status(agreed) == Status.ACTIVE
        assert [mail.status for mail in mails("installment_missed")] == ["sent", "queued"]
        sent("installment_missed", on=date(2026, 12, 21))
        agreements.run_day(date(2026, 12, 30))
        assert status(agreed) == Status.BROKEN

    def test_also_when_no_run_came_between(self):
        agreed = missed_plan()
        moment = timezone.now() - timedelta(minutes=1)
        OutboxMessage.objects.filter(kind="installment_missed").update(status="sent", sent_at=moment)
        book(agreed.invoice, "-30.00")
        book(agreed.invoice, "30.00", LedgerTransaction.Kind.CHARGEBACK)
        agreements.run_day(LONG_AFTER)
        agreements.run_day(LONG_AFTER)
        assert status(agreed) == Status.ACTIVE
        assert len(mails("installment_missed")) == 2


class TestAnAmountThatReturns:
    def test_the_announcement_leaves_when_the_amount_is_again_what_it_was(self):
        agreed = a_plan()
        day = FIRST - timedelta(days=7)
        moment = NOON.replace(month=11, day=day.day)
        agreements.run_day(day)
        for amount, kind in (("-10.00", "payment"), ("10.00", "chargeback")):
            book(agreed.invoice, amount, kind)
            withdraw_if_wrong(mails("installment_due")[-1], moment)
            agreements.run_day(day)
        due = mails("installment_due")
        assert [mail.status for mail in due] == ["canceled", "canceled", "queued"]
        assert "€\u00a030,00" in text_of(due[2])
        assert messages.may_send(due[2], moment) is None

    def test_and_so_does_the_reminder(self):
        agreed = missed_plan()
        for amount, kind in (("-10.00", "payment"), ("10.00", "chargeback")):
            book(agreed.invoice, amount, kind)
            withdraw_if_wrong(mails("installment_missed")[-1], NOON)
            agreements.run_day(MISSED_ON)
        assert [mail.status for mail in mails("installment_missed")] == ["canceled", "canceled", "queued"]
        assert Decimal("30.00") == agreements.progress(agreed.invoice_id, today=MISSED_ON).due_now


def withdraw_if_wrong(mail, moment):
    assert messages.may_send(mail, moment) == "changed"
    OutboxMessage.objects.filter(pk=mail.pk).update(status="canceled")


def give_address(agreed, address):
    type(agreed.invoice.patient).objects.filter(pk=agreed.invoice.patient_id).update(email=address)
