"""The daily work on a running plan: progress, mails, a missed installment, the end."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.invoices import holds
from billing.models import Hold, Installment, Invoice, LedgerTransaction, OutboxMessage, Patient, PaymentPlan, StaffTask
from billing.money import from_cents
from billing.outbox import delivery
from billing.plans import agreements, messages
from billing.plans.progress import progress_of
from tests import factories
from tests.billing.plans.test_plans import book, deferral, plan

pytestmark = pytest.mark.django_db
TODAY = factories.TODAY
FIRST = date(2026, 12, 1)
Status = PaymentPlan.Status


def an_invoice(amount="90.00"):
    return factories.invoice(amount=amount, issued_on=TODAY - timedelta(days=20), due_on=TODAY + timedelta(days=10))


def a_plan(**fields):
    """Agree on three installments of € 30: on 1 December, 1 January and 1 February."""
    return plan(an_invoice(), first_on=FIRST, **fields)


def mails(kind):
    return list(OutboxMessage.objects.filter(kind=kind).order_by("pk"))


def text_of(mail):
    """Return the text of a mail without its line breaks."""
    return mail.text.replace("\n", " ")


def opens(agreed, *, today=TODAY):
    return [str(line.open) for line in agreements.progress(agreed.invoice_id, today=today).lines]


def status(agreed):
    return PaymentPlan.objects.get(pk=agreed.pk).status


class TestProgress:
    @pytest.mark.parametrize(
        ("kind", "amount", "left"),
        [
            ("payment", "-30.00", ["0.00", "30.00", "30.00"]),
            ("payment", "-20.00", ["10.00", "30.00", "30.00"]),
            ("payment", "-45.00", ["0.00", "15.00", "30.00"]),
            ("reduction", "-60.00", ["0.00", "0.00", "30.00"]),
            ("insurer_paid", "-90.00", ["0.00", "0.00", "0.00"]),
            ("payment", "-100.00", ["0.00", "0.00", "0.00"]),
        ],
    )
    def test_by_whatever_way_the_amount_falls_the_first_ones_are_settled(self, kind, amount, left):
        agreed = a_plan()
        book(agreed.invoice, amount, kind)
        assert opens(agreed) == left

    def test_money_taken_back_opens_the_last_settled_one_again(self):
        agreed = a_plan()
        book(agreed.invoice, "-60.00")
        book(agreed.invoice, "30.00", LedgerTransaction.Kind.CHARGEBACK)
        assert opens(agreed) == ["0.00", "30.00", "30.00"]

    def test_money_of_before_the_plan_taken_back_comes_with_the_last_one(self):
        invoice = an_invoice("100.00")
        book(invoice, "-10.00")
        agreed = plan(invoice, first_on=FIRST)
        book(invoice, "10.00", LedgerTransaction.Kind.CHARGEBACK)
        assert opens(agreed) == ["30.00", "30.00", "40.00"]

    @given(st.lists(st.integers(1, 9999), min_size=1, max_size=24), st.integers(0, 300_000))
    def test_the_open_amounts_are_together_what_is_owed(self, cents, owed):
        agreed = PaymentPlan(pk=1, total=from_cents(sum(cents)))
        parts = enumerate(map(from_cents, cents), start=1)
        rows = [Installment(plan=agreed, number=number, due_on=FIRST, amount=amount) for number, amount in parts]
        now = progress_of(rows, from_cents(owed), today=TODAY)
        assert sum(line.open for line in now.lines) == from_cents(owed)
        assert all(line.open >= 0 for line in now.lines)
        paid = [line.is_paid for line in now.lines]
        assert paid == sorted(paid, reverse=True), "none is paid before the one before it"


class TestBefore:
    def test_a_week_before_the_installment_is_announced_once_with_a_link(self):
        agreed = a_plan()
        for day in range(20):
            agreements.run_day(TODAY + timedelta(days=day))
            agreements.run_day(TODAY + timedelta(days=day))
            sent = mails("installment_due")
            assert len(sent) == (1 if TODAY + timedelta(days=day) >= FIRST - timedelta(days=7) else 0)
            if day == 14:
                break
        assert "termijn 1 van 3" in text_of(sent[0])
        assert "€\u00a030,00" in text_of(sent[0])
        assert "open-link:" in text_of(sent[0])
        assert agreed.invoice.payment_reference not in sent[0].text + sent[0].html

    def test_one_that_is_due_within_a_week_of_the_agreement_was_announced_by_the_confirmation(self):
        plan(an_invoice(), first_on=TODAY + timedelta(days=5))
        agreements.run_day(TODAY + timedelta(days=1))
        assert mails("installment_due") == []

    def test_one_paid_early_is_not_announced(self):
        agreed = a_plan()
        book(agreed.invoice, "-30.00")
        agreements.run_day(FIRST - timedelta(days=3))
        assert mails("installment_due") == []
        agreements.run_day(date(2026, 12, 28))
        assert "termijn 2 van 3" in text_of(mails("installment_due")[0])

    def test_the_end_of_a_deferral_is_announced_too(self):
        invoice = an_invoice()
        deferral(invoice, until=date(2026, 12, 20))
        agreements.run_day(date(2026, 12, 13))
        assert "uitstel" in text_of(mails("installment_due")[0])


class TestMissed:
    def test_one_free_reminder_then_the_plan_breaks_and_dunning_resumes(self):
        agreed = a_plan()
        agreements.run_day(date(2026, 12, 3))
        assert mails("installment_missed") == [], "a transfer of the last day needs bank days"
        agreements.run_day(date(2026, 12, 4))
        agreements.run_day(date(2026, 12, 4))
        assert len(mails("installment_missed")) == 1
        first = agreed.installments.first()
        assert first.grace_until == date(2026, 12, 12), "a week from the day after the mail"
        sent("installment_missed", on=date(2026, 12, 4))
        agreements.run_day(first.grace_until)
        assert status(agreed) == Status.ACTIVE
        agreements.run_day(first.grace_until + timedelta(days=1))
        assert status(agreed) == Status.BROKEN
        assert "€\u00a090,00" in text_of(mails("plan_broken")[0])
        invoice = Invoice.objects.get(pk=agreed.invoice_id)
        assert invoice.due_on == date(2026, 12, 28), "two weeks from Monday, when the mail can leave"
        assert "uiterlijk op 28 december 2026" in text_of(mails("plan_broken")[0])
        assert len(mails("installment_missed")) == 1

    def test_no_extra_costs_is_said_only_when_there_are_none(self):
        broken(a_plan())
        told = text_of(mails("plan_broken")[0])
        assert "Er zijn nu geen extra kosten." in told
        assert "ncassokosten" not in told

    @pytest.mark.parametrize(
        ("charges", "says", "says_not"),
        [
            (
                {"costs": "40.00", "interest": "0.57"},
                ["Incassokosten: €\u00a040,00", "rente: €\u00a00,57"],
                "geen extra",
            ),
            ({"costs": "40.00"}, ["Incassokosten: €\u00a040,00"], "rente"),
            ({"interest": "0.57"}, ["rente: €\u00a00,57"], "ncassokosten"),
        ],
    )
    def test_costs_and_interest_booked_before_are_shown_separately(self, charges, says, says_not):
        invoice = an_invoice()
        for kind, amount in charges.items():
            book(invoice, amount, kind)
        broken(plan(invoice, first_on=FIRST))
        told = text_of(mails("plan_broken")[0])
        assert all(words in told for words in [*says, "Rekening: €\u00a090,00"])
        assert says_not not in told

    def test_costs_that_the_installments_paid_are_not_mentioned_again(self):
        invoice = an_invoice()
        book(invoice, "30.00", "costs")
        agreed = plan(invoice, first_on=FIRST)
        book(invoice, "-40.00")
        agreements.run_day(date(2027, 1, 6))
        sent("installment_missed", on=date(2027, 1, 6))
        agreements.run_day(date(2027, 1, 20))
        assert status(agreed) == Status.BROKEN
        assert "Er zijn nu geen extra kosten." in text_of(mails("plan_broken")[0])

    def test_paid_within_the_week_it_goes_on(self):
        agreed = a_plan()
        agreements.run_day(date(2026, 12, 4))
        book(agreed.invoice, "-30.00")
        agreements.run_day(date(2026, 12, 20))
        assert status(agreed) == Status.ACTIVE
        agreements.run_day(date(2026, 12, 26))
        assert "termijn 2 van 3" in text_of(mails("installment_due")[0])

    def test_a_reminder_that_waits_to_be_sent_keeps_the_plan(self):
        agreed = a_plan()
        agreements.run_day(date(2026, 12, 4))
        agreements.run_day(date(2026, 12, 30))
        assert status(agreed) == Status.ACTIVE
        sent("installment_missed", on=date(2026, 12, 30))
        agreements.run_day(date(2027, 1, 7))
        assert status(agreed) == Status.ACTIVE, "its week counts from when it went out"
        agreements.run_day(date(2027, 1, 8))
        assert status(agreed) == Status.BROKEN

    def test_after_two_months_of_downtime_the_reminder_still_comes_first(self):
        agreed = a_plan()
        agreements.run_day(date(2027, 1, 20))
        assert "€\u00a060,00" in text_of(mails("installment_missed")[0])
        assert status(agreed) == Status.ACTIVE

    def test_dunning_resumes_after_an_expired_deferral(self):
        invoice = an_invoice()
        agreed = deferral(invoice, until=date(2026, 12, 20))
        agreements.run_day(date(2026, 12, 20))
        assert status(agreed) == Status.ACTIVE
        agreements.run_day(date(2026, 12, 21))
        assert status(agreed) == Status.BROKEN
        assert mails("installment_missed") == mails("plan_broken") == []
        invoice.refresh_from_db()
        assert invoice.due_on == date(2026, 12, 20)


def broken(agreed):
    """Miss the first installment, deliver its reminder, and let its grace period pass."""
    agreements.run_day(date(2026, 12, 4))
    sent("installment_missed", on=date(2026, 12, 4))
    agreements.run_day(date(2026, 12, 13))
    assert status(agreed) == Status.BROKEN


def sent(kind, *, on):
    moment = datetime.combine(on, datetime.min.time(), ZoneInfo("Europe/Amsterdam")) + timedelta(hours=9)
    OutboxMessage.objects.filter(kind=kind).update(status="sent", sent_at=moment)


class TestTheAmountOfABrokenPlan:
    """A payment between queueing and sending the mail is in the mail."""

    NOON = datetime(2026, 12, 14, 12, tzinfo=ZoneInfo("Europe/Amsterdam"))

    def test_it_leaves_with_what_is_left_now(self, sink):
        agreed = a_plan()
        broken(agreed)
        book(agreed.invoice, "-60.00")
        for _ in range(2):
            delivery.sweep(now=self.NOON)
        old, new = mails("plan_broken")
        assert (old.status, old.error, new.status) == ("canceled", "changed", "sent")
        assert "€\u00a030,00" in text_of(new)
        assert "€\u00a090,00" not in text_of(new)

    def test_an_amount_that_returns_gets_a_mail_too(self, sink):
        agreed = a_plan()
        broken(agreed)
        book(agreed.invoice, "-60.00")
        assert messages.may_send(mails("plan_broken")[0], self.NOON) == "changed"
        book(agreed.invoice, "60.00", LedgerTransaction.Kind.CHARGEBACK)
        OutboxMessage.objects.filter(pk=mails("plan_broken")[0].pk).update(status="canceled")
        assert messages.may_send(mails("plan_broken")[1], self.NOON) == "changed"
        assert "€\u00a090,00" in text_of(mails("plan_broken")[2])

    def test_unchanged_it_leaves_and_paid_it_does_not(self):
        agreed = a_plan()
        broken(agreed)
        (mail,) = mails("plan_broken")
        assert messages.may_send(mail, self.NOON) is None
        book(agreed.invoice, "-90.00")
        assert messages.may_send(mail, self.NOON) == "paid"
        assert mails("plan_broken") == [mail]


class TestOneThatFails:
    def test_a_plan_that_fails_delays_no_other(self):
        agreed = [a_plan() for _ in range(3)]
        broken = agreed[1].invoice
        of_broken = Patient.objects.filter(pk=broken.patient_id)
        of_broken.update(language="xx")  # there is no mail in this language
        for _ in range(2):
            agreements.run_day(FIRST)
        assert [mail.invoice_id for mail in mails("installment_due")] == [agreed[0].invoice_id, agreed[2].invoice_id]
        item = StaffTask.objects.get()
        assert (item.kind, item.invoice, item.note) == ("rule_failed", broken, "TemplateDoesNotExist")
        of_broken.update(language="nl")
        agreements.run_day(FIRST)
        assert mails("installment_due")[-1].invoice_id == broken.pk


class TestTheEnd:
    def test_paid_in_full_it_is_completed_and_confirmed(self):
        agreed = a_plan()
        book(agreed.invoice, "-90.00")
        agreements.run_day(TODAY)
        agreements.run_day(TODAY)
        assert status(agreed) == Status.COMPLETED
        assert len(mails("plan_completed")) == 1

    def test_a_deferral_paid_ends_without_a_word(self):
        invoice = an_invoice()
        agreed = deferral(invoice)
        book(invoice, "-90.00")
        agreements.run_day(TODAY)
        assert status(agreed) == Status.COMPLETED
        assert mails("plan_completed") == []

    def test_withdrawing_an_invoice_ends_its_plan(self):
        agreed = a_plan()
        Invoice.objects.filter(pk=agreed.invoice_id).update(withdrawn_at="2026-11-20T12:00Z")
        agreements.run_day(TODAY)
        assert status(agreed) == Status.CANCELED


class TestHold:
    def test_while_it_lasts_nothing_is_sent_and_nothing_is_missed(self):
        agreed = a_plan()
        holds.place_hold(agreed.invoice, Hold.STAFF, by="test")
        for day in (date(2026, 11, 26), date(2026, 12, 10), date(2027, 3, 1)):
            agreements.run_day(day)
        assert set(OutboxMessage.objects.values_list("kind", flat=True)) == {"plan_agreed", "hold_placed"}
        assert status(agreed) == Status.ACTIVE

    def test_after_it_there_are_two_weeks_to_pay_first_and_the_mail_says_so(self):
        agreed = a_plan()
        holds.place_hold(agreed.invoice, Hold.STAFF, by="test")
        holds.release_hold(agreed.invoice, Hold.STAFF, by="test", today=date(2026, 12, 10))
        assert "24 december 2026" in text_of(mails("hold_ended")[0])
        released = datetime(2026, 12, 10, 12, tzinfo=ZoneInfo("Europe/Amsterdam"))
        Hold.objects.update(released_at=released)
        agreements.run_day(date(2026, 12, 24))
        assert mails("installment_missed") == []
        agreements.run_day(date(2026, 12, 31))
        assert len(mails("installment_missed")) == 1


class TestAtTheLastMoment:
    NOON = datetime(2026, 12, 4, 12, tzinfo=ZoneInfo("Europe/Amsterdam"))

    def missed(self):
        agreed = a_plan()
        agreements.run_day(self.NOON.date())
        return agreed, mails("installment_missed")[0]

    def test_it_goes_out(self):
        _agreed, mail = self.missed()
        assert messages.may_send(mail, self.NOON) is None

    def test_not_at_night_nor_on_a_sunday(self):
        _agreed, mail = self.missed()
        night = self.NOON.replace(hour=20)
        assert messages.may_send(mail, night) == night.replace(day=5, hour=7)
        sunday = self.NOON.replace(day=6)
        assert messages.may_send(mail, sunday) == sunday.replace(day=7, hour=7)

    @pytest.mark.parametrize(("amount", "why"), [("-90.00", "paid"), ("-30.00", "paid"), ("-10.00", "changed")])
    def test_not_when_money_came_in_meanwhile(self, amount, why):
        agreed, mail = self.missed()
        book(agreed.invoice, amount)
        assert messages.may_send(mail, self.NOON) == why

    def test_it_is_queued_again_with_the_new_amount(self):
        agreed, mail = self.missed()
        book(agreed.invoice, "-10.00")
        messages.may_send(mail, self.NOON)
        agreements.run_day(self.NOON.date())
        assert "€\u00a020,00" in text_of(mails("installment_missed")[1])

    def test_it_waits_while_a_hold_lasts(self):
        agreed, mail = self.missed()
        holds.place_hold(agreed.invoice, Hold.STAFF, by="test")
        assert messages.may_send(mail, self.NOON) == self.NOON + timedelta(days=1)

    def test_not_after_its_day(self):
        agreed = a_plan()
        agreements.run_day(FIRST - timedelta(days=7))
        mail = mails("installment_due")[0]
        assert messages.may_send(mail, self.NOON) == "too_late"
        assert status(agreed) == Status.ACTIVE

    def test_not_about_a_plan_that_ended(self):
        agreed, mail = self.missed()
        PaymentPlan.objects.filter(pk=agreed.pk).update(status=Status.CANCELED)
        assert messages.may_send(mail, self.NOON) == "plan_ended"


def test_a_thousand_plans_that_need_nothing_cost_a_handful_of_queries(django_assert_max_num_queries, monkeypatch):
    for _ in range(6):
        a_plan()
    monkeypatch.setattr(agreements, "CHUNK", 3)
    with django_assert_max_num_queries(2 * 4 + 1):
        agreements.run_day(TODAY)
    assert Decimal(len(mails("plan_agreed"))) == 6
