"""Refunds of credit through the gateway: asked, approved, sent once, booked by the report, and told."""

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.channels import mollie
from billing.errors import Refused
from billing.ledger import verification
from billing.models import LedgerTransaction, OutboxMessage, RefundRequest, Staff
from billing.models.ledger import Account
from billing.payments import attempts, credit, refunds
from billing.payments.refunds import calls as refund_calls
from sandbox import faults
from sandbox.models import IdempotentCall
from tests import factories
from tests.billing.payments import bank
from tests.billing.payments.credits import asked, at_bank, mails, member, open_tasks, paid_twice, practice, send
from tests.books import accounts
from tests.portal.staff.staff_client import signed_in

Kind, Status = LedgerTransaction.Kind, RefundRequest.Status
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("sandbox"),
    pytest.mark.both_databases,
]


@pytest.fixture
def invoice():
    return factories.invoice(amount="100.00")


def test_paid_twice_is_proposed_at_once_and_nothing_leaves_before_somebody_approves(invoice):
    paid_twice(invoice)
    request = RefundRequest.objects.get()
    assert (request.status, request.amount, request.asked_by) == (Status.ASKED, 100, "system")
    assert open_tasks() == ["surplus"]
    refund_calls.sweep()
    assert at_bank() == []


@pytest.mark.parametrize("transfer_is", ["first", "last"])
def test_what_came_last_goes_back_to_who_paid_it(invoice, transfer_is):
    """Somebody else paid the invoice by transfer: that is what was not due, or what the patient paid after it."""
    payment, now = bank.start(invoice), timezone.now()
    bank.end(payment, "paid")
    attempts.sync_payment(payment.pk)
    came = now + timedelta(days=-3 if transfer_is == "first" else 3)
    facts = {"occurred_at": came, "by": "t", "through": Account.UNMATCHED}
    ledger.post(invoice, Kind.PAYMENT, Decimal("-100.00"), external_id="bank:1", **facts)
    last, before = (payment, None) if transfer_is == "first" else (None, payment)

    def there(amount):
        return {leg.payment: leg.amount for leg in credit.legs(invoice, Decimal(amount), now=now)}

    assert there("100.00") == {last: 100}
    assert there("130.00") == {last: 100, before: 30}
    ledger.post(invoice, Kind.REPAID, Decimal("40.00"), external_id="b", occurred_at=now, by="t")
    assert there("60.00") == {last: 60}


def test_what_a_patient_asks_goes_back_to_the_account_it_came_from(invoice):
    _first, second = paid_twice(invoice)
    request = send(asked(invoice))
    (made,) = at_bank()
    assert (made.payment.reference, made.amount_cents) == (second.mollie_id, 10_000)
    assert made.metadata == {"token": request.token}
    assert request.status == Status.SENT
    assert request.refund.refund_id == made.reference
    assert accounts(invoice) == {"practice": Decimal("-100.00"), "gateway": Decimal("100.00")}
    assert (mails(), open_tasks()) == (["refund_under_way"], [])
    bank.settle_refund(made, "refunded")
    attempts.sync_payment(second.pk)
    request.refresh_from_db()
    assert request.status == Status.PAID_OUT
    assert mails() == ["refund_under_way", "refund_done"]
    assert list(verification.discrepancies()) == []


def test_mails_name_the_day_and_no_account_number(invoice):
    paid_twice(invoice)
    send(asked(invoice))
    text = OutboxMessage.objects.get(kind="refund_under_way").text
    assert "100,00" in text
    assert "waarmee u op" in text
    assert "NL55INGB" not in text


def test_asking_again_changes_nothing(invoice):
    paid_twice(invoice)
    asked(invoice)
    assert refunds.ask(invoice.pk, seen=Decimal("100.00")) is None
    assert RefundRequest.objects.count() == 1


def test_who_saw_another_amount_has_not_agreed(invoice):
    paid_twice(invoice)
    with pytest.raises(Refused):
        refunds.ask(invoice.pk, seen=Decimal("60.00"))
    with pytest.raises(Refused):
        refunds.approve(invoice.pk, by=member(invoice), seen=Decimal("60.00"))
    assert RefundRequest.objects.get().status == Status.ASKED


