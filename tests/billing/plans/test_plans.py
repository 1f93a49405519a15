"""Agreements to pay later: who may make one, when not, and what is recorded."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from billing import ledger
from billing.errors import Refused
from billing.invoices import holds
from billing.law.calendar import monthly_dates
from billing.links import new_token
from billing.models import Hold, Invoice, LedgerTransaction, OutboxMessage, PaymentPlan, ReminderStep
from billing.plans import agreements
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = factories.TODAY
DUE = TODAY + timedelta(days=10)


def an_invoice(amount="100.00", **fields):
    return factories.invoice(amount=amount, **{"issued_on": TODAY - timedelta(days=20), "due_on": DUE} | fields)


def deferral(invoice, *, until=DUE + timedelta(days=30), today=TODAY):
    return agreements.agree_deferral(invoice.pk, until=until, by="patient", today=today)


def plan(invoice, *, count=3, first_on=DUE, today=TODAY, **fields):
    return agreements.agree_installments(
        invoice.pk, count=count, first_on=first_on, by="patient", today=today, **fields
    )


def book(invoice, amount, kind=LedgerTransaction.Kind.PAYMENT):
    with transaction.atomic():
        locked = ledger.lock_invoice(invoice.pk)
        moment = timezone.now()
        ledger.post(locked, kind, Decimal(amount), external_id=new_token(), occurred_at=moment, by="test")


def options(invoice, today=TODAY):
    return agreements.options_for(Invoice.objects.get(pk=invoice.pk), today)


class TestDeferral:
    def test_the_last_day_to_pay_moves_and_the_patient_is_told_with_a_date_for_the_calendar(self):
        invoice = an_invoice()
        agreed = deferral(invoice)
        invoice.refresh_from_db()
        assert invoice.due_on == DUE + timedelta(days=30)
        assert agreed.kind == PaymentPlan.Kind.DEFERRAL
        assert [(i.due_on, i.amount) for i in agreed.installments.all()] == [(invoice.due_on, Decimal("100.00"))]
        mail = OutboxMessage.objects.get()
        assert mail.kind == "deferral_agreed"
        assert "26 december 2026" in mail.text
        assert "BEGIN:VCALENDAR" in mail.calendar
        assert "20261226" in mail.calendar

    def test_asked_twice_is_one_deferral(self):
        invoice = an_invoice()
        assert deferral(invoice) == deferral(invoice)
        assert OutboxMessage.objects.count() == 1

    @pytest.mark.parametrize("until", [DUE, TODAY, DUE + timedelta(days=31), date(2020, 1, 1)])
    def test_only_a_day_within_the_house_rule(self, until):
        invoice = an_invoice()
        with pytest.raises(Refused, match="Kies een dag"):
            deferral(invoice, until=until)
        assert not PaymentPlan.objects.exists()

    def test_late_but_within_thirty_days_it_is_possible_from_tomorrow(self):
        invoice = an_invoice(due_on=TODAY - timedelta(days=10))
        choice = options(invoice)
        assert choice.no_deferral == ""
        assert choice.deferral_from == TODAY + timedelta(days=1)
        assert choice.deferral_until == TODAY + timedelta(days=20)

    @pytest.mark.parametrize(("late", "possible"), [(29, True), (30, False), (60, False)])
    def test_not_after_the_last_possible_day(self, late, possible):
        invoice = an_invoice(issued_on=TODAY - timedelta(days=90), due_on=TODAY - timedelta(days=late))
        assert (options(invoice).no_deferral == "") is possible

    def test_once(self):
        invoice = an_invoice()
        agreed = deferral(invoice)
        with pytest.raises(Refused):
            deferral(invoice, until=DUE + timedelta(days=1))
        PaymentPlan.objects.filter(pk=agreed.pk).update(status=PaymentPlan.Status.BROKEN)
        assert "één keer" in options(invoice).no_deferral

    @pytest.mark.parametrize(
        ("status", "possible"),
        [
            (ReminderStep.Status.PLANNED, True),
            (ReminderStep.Status.COMPOSED, False),
            (ReminderStep.Status.TAKEN, False),
            (ReminderStep.Status.DROPPED, True),
        ],
    )
    def test_not_after_the_second_reminder(self, status, possible):
        invoice = an_invoice()
        ReminderStep.objects.create(
            invoice=invoice,
            step=ReminderStep.Step.FINAL_NOTICE,
            due_on=invoice.due_on,
            planned_on=TODAY,
            status=status,
        )
        assert (options(invoice).no_deferral == "") is possible
        assert options(invoice).no_plan == "", "in installments it is possible all the same"


class TestNothingIsPossible:
    def test_when_nothing_is_owed(self):
        invoice = an_invoice()
        book(invoice, "-100.00")
        self.refused(invoice)

    def test_on_hold(self):
        invoice = an_invoice()
        holds.place_hold(invoice, Hold.STAFF, by="test")
        self.refused(invoice)

    def test_with_a_plan(self):
        invoice = an_invoice()
        plan(invoice)
        self.refused(invoice)

    def test_withdrawn(self):
        invoice = an_invoice(withdrawn_at=timezone.now())
        self.refused(invoice)

    def refused(self, invoice):
        before = PaymentPlan.objects.count()
        assert options(invoice).no_deferral
        assert options(invoice).no_plan
        with pytest.raises(Refused):
            deferral(invoice)
        with pytest.raises(Refused):
            plan(invoice, count=2)
        assert PaymentPlan.objects.count() == before


class TestInstallments:
    def test_dates_and_amounts_as_shown(self):
        invoice = an_invoice()
        agreed = plan(invoice, first_on=date(2026, 11, 30), amount=Decimal("100.00"))
        rows = [(i.number, i.due_on, i.amount) for i in agreed.installments.all()]
        assert rows == [
            (1, date(2026, 11, 30), Decimal("33.34")),
            (2, date(2026, 12, 30), Decimal("33.33")),
            (3, date(2027, 1, 30), Decimal("33.33")),
        ]
        invoice.refresh_from_db()
        assert invoice.due_on == date(2027, 1, 30), "in a plan nobody is late"
        mail = OutboxMessage.objects.get()
        assert mail.kind == "plan_agreed"
        assert "30 december 2026: €\u00a033,33" in mail.text
        assert mail.calendar.count("BEGIN:VEVENT") == 3

    @pytest.mark.parametrize(
        ("amount", "most"), [("30.00", 3), ("99.99", 3), ("100.00", 3), ("100.01", 5), ("5000.00", 5)]
    )
    def test_how_many_at_most(self, amount, most):
        invoice = an_invoice(amount)
        assert list(options(invoice).counts) == list(range(2, most + 1))
        with pytest.raises(Refused):
            plan(invoice, count=most + 1)
        assert plan(invoice, count=most).installments.count() == most

    def test_not_below_thirty_euros_and_the_sentence_says_so(self):
        invoice = an_invoice("29.99")
        assert "€\u00a030,00" in options(invoice).no_plan
        assert options(invoice).no_deferral == ""
        with pytest.raises(Refused):
            plan(invoice, count=2)

    @pytest.mark.parametrize("count", [0, 1, -1, 24])
    def test_only_a_number_that_is_offered(self, count):
        with pytest.raises((Refused, ValueError)):
            plan(an_invoice(), count=count)
        assert not PaymentPlan.objects.exists()

    @pytest.mark.parametrize(("days", "possible"), [(-1, False), (0, False), (1, True), (30, True), (31, False)])
    def test_the_first_one_within_thirty_days(self, days, possible):
        invoice, first_on = an_invoice(), TODAY + timedelta(days=days)
        if possible:
            assert plan(invoice, first_on=first_on).installments.first().due_on == first_on
        else:
            with pytest.raises(Refused):
                plan(invoice, first_on=first_on)

    def test_not_for_another_amount_than_was_shown(self):
        invoice = an_invoice()
        book(invoice, "-10.00")
        with pytest.raises(Refused, match="bedrag is veranderd"):
            plan(invoice, amount=Decimal("100.00"))
        assert plan(invoice, amount=Decimal("90.00")).total == 90

    def test_asked_twice_is_one_plan_and_another_one_is_refused(self):
        invoice = an_invoice()
        assert plan(invoice) == plan(invoice)
        assert OutboxMessage.objects.count() == 1
        with pytest.raises(Refused):
            plan(invoice, count=2)

    def test_in_place_of_a_deferral_that_runs(self):
        invoice = an_invoice()
        first = deferral(invoice)
        agreed = plan(invoice)
        first.refresh_from_db()
        assert first.status == PaymentPlan.Status.CANCELED
        assert PaymentPlan.objects.get(status="active") == agreed

    def test_a_second_plan_after_a_broken_one_is_not_arranged_here(self):
        invoice = an_invoice()
        agreed = plan(invoice)
        PaymentPlan.objects.filter(pk=agreed.pk).update(status=PaymentPlan.Status.BROKEN)
        assert options(invoice).no_plan
        assert options(invoice).no_deferral
        with pytest.raises(Refused):
            plan(invoice)

    def test_without_an_address_it_is_agreed_all_the_same(self):
        invoice = an_invoice(patient=factories.patient(email=""))
        assert plan(invoice).installments.count() == 3
        assert not OutboxMessage.objects.exists()

    @pytest.mark.parametrize(
        ("first", "expected"),
        [
            (date(2028, 1, 31), ["2028-01-31", "2028-02-29", "2028-03-31"]),
            (date(2027, 1, 31), ["2027-01-31", "2027-02-28", "2027-03-31"]),
            (date(2028, 2, 29), ["2028-02-29", "2028-03-29", "2028-04-29"]),
            (date(2026, 12, 1), ["2026-12-01", "2027-01-01", "2027-02-01"]),
            (date(2026, 12, 31), ["2026-12-31", "2027-01-31", "2027-02-28"]),
        ],
    )
    def test_month_ends_leap_days_and_the_new_year(self, first, expected):
        today = first - timedelta(days=5)
        invoice = an_invoice(issued_on=today - timedelta(days=30), due_on=today)
        agreed = plan(invoice, first_on=first, today=today)
        assert [i.due_on.isoformat() for i in agreed.installments.all()] == expected
        assert [i.due_on for i in agreed.installments.all()] == monthly_dates(first, 3)


class TestTheLadder:
    def test_a_letter_under_way_is_dropped_and_the_reminder_comes_again_after_a_broken_plan(self):
        invoice = an_invoice(due_on=TODAY - timedelta(days=10))
        step = ReminderStep.objects.create(
            invoice=invoice, step=ReminderStep.Step.REMINDER, due_on=invoice.due_on, planned_on=TODAY
        )
        plan(invoice)
        step.refresh_from_db()
        assert (step.status, step.reason) == (ReminderStep.Status.DROPPED, "interrupted")
