"""One payment for several invoices: split as the payer designated it, and back to the right ones."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.dunning.blockers import blockers
from billing.errors import Refused
from billing.invoices.holds import active_hold, place_hold
from billing.invoices.state import look_at
from billing.ledger.verification import discrepancies
from billing.models import AllocationNote, Hold, LedgerTransaction, OutboxMessage, Payment, PaymentShare, ReminderStep
from billing.payments import attempts
from tests import factories
from tests.billing.payments import bank
from tests.billing.payments.credits import asked, at_bank, send

Kind = LedgerTransaction.Kind

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]


@pytest.fixture
def three():
    """Three children of one mother, the second with the latest last day to pay."""
    practice = factories.provider(name="Tandarts De Linde")
    days = (date(2026, 12, 20), date(2026, 12, 30), date(2026, 12, 10))
    return [
        factories.invoice(provider=practice, amount=amount, issued_on=day - timedelta(days=30), due_on=day)
        for amount, day in zip(("50.00", "60.00", "70.00"), days, strict=True)
    ]


def balances(invoices):
    return [ledger.balance(invoice.pk) for invoice in invoices]


def booked(kind, external_id, invoices):
    """What an event did to each of the invoices."""
    found = LedgerTransaction.objects.get(kind=kind, external_id=external_id)
    sides = dict(found.postings.filter(account="gateway").values_list("invoice", "amount"))
    return [sides.get(invoice.pk, Decimal(0)) for invoice in invoices]


class TestPaying:
    def test_one_payment_settles_all_and_each_gets_its_receipt(self, three):
        payment = bank.paid_shared(*three)
        assert (payment.status, payment.amount, payment.invoice) == ("paid", Decimal("180.00"), three[0])
        assert bank.row(payment).amount_cents == 18_000
        assert bank.row(payment).description == "Tandarts De Linde 3 rekeningen"
        assert balances(three) == [0, 0, 0]
        assert LedgerTransaction.objects.filter(kind=Kind.PAYMENT).count() == 1
        receipts = OutboxMessage.objects.filter(kind="receipt").order_by("invoice")
        assert [r.invoice_id for r in receipts] == [i.pk for i in three]
        assert [amount in r.text for r, amount in zip(receipts, ("50,00", "60,00", "70,00"), strict=True)] == [True] * 3
        assert set(AllocationNote.objects.values_list("rule", flat=True)) == {"designated"}
        assert list(discrepancies()) == []

    def test_settled_twice_adds_nothing(self, three):
        payment = bank.paid_shared(*three)
        attempts.sync_payment(payment.pk)
        assert balances(three) == [0, 0, 0]
        assert bank.receipts() == 3

    def test_practices_may_differ(self, three):
        other = factories.invoice(amount="5.00")
        payment = bank.paid_shared(three[0], other)
        assert bank.row(payment).description.endswith(" 2 rekeningen")
        assert "Linde" not in bank.row(payment).description, "it is no practice's alone"
        assert balances([three[0], other]) == [0, 0]
        received = LedgerTransaction.objects.get(kind=Kind.PAYMENT)
        owed = dict(received.postings.filter(account="practice").values_list("provider", "amount"))
        assert owed == {three[0].provider_id: Decimal("-50.00"), other.provider_id: Decimal("-5.00")}

    def test_what_changes_at_the_bank_is_credit_of_that_invoice(self, three):
        payment = bank.start_shared(*three)
        bank.reduce(three[1], "25.00")
        payment.refresh_from_db()
        assert payment.superseded_at, "it is offered for none of them any more"
        bank.end(payment, "paid")
        attempts.sync_payment(payment.pk)
        assert balances(three) == [0, Decimal("-25.00"), 0]
        assert [t.invoice for t in three[1].staff_tasks.all()] == [three[1]]
        assert list(discrepancies()) == []


class TestStarting:
    def test_the_same_basket_again_is_the_same_payment(self, three):
        payment = bank.start_shared(*three)
        assert bank.start_shared(*reversed(three)) == payment
        assert PaymentShare.objects.count() == 3

    def test_another_basket_replaces_it_whichever_invoice_they_share(self, three):
        first = bank.start_shared(*three)
        second = bank.start_shared(three[1], three[2])
        third = bank.start(three[2])
        for payment in (first, second, third):
            payment.refresh_from_db()
        assert [bool(p.superseded_at) for p in (first, second, third)] == [True, True, False]
        assert list(discrepancies()) == []

    @pytest.mark.parametrize("changed", ["40.00", "50.01"])
    def test_an_amount_that_is_not_offered_is_refused_by_number(self, three, changed):
        amounts = {i.pk: ledger.outstanding(i.pk) for i in three} | {three[0].pk: Decimal(changed)}
        with pytest.raises(Refused, match=three[0].number):
            bank.start_shared(amounts=amounts)
        assert not Payment.objects.exists()

    def test_one_on_hold_is_refused_and_nothing_begins(self, three):
        place_hold(three[2], Hold.STAFF, by="test")
        with pytest.raises(Refused, match=three[2].number):
            bank.start_shared(*three)
        assert not Payment.objects.exists()

    def test_no_more_together_than_the_bank_takes(self):
        rich = [factories.invoice(amount="30000.00") for _ in range(2)]
        with pytest.raises(Refused, match=r"50\.000"):
            bank.start_shared(*rich)

    def test_money_under_way_for_one_keeps_the_others_from_paying_it_twice(self, three):
        payment = bank.start(three[1])
        Payment.objects.filter(pk=payment.pk).update(status="pending")
        with pytest.raises(Refused, match=three[1].number):
            bank.start_shared(*three)
        assert bank.start(three[1]) == payment

    def test_under_way_is_said_on_the_page_of_each_and_stops_its_letters(self, three):
        payment = bank.start_shared(*three)
        for invoice, amount in zip(three, ("50.00", "60.00", "70.00"), strict=True):
            under_way = look_at(invoice.token, today=timezone.localdate()).history.under_way
            assert (under_way.token, under_way.amount) == (payment.token, Decimal(amount))
            found = blockers(invoice, ReminderStep.Step.REMINDER, now=timezone.now(), today=timezone.localdate())
            assert "payment_under_way" in [blocker.reason for blocker in found]


class TestBack:
    def test_all_goes_back_to_all(self, three):
        payment = bank.paid_shared(*three)
        refund = bank.refund(payment, "180.00")
        attempts.sync_payment(payment.pk)
        assert balances(three) == [50, 60, 70]
        bank.settle_refund(refund, "failed")
        attempts.sync_payment(payment.pk)
        assert balances(three) == [0, 0, 0]
        assert not any(active_hold(i.pk) for i in three), "the holds that it placed are over"
        assert list(discrepancies()) == []

    def test_what_was_too_much_goes_back_first_then_the_latest_due(self, three):
        payment = bank.start_shared(*three)
        bank.reduce(three[0], "20.00")
        bank.end(payment, "paid")
        attempts.sync_payment(payment.pk)
        refund = bank.refund(payment, "85.00")
        attempts.sync_payment(payment.pk)
        # 20 of credit; then all 60 of the one due on 30 December; then 5 of the one due on the 20th
        assert booked(Kind.REFUND, refund.reference, three) == [-25, -60, 0]
        again = bank.refund(payment, "95.00")
        attempts.sync_payment(payment.pk)
        assert booked(Kind.REFUND, again.reference, three) == [-25, 0, -70]
        assert list(discrepancies()) == []

    def test_a_chargeback_of_all_opens_all_again(self, three):
        payment = bank.paid_shared(*three)
        chargeback = bank.charge_back(payment, "180.00")
        attempts.sync_payment(payment.pk)
        assert balances(three) == [50, 60, 70]
        assert all(active_hold(i.pk) for i in three)
        told = OutboxMessage.objects.filter(kind="payment_reversed").order_by("invoice")
        assert [m.invoice_id for m in told] == [i.pk for i in three]
        assert bank.staff_tasks() == ["chargeback"] * 3
        bank.reverse_chargeback(chargeback)
        attempts.sync_payment(payment.pk)
        assert balances(three) == [0, 0, 0]
        assert not any(active_hold(i.pk) for i in three)
        assert list(discrepancies()) == []

    def test_a_chargeback_of_a_part_keeps_the_oldest_debts_paid(self, three):
        payment = bank.paid_shared(*three)
        chargeback = bank.charge_back(payment, "65.00")
        attempts.sync_payment(payment.pk)
        assert booked(Kind.CHARGEBACK, chargeback.reference, three) == [-5, -60, 0]
        assert [bool(active_hold(i.pk)) for i in three] == [True, True, False]
        assert list(discrepancies()) == []

    def test_a_refund_after_a_chargeback_that_was_reversed_takes_from_each_what_it_got(self, three):
        payment = bank.paid_shared(*three)
        chargeback = bank.charge_back(payment, "180.00")
        attempts.sync_payment(payment.pk)
        bank.reverse_chargeback(chargeback)
        refund = bank.refund(payment, "180.00")
        attempts.sync_payment(payment.pk)  # the first that we hear of both
        assert booked(Kind.REFUND, refund.reference, three) == [-50, -60, -70]
        assert balances(three) == [50, 60, 70]
        assert list(discrepancies()) == []

    def test_credit_of_one_goes_back_by_the_gateway_and_only_to_that_one(self, three):
        payment = bank.start_shared(*three)
        bank.reduce(three[1], "25.00")
        bank.end(payment, "paid")
        attempts.sync_payment(payment.pk)
        request = send(asked(three[1], seen="25.00"))
        assert (request.status, request.payment_id) == ("sent", payment.pk)
        assert [(row.payment_id, row.amount_cents) for row in at_bank()] == [(bank.row(payment).pk, 2500)]
        assert booked(Kind.REFUND, at_bank()[0].reference, three) == [0, -25, 0]
        assert balances(three) == [0, 0, 0]
        assert list(discrepancies()) == []