def test_without_credit_there_is_nothing_to_ask(invoice):
    bank.paid(invoice)
    with pytest.raises(Refused):
        refunds.ask(invoice.pk, seen=Decimal("0.00"))


class TestTwoPeople:
    @pytest.fixture
    def invoice(self):
        invoice = factories.invoice(amount="300.00")
        paid_twice(invoice)
        return invoice

    def test_above_the_limit_two_members_of_staff_agree(self, invoice):
        first, second = member(invoice), member(invoice)
        amount = Decimal("300.00")
        assert refunds.approve(invoice.pk, by=first, seen=amount).status == Status.ASKED
        with pytest.raises(Refused):
            refunds.approve(invoice.pk, by=first, seen=amount)
        assert at_bank() == []
        request = refunds.approve(invoice.pk, by=second, seen=amount)
        assert (request.status, request.first_by != request.approved_by) == (Status.APPROVED, True)
        assert open_tasks() == []

    def test_a_patient_may_ask_and_staff_still_decide(self, invoice):
        request = asked(invoice, "300.00")
        assert (request.status, request.asked_by) == (Status.ASKED, "patient")
        assert "refund_to_approve" in open_tasks()
        refunds.refuse(invoice.pk, by=member(invoice), reason="belongs to another invoice")
        assert RefundRequest.objects.get().status == Status.REFUSED
        assert credit.free(invoice) == 300

    def test_the_practice_chooses_its_limit(self, invoice):
        practice(invoice, refund_second_person_above=Decimal("300.00"))
        assert refunds.approve(invoice.pk, by=member(invoice), seen=Decimal("300.00")).status == Status.APPROVED

    def test_several_accounts_approve_alone_no_more_than_one_would(self, invoice, settings):
        now, refund = timezone.now(), Decimal("30.00")
        practice(invoice, refund_second_person_above=Decimal("30.00"))
        invoices = [factories.invoice(provider=invoice.provider, amount="30.00") for _ in range(11)]
        for one in invoices:
            paid_twice(one)
        made = [refunds.approve(one.pk, by=member(one), seen=refund).status for one in invoices]
        assert made == [Status.APPROVED] * 10 + [Status.ASKED]
        tomorrow = now + timedelta(hours=25)
        assert not refunds.needs_two(invoices[0], refund, waiting=None, now=tomorrow)
        assert refunds.needs_two(invoices[0], Decimal("0.01"), waiting=None, now=now)
        waits = RefundRequest.objects.get(invoice=invoices[-1], status=Status.ASKED)
        self.still_a_matter_of_two(waits, now=tomorrow)

    @staticmethod
    def still_a_matter_of_two(waits, *, now):
        """What somebody agreed to first stays so on the next day, for them and for who may not be the second."""
        first = Staff.objects.get(username=waits.first_by.removeprefix("staff:"))
        facts = {"seen": waits.amount, "now": now}
        with pytest.raises(Refused):
            refunds.approve(waits.invoice_id, by=first, **facts)
        clerk = factories.staff(provider=waits.invoice.provider, role=Staff.Role.CLERK)
        with pytest.raises(Refused):
            refunds.approve(waits.invoice_id, by=clerk, **facts)
        new = member(waits.invoice, introduced_by=first)
        with pytest.raises(Refused):
            refunds.approve(waits.invoice_id, by=new, **facts)
        assert waits.first_by in signed_in(first).get(f"/beheer/billing/invoice/{waits.invoice_id}/tegoed/").text
        assert refunds.approve(waits.invoice_id, by=member(waits.invoice), **facts).status == Status.APPROVED

    def test_who_agreed_to_another_amount_has_not_agreed_to_this_one(self, invoice):
        refunds.approve(invoice.pk, by=member(invoice), seen=Decimal("300.00"))
        bank.reduce(invoice, "10.00")
        request = refunds.approve(invoice.pk, by=member(invoice), seen=Decimal("310.00"))
        assert request.status == Status.ASKED


