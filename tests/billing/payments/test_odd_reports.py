"""Reports that the books refuse or that we can't read: set apart, with a task, while everything else goes on."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing import audit
from billing.models import AuditEvent, FailedTry, LedgerTransaction, Payment, StaffTask
from billing.payments import attempts, settlement, webhooks
from sandbox import resources
from sandbox.models import Payment as BankPayment
from tests import factories
from tests.billing.payments import bank

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]
Change = Callable[[dict[str, Any]], None]
MISMATCH = StaffTask.Kind.PAYMENT_MISMATCH


@pytest.fixture
def bank_says(monkeypatch: pytest.MonkeyPatch) -> Callable[[Payment, Change | None], None]:
    """Let the stand-in bank change what it reports about a payment; None makes it right again."""
    changes: dict[str, Change] = {}
    right = resources.payment

    def changed(row: BankPayment, **rest: Any) -> dict[str, Any]:
        shown = right(row, **rest)
        changes.get(row.reference, lambda _shown: None)(shown)
        return shown

    monkeypatch.setattr(resources, "payment", changed)
    return lambda payment, change: changes.update({payment.mollie_id: change or (lambda _shown: None)})


def paid_at_bank(amount: str = "100.00") -> Payment:
    payment = bank.start(factories.invoice(amount=amount))
    bank.end(payment, "paid")
    return payment


def all_due() -> None:
    Payment.objects.filter(status__in=Payment.LIVE).update(next_check_at=timezone.now() - timedelta(minutes=1))


def of_refund(**changes: Any) -> Change:
    return lambda shown: [refund.update(changes) for refund in shown["_embedded"]["refunds"]] and None


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"amount": {"currency": "USD", "value": "10.00"}}, "currency USD"),
        ({"amount": {"currency": "EUR", "value": "100.01"}}, "more than was paid"),
        ({"status": "brand-new"}, "unknown status brand-new"),
        ({"amount": None}, "TypeError"),
        ({"createdAt": "yesterday"}, "Invalid isoformat string: 'yesterday'"),
    ],
)
def test_an_odd_refund_is_set_apart_and_the_money_is_booked(bank_says, changes, note):
    payment, other = paid_at_bank(), paid_at_bank()
    refund = bank.refund(payment, "10.00")
    bank_says(payment, of_refund(**changes))
    all_due()
    attempts.sweep()
    assert [bank.balance(payment.invoice), bank.balance(other.invoice)] == [0, 0]
    task = StaffTask.objects.get()
    assert (task.kind, task.payment, task.note) == (MISMATCH, payment, f"{refund.reference}: {note}")
    bank_says(payment, None)
    attempts.sync_payment(payment.pk)
    assert bank.balance(payment.invoice) == 10, "once it can be read it is booked"


def test_many_refunds_are_never_more_than_was_paid(bank_says):
    payment = paid_at_bank()
    bank.refund(payment, "60.00")
    bank.refund(payment, "40.00")
    attempts.sync_payment(payment.pk)
    extra = {"id": "re_extra", "amount": {"currency": "EUR", "value": "0.01"}, "status": "refunded"}
    bank_says(payment, lambda shown: shown["_embedded"]["refunds"].append(extra | {"createdAt": shown["createdAt"]}))
    attempts.sync_payment(payment.pk)
    assert bank.balance(payment.invoice) == 100
    assert StaffTask.objects.get(kind=MISMATCH).note == "re_extra: more than was paid"


def test_a_chargeback_of_more_than_was_paid_is_set_apart(bank_says):
    payment = paid_at_bank()
    bank.charge_back(payment, "10.00")
    dollars = {"currency": "EUR", "value": "999.00"}
    bank_says(payment, lambda shown: shown["_embedded"]["chargebacks"][0].update(amount=dollars))
    attempts.sync_payment(payment.pk)
    assert bank.balance(payment.invoice) == 0
    assert bank.staff_tasks() == ["payment_mismatch"]


def test_a_status_that_is_new_keeps_no_other_payment_waiting(bank_says):
    odd = [paid_at_bank() for _ in range(attempts.FAILURES_BEFORE_STOP + 1)]
    for payment in odd:
        bank_says(payment, lambda shown: shown.update(status="brand-new"))
    other = paid_at_bank()
    all_due()
    attempts.sweep()
    assert bank.balance(other.invoice) == 0
    assert {task.invoice for task in StaffTask.objects.filter(kind="rule_failed")} == {p.invoice for p in odd}
    for payment in odd:
        bank_says(payment, None)
    attempts.sweep(now=timezone.now() + timedelta(minutes=6))
    assert [bank.balance(payment.invoice) for payment in odd] == [0] * len(odd)
    assert not FailedTry.objects.exists()
    assert not StaffTask.objects.filter(closed_at=None).exists(), "a task whose cause is gone is closed"


@pytest.mark.parametrize("way", ["check", "webhook"])
def test_what_the_books_refuse_of_one_payment_keeps_no_other_waiting(monkeypatch, way):
    refused, other = paid_at_bank(), paid_at_bank()
    book = settlement._book

    def refuse_one(payment: Payment, *rest: Any, **more: Any) -> None:
        if payment.pk == refused.pk:
            raise ValueError("inconsistent")
        book(payment, *rest, **more)

    monkeypatch.setattr(settlement, "_book", refuse_one)
    if way == "check":
        all_due()
    else:
        for payment in (refused, other):
            webhooks.receive_webhook(payment.webhook_token, str(payment.mollie_id))
    now = timezone.now() + timedelta(seconds=10)
    attempts.sweep(now=now)
    assert (bank.balance(refused.invoice), bank.balance(other.invoice)) == (100, 0)
    task = StaffTask.objects.get()
    assert (task.kind, task.invoice, task.note) == ("rule_failed", refused.invoice, "ValueError")
    attempts.sweep(now=now + timedelta(seconds=20))
    assert FailedTry.objects.get().tries == 1, "not before its wait is over"
    for minutes in (10, 20, 90, 200):
        attempts.sweep(now=now + timedelta(minutes=minutes))
    assert FailedTry.objects.get().tries == 5
    assert StaffTask.objects.count() == 1
    monkeypatch.setattr(settlement, "_book", book)
    attempts.sweep(now=now + timedelta(hours=10))
    assert bank.balance(refused.invoice) == 0


def test_the_page_of_a_payment_that_fails_says_that_we_wait(client, monkeypatch):
    payment = paid_at_bank()
    Payment.objects.update(fetched_at=None)
    monkeypatch.setattr(settlement, "_book", lambda *_args, **_more: 1 / 0)
    answer = client.get(f"/betaling/{payment.token}/")
    assert answer.status_code == 200
    assert "Wij wachten op uw bank" in answer.content.decode()
    assert bank.staff_tasks() == ["rule_failed"]


def test_failures_that_wait_never_fill_the_batch(monkeypatch):
    """The first rows that fail would be the whole batch of every sweep."""
    monkeypatch.setattr(attempts, "SWEEP_BATCH", 3)
    refused, other = [paid_at_bank() for _ in range(3)], paid_at_bank()
    all_due()
    Payment.objects.filter(pk=other.pk).update(next_check_at=timezone.now())
    book = settlement._book
    monkeypatch.setattr(
        settlement, "_book", lambda p, *rest, **more: book(p, *rest, **more) if p.pk == other.pk else 1 / 0
    )
    attempts.sweep()
    attempts.sweep()
    assert bank.balance(other.invoice) == 0
    assert [bank.balance(payment.invoice) for payment in refused] == [100] * 3


def test_money_under_way_is_asked_about_before_what_is_over(monkeypatch):
    monkeypatch.setattr(attempts, "SWEEP_BATCH", 2)
    over = [bank.paid(factories.invoice()) for _ in range(3)]
    long_ago = timezone.now() - timedelta(days=1)
    Payment.objects.filter(pk__in=[p.pk for p in over]).update(next_check_at=long_ago)
    urgent = paid_at_bank()
    Payment.objects.filter(pk=urgent.pk).update(next_check_at=timezone.now())
    attempts.sweep()
    assert bank.balance(urgent.invoice) == 0


class TestQuarantine:
    def test_another_profile_is_noticed_and_only_a_person_releases(self, bank_says):
        payment = paid_at_bank()
        bank_says(payment, lambda shown: shown.update(profileId="pfl_other"))
        attempts.sync_payment(payment.pk)
        assert StaffTask.objects.get().note == "profile"
        bank_says(payment, None)
        for _ in range(2):
            attempts.sync_payment(payment.pk)
            webhooks.receive_webhook(payment.webhook_token, str(payment.mollie_id))
            attempts.take_webhooks(payment.pk, now=timezone.now() + timedelta(minutes=1))
        assert bank.balance(payment.invoice) == 100, "it stays set apart when a later report matches"
        notes = list(StaffTask.objects.order_by("pk").values_list("note", flat=True))
        assert notes == ["profile", "paid, and quarantined: release it, or refund it at the gateway"]
        webhooks.release(payment.pk, by="staff:ops", note="our own second profile")
        attempts.take_webhooks(payment.pk, now=timezone.now() + timedelta(minutes=2))
        assert bank.balance(payment.invoice) == 0

    def test_another_cause_makes_another_task(self, bank_says):
        payment = paid_at_bank()
        bank_says(payment, lambda shown: shown.update(profileId="pfl_other"))
        attempts.sync_payment(payment.pk)
        bank_says(payment, lambda shown: shown.update(mode="live"))
        attempts.sync_payment(payment.pk)
        assert list(StaffTask.objects.order_by("pk").values_list("note", flat=True)) == ["profile", "mode"]


class TestAlarms:
    def open_alarm(self, cause: str, *, days: int = 0) -> list[str]:
        audit.open_alarm("gateway_alarm", cause=cause, now=timezone.now() + timedelta(days=days))
        return [task.dedupe_key for task in StaffTask.objects.filter(closed_at=None)]

    def test_one_that_goes_on_is_one_task_and_comes_back_when_it_was_closed(self):
        assert len(self.open_alarm("get:1:404")) == 1
        assert len(self.open_alarm("get:1:404", days=3)) == 1
        StaffTask.objects.update(closed_at=timezone.now())
        assert len(self.open_alarm("get:1:404")) == 0, "not twice a day"
        assert len(self.open_alarm("get:1:404", days=1)) == 1

    def test_another_cause_is_another_task(self):
        assert len(self.open_alarm("get:1:404")) == 1
        assert len(self.open_alarm("get:1:401")) == 2
        assert len(self.open_alarm("get:10:404")) == 3

    def test_a_key_that_is_refused_is_one_task_for_everybody(self):
        from sandbox import faults

        faults.configure({"create": "401"})
        for _ in range(3):
            with pytest.raises(Exception, match="iDEAL"):
                bank.start(factories.invoice())
        assert bank.staff_tasks() == ["gateway_alarm"]


@pytest.mark.parametrize("ending", ["expired", "canceled", "failed"])
def test_money_that_comes_late_leaves_a_line(ending):
    payment = bank.start(factories.invoice())
    bank.end(payment, ending)
    attempts.sync_payment(payment.pk)
    bank.end(payment, "paid", late=True)
    attempts.sync_payment(payment.pk)
    event = AuditEvent.objects.get(action="payment_late")
    assert event.details == {"amount": "100.00", "was": ending}
    assert AuditEvent.objects.filter(action="payment_received").count() == 1


def test_authorized_is_known_and_books_nothing(bank_says):
    payment = bank.start(factories.invoice())
    bank_says(payment, lambda shown: shown.update(status="authorized"))
    assert attempts.sync_payment(payment.pk).status == Payment.Status.AUTHORIZED
    assert not LedgerTransaction.objects.filter(kind="payment").exists()
    assert bank.start(payment.invoice).pk == payment.pk, "nobody is asked to pay twice"
    bank_says(payment, None)
    bank.end(payment, "paid")
    attempts.sync_payment(payment.pk)
    assert bank.balance(payment.invoice) == Decimal(0)


def test_an_invoice_that_was_paid_twice_says_so():
    invoice = factories.invoice()
    first = bank.start(invoice)
    Payment.objects.update(expires_at=timezone.now() + timedelta(seconds=60))
    second = bank.start(invoice)
    for payment in (first, second):
        bank.end(payment, "paid")
        attempts.sync_payment(payment.pk)
    task = StaffTask.objects.get(kind="surplus")
    assert (task.payment, task.note) == (second, "paid twice: pay this one back")
