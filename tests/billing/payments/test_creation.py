"""Payments whose creation is in doubt or refused: repeated with the same key, searched for, never made twice."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing.channels import mollie
from billing.errors import Refused
from billing.models import Payment
from billing.payments import attempts, creation
from sandbox import faults
from sandbox.models import Payment as BankPayment
from tests import factories
from tests.billing.payments import bank

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]
Status = Payment.Status


@pytest.fixture
def invoice() -> Any:
    return factories.invoice(amount="100.00")


class TestCreationInDoubt:
    @pytest.mark.parametrize("kind", ["timeout_after_commit", "500", "503", "429", "409", "html", "null", "bare"])
    def test_it_is_repeated_with_the_same_key_until_it_is_known(self, invoice, kind):
        faults.configure({"create": {"kind": kind, "times": 1, "hang_ms": 1500}})
        with bank.impatient():
            payment = bank.start(invoice)
        assert (payment.status, payment.checkout_url) == (Status.CREATE_UNKNOWN, "")
        attempts.sweep(now=timezone.now() + timedelta(seconds=1))
        payment.refresh_from_db()
        assert payment.status == Status.CREATE_UNKNOWN, "not before it is due"
        attempts.sweep(now=timezone.now() + timedelta(seconds=10))
        payment.refresh_from_db()
        assert payment.status == Status.OPEN
        assert payment.checkout_url
        assert BankPayment.objects.get().reference == payment.mollie_id

    def test_the_waiting_page_repeats_it_too(self, invoice):
        faults.configure({"create": {"kind": "503", "times": 1}})
        payment = bank.start(invoice)
        again = attempts.sync_payment(payment.pk, now=timezone.now() + timedelta(seconds=6), min_interval_seconds=2)
        assert again.checkout_url

    def test_and_so_does_a_second_click(self, invoice):
        faults.configure({"create": {"kind": "503", "times": 1}})
        payment = bank.start(invoice)
        Payment.objects.update(next_check_at=timezone.now())
        again = bank.start(invoice)
        assert (again.pk, bool(again.checkout_url)) == (payment.pk, True)

    def test_the_waits_grow_and_end_in_a_search_when_the_key_is_too_old(self, invoice):
        faults.configure({"create": "503"})
        payment = bank.start(invoice)
        began, now, calls = payment.called_at, payment.called_at, 0
        while payment.status == Status.CREATE_UNKNOWN:
            now = payment.next_check_at
            attempts.sweep(now=now)
            payment.refresh_from_db()
            calls += 1
        assert payment.status == Status.ABANDONED
        assert now - began > timedelta(minutes=50)
        assert calls < 25

    def test_a_payment_created_after_all_is_found_by_our_token(self, invoice):
        faults.configure({"create": {"kind": "timeout_after_commit", "times": 1, "hang_ms": 1500}})
        with bank.impatient():
            payment = bank.start(invoice)
        bank_row = BankPayment.objects.get()
        attempts.sweep(now=timezone.now() + timedelta(minutes=51))
        payment.refresh_from_db()
        assert (payment.status, payment.mollie_id) == (Status.OPEN, bank_row.reference)
        assert BankPayment.objects.count() == 1

    def test_a_patient_does_not_wait_for_one_that_is_too_old(self, invoice):
        faults.configure({"create": {"kind": "503", "times": 1}})
        first = bank.start(invoice)
        Payment.objects.update(called_at=timezone.now() - timedelta(minutes=51))
        second = bank.start(invoice)
        assert second.pk != first.pk
        assert second.checkout_url

    def test_a_patient_who_is_quicker_than_the_sweep_gets_the_one_that_was_created(self, invoice):
        faults.configure({"create": {"kind": "timeout_after_commit", "times": 1, "hang_ms": 1500}})
        with bank.impatient():
            first = bank.start(invoice)
        Payment.objects.update(called_at=timezone.now() - timedelta(minutes=61))
        second = bank.start(invoice)
        assert second.pk == first.pk
        assert second.checkout_url
        assert BankPayment.objects.count() == 1

    @pytest.mark.parametrize("created", [True, False])
    def test_one_of_a_restored_backup_is_searched_for_and_never_created_twice(self, invoice, created):
        """The backup was made between the row and the call."""
        payment = bank.start(invoice)
        rows = Payment.objects.filter(pk=payment.pk)
        began = timezone.now() - timedelta(hours=2)
        rows.update(
            status="new", mollie_id=None, checkout_url="", called_at=None, created_at=began, next_check_at=began
        )
        if not created:
            BankPayment.objects.all().delete()
        attempts.sweep()
        payment.refresh_from_db()
        assert payment.status == (Status.OPEN if created else Status.ABANDONED)
        assert BankPayment.objects.count() == created

    @pytest.mark.parametrize("state", [Status.NEW, Status.CREATING])
    def test_killed_between_commit_and_answer(self, invoice, monkeypatch, state):
        """The process dies before the call, or after it and before its answer was stored."""
        made = []

        class Killed(BaseException):
            pass

        def die(body: str, *, idempotency_key: str) -> None:
            made.append((body, idempotency_key))
            raise Killed

        create = mollie.create_payment
        monkeypatch.setattr(mollie, "create_payment", die)
        if state == Status.NEW:
            monkeypatch.setattr(creation, "advance", lambda *a, **k: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            bank.start(invoice)
        monkeypatch.undo()
        payment = Payment.objects.get()
        assert payment.status == state
        if state == Status.CREATING:
            create(*made[0][:1], idempotency_key=made[0][1])
        attempts.sweep(now=timezone.now() + timedelta(seconds=61))
        payment.refresh_from_db()
        assert payment.status == Status.OPEN
        assert BankPayment.objects.get().reference == payment.mollie_id
        assert json.loads(payment.request_body)["metadata"] == BankPayment.objects.get().metadata

    def test_one_that_was_replaced_before_it_was_called_is_never_called(self, invoice, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(creation, "advance", lambda *a, **k: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                bank.start(invoice)
        bank.reduce(invoice, "1.00")
        attempts.sweep(now=timezone.now() + timedelta(seconds=61))
        assert Payment.objects.get().status == Status.ABANDONED
        assert not BankPayment.objects.exists()


class TestRefusedCreation:
    @pytest.mark.parametrize(("kind", "items"), [("422", []), ("401", ["gateway_alarm"]), ("403", ["gateway_alarm"])])
    def test_it_ends_with_a_sentence_and_the_next_click_has_a_new_key(self, invoice, kind, items):
        faults.configure({"create": {"kind": kind, "times": 1}})
        with pytest.raises(Refused):
            bank.start(invoice)
        first = Payment.objects.get()
        assert first.status == Status.REJECTED
        assert bank.staff_tasks() == items
        second = bank.start(invoice)
        assert second.idempotency_key != first.idempotency_key
        assert second.checkout_url

    def test_an_answer_about_another_amount_is_never_offered(self, invoice, monkeypatch):
        create = mollie.create_payment

        def garbled(body: str, *, idempotency_key: str) -> mollie.PaymentSnapshot:
            return create(body.replace("100.00", "1.00"), idempotency_key=idempotency_key)

        monkeypatch.setattr(mollie, "create_payment", garbled)
        with pytest.raises(Refused):
            bank.start(invoice)
        payment = Payment.objects.get()
        assert (payment.status, payment.checkout_url) == (Status.REJECTED, "")
        assert payment.quarantined_at
        assert bank.staff_tasks() == ["payment_mismatch"]