class TestAutomatically:
    def test_up_to_the_limit_of_the_practice_nobody_has_to_look(self, invoice):
        practice(invoice, refund_automatically_up_to=Decimal("100.00"))
        paid_twice(invoice)
        request = RefundRequest.objects.get()
        assert (request.status, request.approved_by) == (Status.APPROVED, "system")
        refund_calls.sweep()
        assert len(at_bank()) == 1
        assert open_tasks() == []

    def test_above_it_staff_decide(self, invoice):
        practice(invoice, refund_automatically_up_to=Decimal("99.99"))
        paid_twice(invoice)
        assert RefundRequest.objects.get().status == Status.ASKED

    def test_with_another_open_invoice_the_payer_chooses(self, invoice):
        practice(invoice, refund_automatically_up_to=Decimal("100.00"))
        factories.invoice(patient=invoice.patient)
        paid_twice(invoice)
        assert RefundRequest.objects.get().status == Status.ASKED


def test_what_came_last_goes_back_first_to_whom_it_came_from(invoice):
    """Paid by iDEAL, and two days later again by a transfer of somebody else: who was not to pay gets it back."""
    payment = bank.start(invoice)
    bank.end(payment, "paid")
    attempts.sync_payment(payment.pk)
    payment.refresh_from_db()
    for days, legs in ((2, [(None, 80)]), (-2, [(None, 80), (payment, 40)])):
        day = timezone.now() + timedelta(days=days)
        ledger.post(
            invoice, Kind.PAYMENT, Decimal("-80.00"), external_id=f"bank:{days}", occurred_at=day, by="test",
            through=Account.UNMATCHED,
        )  # fmt: skip
        found = credit.legs(invoice, Decimal("80.00") if days > 0 else Decimal("120.00"), now=timezone.now())
        assert sorted(((leg.payment, leg.amount) for leg in found), key=lambda leg: leg[0] is not None) == legs


def test_credit_of_several_payments_goes_back_to_each(invoice):
    """Three installments were paid, then all is taken off: no single payment holds so much."""
    amounts = [Decimal("30.00"), Decimal("30.00"), Decimal("40.00")]
    for amount in amounts:
        payment = attempts.start_payment(invoice.pk, language="nl", by="patient", amount=amount, chosen=amount != 40)
        bank.end(payment, "paid")
        attempts.sync_payment(payment.pk)
    bank.reduce(invoice, "100.00")
    refunds.approve(invoice.pk, by=member(invoice), seen=Decimal("100.00"))
    refund_calls.sweep()
    assert sorted(row.amount_cents for row in at_bank()) == [3000, 3000, 4000]
    assert len({row.payment_id for row in at_bank()}) == 3
    assert ledger.balance(invoice.pk) == 0
    assert set(RefundRequest.objects.values_list("status", flat=True)) == {Status.SENT}


