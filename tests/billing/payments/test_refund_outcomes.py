"""What becomes of a refund after it was sent or could not be: by bank, failed, late, and credit that lies too long."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from billing import ledger
from billing.errors import Refused
from billing.ledger import verification
from billing.models import LedgerTransaction, RefundRequest, StaffTask
from billing.payments import attempts, credit, refunds
from billing.payments.refunds import by_bank as bank_refunds
from billing.payments.refunds import calls as refund_calls
from sandbox.models import Payment as BankPayment
from sandbox.models import Refund as BankRefund
from tests import factories
from tests.billing.payments import bank
from tests.billing.payments.credits import asked, at_bank, mails, member, open_tasks, paid_twice, practice, send
from tests.books import accounts, booked

Kind, Status = LedgerTransaction.Kind, RefundRequest.Status
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("sandbox"),
]


@pytest.fixture
def invoice():
    return factories.invoice(amount="100.00")


class TestByBank:
    def credit_of_old_payment(self, invoice):
        _first, second = paid_twice(invoice)
        long_ago = timezone.now() - timedelta(days=400)
        BankPayment.objects.update(closed_at=long_ago)
        type(second).objects.update(paid_at=long_ago)

    def test_a_payment_too_old_goes_by_bank_and_says_what_to_do(self, invoice):
        self.credit_of_old_payment(invoice)
        request = asked(invoice)
        assert (request.status, request.why) == (Status.BY_BANK, "too_old")
        task = StaffTask.objects.get(kind="refund_by_bank")
        assert task.note.startswith("100.00: ")

    def test_paid_by_hand_it_is_booked_once_and_told(self, invoice):
        self.credit_of_old_payment(invoice)
        request, by, on = asked(invoice), member(invoice), timezone.localdate()
        for wrong in ({"on": on + timedelta(days=1)}, {"written": " "}):
            with pytest.raises(Refused):
                refunds.paid_by_hand(request.pk, **{"by": by, "on": on, "written": "statement 12"} | wrong)
        refunds.paid_by_hand(request.pk, by=by, on=on, written="statement 12")
        with pytest.raises(Refused):
            refunds.paid_by_hand(request.pk, by=by, on=on, written="statement 12")
        (entry,) = booked(invoice, Kind.REPAID)
        assert entry.amount == 100
        # The practice paid with its own money, so it is owed what we hold.
        assert accounts(invoice) == {"practice": Decimal("-200.00"), "gateway": Decimal("200.00")}
        assert mails() == ["refund_by_bank", "refund_done"]
        assert open_tasks() == []
        assert list(verification.discrepancies()) == []

    def test_withdrawn_it_is_credit_again(self, invoice):
        self.credit_of_old_payment(invoice)
        request = asked(invoice)
        refunds.withdraw_by_bank(request.pk, by=member(invoice), reason="moves to another invoice")
        assert credit.free(invoice) == 100
        with pytest.raises(Refused):
            refunds.paid_by_hand(request.pk, by=member(invoice), on=timezone.localdate(), written="x")

    def test_a_room_that_pays_by_bank_takes_it_over(self, invoice, monkeypatch):
        taken = []
        monkeypatch.setattr("billing.rooms.credit_payout", lambda request: taken.append(request.pk) or True)
        self.credit_of_old_payment(invoice)
        request = asked(invoice)
        assert taken == [request.pk]
        assert open_tasks() == []


class TestOrderedAtTheBank:
    """An order of our own to the bank takes over what was to be paid by bank."""

    def order(self, invoice, amount="100.00"):
        with transaction.atomic():
            bank_refunds.order(ledger.lock_invoice(invoice.pk), Decimal(amount), event="order:1", by="staff:a")

    @pytest.fixture
    def by_bank(self, invoice):
        _first, second = paid_twice(invoice)
        type(second).objects.update(paid_at=timezone.now() - timedelta(days=400))
        return asked(invoice)

    def test_nobody_pays_it_by_hand_as_well(self, invoice, by_bank):
        self.order(invoice)
        assert open_tasks() == []
        with pytest.raises(Refused):
            refunds.paid_by_hand(by_bank.pk, by=member(invoice), on=timezone.localdate(), written="x")
        assert ledger.balance(invoice.pk) == 0
        by_bank.refresh_from_db()
        assert by_bank.status == Status.SENT
        bank_refunds.paid(invoice, event="order:1")
        by_bank.refresh_from_db()
        assert (by_bank.status, mails()) == (Status.PAID_OUT, ["refund_by_bank", "refund_done"])

    def test_what_the_bank_did_not_pay_is_credit_again_and_told(self, invoice, by_bank):
        self.order(invoice)
        with transaction.atomic():
            locked = ledger.lock_invoice(invoice.pk)
            bank_refunds.undo(locked, event="order:1", by="system", reason="AC04")
        by_bank.refresh_from_db()
        assert (by_bank.status, credit.free(invoice)) == (Status.FAILED, 100)
        assert open_tasks() == ["refund_failed"]
        assert list(verification.discrepancies()) == []

    def test_what_the_gateway_refunds_can_not_be_ordered_too(self, invoice):
        paid_twice(invoice)
        asked(invoice)
        with pytest.raises(Refused):
            self.order(invoice)
        assert ledger.balance(invoice.pk) == -100


class TestItFails:
    def failed(self, invoice, status="failed"):
        _first, second = paid_twice(invoice)
        request = send(asked(invoice))
        (made,) = at_bank()
        bank.settle_refund(made, status)
        attempts.sync_payment(second.pk)
        request.refresh_from_db()
        return request

    def test_a_closed_account_is_booked_back_and_told(self, invoice):
        request = self.failed(invoice)
        assert (request.status, request.why) == (Status.FAILED, "reported_failed")
        assert ledger.balance(invoice.pk) == -100
        assert mails() == ["refund_under_way", "refund_failed"]
        assert open_tasks() == ["refund_failed", "surplus"]
        assert list(verification.discrepancies()) == []

    def test_also_after_it_was_paid_out(self, invoice):
        _first, second = paid_twice(invoice)
        request = send(asked(invoice))
        (made,) = at_bank()
        for status in ("refunded", "failed"):
            bank.settle_refund(made, status)
            attempts.sync_payment(second.pk)
        request.refresh_from_db()
        assert (request.status, ledger.balance(invoice.pk)) == (Status.FAILED, -100)

    def test_the_next_one_does_not_go_to_the_closed_account(self, invoice):
        """To the first payment, from another account, or by bank: here one was paid from each."""
        practice(invoice, refund_automatically_up_to=Decimal("100.00"))
        _first, second = paid_twice(invoice)
        refund_calls.sweep()
        bank.settle_refund(at_bank()[0], "failed")
        attempts.sync_payment(second.pk)
        assert RefundRequest.objects.get(status=Status.ASKED).amount == 100, "nothing by itself after a failure"
        refunds.approve(invoice.pk, by=member(invoice), seen=Decimal("100.00"))
        assert RefundRequest.objects.get(status=Status.APPROVED).payment == _first

    def test_canceled_in_the_dashboard_it_is_not_sent_again_by_itself(self, invoice):
        practice(invoice, refund_automatically_up_to=Decimal("100.00"))
        request = self.failed_automatically(invoice)
        assert (request.status, request.why) == (Status.FAILED, "canceled")
        refund_calls.sweep(now=timezone.now() + timedelta(days=1))
        assert len(at_bank()) == 1

    def failed_automatically(self, invoice):
        _first, second = paid_twice(invoice)
        refund_calls.sweep()
        BankRefund.objects.update(status="pending")
        bank.settle_refund(at_bank()[0], "canceled")
        attempts.sync_payment(second.pk)
        return RefundRequest.objects.get(refund__refund_id=at_bank()[0].reference)


def test_a_missed_webhook_is_made_up_for_by_asking_again(invoice):
    paid_twice(invoice)
    request = send(asked(invoice))
    bank.settle_refund(at_bank()[0], "refunded")
    refund_calls.sweep(now=request.next_check_at + timedelta(seconds=1))
    request.refresh_from_db()
    assert request.status == Status.PAID_OUT


def test_one_that_never_arrives_is_told_to_staff(invoice):
    paid_twice(invoice)
    request = send(asked(invoice))
    for _ in range(30):
        request.refresh_from_db()
        if request.next_check_at is None:
            break
        refund_calls.sweep(now=request.next_check_at)
    assert request.next_check_at is None
    assert open_tasks() == ["refund_failed"]


def test_credit_older_than_its_term_becomes_a_task_once(invoice):
    bank.paid(invoice)
    bank.reduce(invoice, "10.00")
    today = timezone.localdate()
    credit.watch(today + timedelta(days=13))
    assert open_tasks() == []
    for _ in range(2):
        credit.watch(today + timedelta(days=14))
    assert open_tasks() == ["credit_overdue"]
