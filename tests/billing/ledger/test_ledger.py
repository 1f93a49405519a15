"""The ledger: entries are booked once, never changed, corrected by reversals, and agree with settled_at."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from billing import ledger
from billing.models import AuditEvent, Invoice, LedgerTransaction, Posting
from tests import factories
from tests.books import accounts, booked

Kind = LedgerTransaction.Kind
pytestmark = [pytest.mark.both_databases]


def pay(invoice, amount, event="tr_1"):
    return ledger.post(
        invoice, Kind.PAYMENT, -Decimal(amount), external_id=event, occurred_at=timezone.now(), by="test"
    )


@pytest.fixture
def invoice(db):
    return factories.invoice(amount=Decimal("100.00"))


def test_paying_all_settles_and_a_chargeback_reopens(invoice):
    pay(invoice, "100.00")
    assert ledger.outstanding(invoice.pk) == 0
    assert Invoice.objects.get(pk=invoice.pk).settled_at is not None
    ledger.post(invoice, Kind.CHARGEBACK, Decimal("100.00"), external_id="chb_1", occurred_at=timezone.now(), by="test")
    assert ledger.outstanding(invoice.pk) == Decimal("100.00")
    assert Invoice.objects.get(pk=invoice.pk).settled_at is None


def test_what_is_paid_too_much_is_credit_not_debt(invoice):
    pay(invoice, "130.00")
    assert ledger.balance(invoice.pk) == Decimal("-30.00")
    assert ledger.outstanding(invoice.pk) == 0


def test_the_same_event_is_booked_once(invoice):
    assert pay(invoice, "40.00") is not None
    assert pay(invoice, "40.00") is None
    assert ledger.outstanding(invoice.pk) == Decimal("60.00")


def test_a_mirror_undoes_an_entry_once(invoice):
    entry = pay(invoice, "100.00")
    mirror = ledger.reverse(invoice, entry, external_id="tr_1:undone", occurred_at=timezone.now(), by="test")
    assert mirror.reverses == entry
    assert [entry.amount for entry in booked(invoice, Kind.PAYMENT)] == [Decimal("-100.00"), Decimal("100.00")]
    assert ledger.reverse(invoice, entry, external_id="tr_1:again", occurred_at=timezone.now(), by="test") is None
    assert ledger.outstanding(invoice.pk) == Decimal("100.00")
    assert Invoice.objects.get(pk=invoice.pk).settled_at is None


@pytest.mark.parametrize(("kind", "amount"), [(Kind.PAYMENT, "5.00"), (Kind.REFUND, "-5.00"), (Kind.REDUCTION, "0.00")])
def test_an_entry_with_the_wrong_sign_is_refused(invoice, kind, amount):
    with pytest.raises(ValueError, match="sign"):
        ledger.post(invoice, kind, Decimal(amount), external_id="x", occurred_at=timezone.now(), by="test")
    assert ledger.balance(invoice.pk) == Decimal("100.00")


@pytest.mark.parametrize("model", [LedgerTransaction, Posting, AuditEvent])
@pytest.mark.parametrize("act", ["update", "delete"])
def test_the_database_refuses_to_change_what_was_written(invoice, model, act):
    AuditEvent.objects.create(action="test", by="test")
    rows, before = model.objects.all(), list(model.objects.values())
    change = {"account": "credit"} if model is Posting else {"by": "somebody else"}
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        rows.update(**change) if act == "update" else rows._raw_delete(rows.db)
    assert list(model.objects.values()) == before


def test_each_side_of_the_money_is_on_its_account(invoice):
    assert accounts(invoice) == {"principal": Decimal("100.00"), "claims": Decimal("-100.00")}
    pay(invoice, "130.00")
    paid = {"gateway": Decimal("130.00"), "practice": Decimal("-100.00"), "credit": Decimal("-30.00")}
    assert accounts(invoice) == paid
    ledger.post(invoice, Kind.REFUND, Decimal("30.00"), external_id="re_1", occurred_at=timezone.now(), by="test")
    assert accounts(invoice) == {"gateway": Decimal("100.00"), "practice": Decimal("-100.00")}


def test_lowering_a_paid_invoice_takes_from_the_practice_what_is_the_payers(invoice):
    pay(invoice, "100.00")
    ledger.post(invoice, Kind.REDUCTION, Decimal("-40.00"), external_id="r", occurred_at=timezone.now(), by="test")
    credited = {"gateway": Decimal("100.00"), "practice": Decimal("-60.00"), "credit": Decimal("-40.00")}
    assert accounts(invoice) == credited


def test_money_pays_costs_before_interest_before_principal(invoice):
    for kind, amount in ((Kind.COSTS, "40.00"), (Kind.INTEREST, "0.50")):
        ledger.post(invoice, kind, Decimal(amount), external_id=kind, occurred_at=timezone.now(), by="test")
    pay(invoice, "45.00")
    assert accounts(invoice) == {
        "principal": Decimal("95.50"), "claims": Decimal("-95.50"),
        "gateway": Decimal("45.00"), "practice": Decimal("-45.00"),
    }  # fmt: skip


def test_after_a_mirror_the_other_payments_pay_as_if_it_had_never_been(invoice):
    ledger.post(invoice, Kind.COSTS, Decimal("40.00"), external_id="c", occurred_at=timezone.now(), by="test")
    first = pay(invoice, "40.00", event="tr_1")
    pay(invoice, "60.00", event="tr_2")
    assert accounts(invoice)["principal"] == Decimal("40.00")
    ledger.reverse(invoice, first, external_id="tr_1:undone", occurred_at=timezone.now(), by="test")
    assert accounts(invoice) == {
        "principal": Decimal("80.00"), "claims": Decimal("-80.00"),
        "gateway": Decimal("60.00"), "practice": Decimal("-60.00"),
    }  # fmt: skip
    assert LedgerTransaction.objects.filter(kind=Kind.ALLOCATION).count() == 1


def test_settling_keeps_its_first_moment(invoice):
    pay(invoice, "100.00")
    first = Invoice.objects.get(pk=invoice.pk).settled_at
    pay(invoice, "1.00", event="tr_2")
    assert Invoice.objects.get(pk=invoice.pk).settled_at == first


def _in_parallel(number, act):
    """Run `act(i)` in threads that start together; return the exceptions they ended with."""
    barrier, errors = threading.Barrier(number), []

    def run(i):
        try:
            barrier.wait()
            act(i)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(number)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return errors


def _pay_half_if_owed(invoice_id, i, *, locked):
    """Book 50.00 if anything is owed: correct only when nobody books between the check and the booking."""
    with transaction.atomic():
        invoice = ledger.lock_invoice(invoice_id) if locked else Invoice.objects.get(pk=invoice_id)
        if ledger.outstanding(invoice_id) > 0:
            if not locked:
                _RENDEZVOUS.wait(timeout=10)
            pay(invoice, "50.00", event=f"tr_{i}")


_RENDEZVOUS = threading.Barrier(4)


@pytest.mark.django_db(transaction=True)
def test_commands_on_one_invoice_queue_up_behind_its_lock():
    invoice = factories.invoice(amount=Decimal("100.00"))
    assert _in_parallel(8, lambda i: _pay_half_if_owed(invoice.pk, i, locked=True)) == []
    assert ledger.balance(invoice.pk) == 0


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_same_commands_overpay():
    """The twin: proves that the test above would detect a missing lock."""
    if connection.vendor == "sqlite":
        connection.settings_dict["OPTIONS"]["transaction_mode"] = "DEFERRED"
    try:
        invoice = factories.invoice(amount=Decimal("100.00"))
        errors = _in_parallel(4, lambda i: _pay_half_if_owed(invoice.pk, i, locked=False))
        overpaid = ledger.balance(invoice.pk) < 0
        assert overpaid or any("locked" in str(error) for error in errors)
    finally:
        if connection.vendor == "sqlite":
            connection.settings_dict["OPTIONS"]["transaction_mode"] = "IMMEDIATE"


def test_occurred_and_booked_are_two_moments(invoice):
    yesterday = timezone.now() - timedelta(days=1)
    entry = ledger.post(invoice, Kind.PAYMENT, Decimal("-1.00"), external_id="tr_9", occurred_at=yesterday, by="test")
    assert entry.occurred_at < entry.created_at