class TestTheAnswerIsLost:
    @pytest.fixture
    def request_(self, invoice):
        paid_twice(invoice)
        return asked(invoice)

    def test_after_the_gateway_did_it(self, invoice, request_):
        faults.configure({"refund": {"kind": "timeout_after_commit", "times": 1, "hang_ms": 1500}})
        with bank.impatient():
            request_ = send(request_)
        assert request_.status == Status.UNKNOWN
        assert ledger.balance(invoice.pk) == -100
        request_ = send(request_, now=request_.next_check_at)
        assert request_.status == Status.SENT
        assert (len(at_bank()), ledger.balance(invoice.pk)) == (1, 0)

    def test_before_it_did_it_the_same_call_is_repeated(self, invoice, request_):
        faults.configure({"refund": {"kind": "timeout_before_commit", "times": 1, "hang_ms": 1500}})
        with bank.impatient():
            request_ = send(request_)
        assert request_.status == Status.UNKNOWN
        key, body = request_.idempotency_key, request_.request_body
        give_up = time.monotonic() + 20
        while IdempotentCall.objects.filter(key=key).exists() and time.monotonic() < give_up:
            time.sleep(0.05)  # the gateway is still at the first call, and would answer 409
        request_ = send(request_, now=request_.next_check_at)
        assert request_.status == Status.SENT
        assert (request_.idempotency_key, request_.request_body) == (key, body)
        assert IdempotentCall.objects.filter(key=key).exists()
        assert len(at_bank()) == 1

    @pytest.mark.parametrize("kind", ["429", "500", "502", "503", "html", "bare", "null"])
    def test_no_usable_answer_is_asked_again(self, invoice, request_, kind):
        faults.configure({"refund": {"kind": kind, "times": 1}})
        request_ = send(request_)
        assert request_.status == Status.UNKNOWN
        request_ = send(request_, now=request_.next_check_at)
        assert request_.status == Status.SENT
        assert len(at_bank()) == 1

    def test_after_an_hour_it_is_searched_for_and_only_then_made_anew(self, invoice, request_):
        faults.configure({"refund": {"kind": "503", "times": 1}})
        request_ = send(request_)
        key = request_.idempotency_key
        request_ = send(request_, now=timezone.now() + timedelta(hours=2))
        assert request_.status == Status.SENT
        assert request_.idempotency_key != key
        assert len(at_bank()) == 1

    def test_after_an_hour_what_the_gateway_has_is_found_by_its_metadata(self, invoice, request_):
        faults.configure({"refund": {"kind": "timeout_after_commit", "times": 1, "hang_ms": 1500}})
        with bank.impatient():
            request_ = send(request_)
        request_ = send(request_, now=timezone.now() + timedelta(hours=2))
        assert request_.status == Status.SENT
        assert len(at_bank()) == 1

    def test_whoever_died_between_the_row_and_the_answer_is_followed(self, invoice, request_):
        RefundRequest.objects.update(status=Status.SENDING, called_at=timezone.now())
        assert send(request_, now=timezone.now() + timedelta(minutes=2)).status == Status.SENT
        assert len(at_bank()) == 1

    def test_the_report_comes_before_the_answer(self, invoice, request_):
        faults.configure({"refund": {"kind": "timeout_after_commit", "times": 1, "hang_ms": 1500}})
        with bank.impatient():
            request_ = send(request_)
        attempts.sync_payment(request_.payment_id)  # by a webhook
        request_.refresh_from_db()
        assert request_.status == Status.SENT


class TestRefusedByTheGateway:
    def test_our_key_is_wrong_so_it_waits_and_somebody_is_told(self, invoice):
        paid_twice(invoice)
        request = asked(invoice)
        faults.configure({"refund": {"kind": "401", "times": 1}})
        request = send(request)
        assert (request.status, open_tasks()) == (Status.APPROVED, ["gateway_alarm"])
        assert send(request, now=request.next_check_at).status == Status.SENT

    def test_what_it_does_not_want_goes_by_bank(self, invoice):
        paid_twice(invoice)
        request = asked(invoice)
        faults.configure({"refund": {"kind": "422", "times": 1}})
        request = send(request)
        assert (request.status, request.why) == (Status.BY_BANK, "gateway_refused")
        assert (open_tasks(), mails()) == (["refund_by_bank"], ["refund_by_bank"])
        assert credit.free(invoice) == 0, "reserved, so that nobody spends it twice"

    def test_made_in_the_dashboard_meanwhile_it_is_not_made_again(self, invoice):
        _first, second = paid_twice(invoice)
        request = asked(invoice)
        bank.refund(second, "100.00")
        request = send(request)
        assert request.status == Status.WITHDRAWN
        assert (len(at_bank()), ledger.balance(invoice.pk)) == (1, 0)
        assert open_tasks() == []

    def test_made_in_the_dashboard_during_our_call(self, invoice, monkeypatch):
        """Between our question and our call: the gateway refuses a second one of that amount within the hour."""
        _first, second = paid_twice(invoice)
        request = asked(invoice)
        create = mollie.create_refund

        def slow(*args, **kwargs):
            monkeypatch.setattr(mollie, "create_refund", create)
            bank.refund(second, "100.00")
            return create(*args, **kwargs)

        monkeypatch.setattr(mollie, "create_refund", slow)
        request = send(request)
        request = send(request, now=timezone.now() + timedelta(minutes=1))
        assert request.status == Status.WITHDRAWN
        assert (len(at_bank()), ledger.balance(invoice.pk)) == (1, 0)

    def test_a_chargeback_meanwhile_leaves_nothing_to_refund(self, invoice):
        _first, second = paid_twice(invoice)
        request = asked(invoice)
        bank.charge_back(second, "100.00")
        assert send(request).status == Status.WITHDRAWN
        assert at_bank() == []
