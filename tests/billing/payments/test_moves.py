"""Credit that pays another invoice of the same payer: with consent, once, by one transaction, undone by its mirror."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.adjustments import charges, taken_off
from billing.errors import FormUsed, Refused
from billing.invoices.holds import place_hold
from billing.ledger import verification
from billing.ledger.breakdown import interest_due
from billing.links import new_token
from billing.models import Invoice, LedgerTransaction, OutboxMessage, RefundRequest, Staff
from billing.payments import credit, moves, refunds
from tests import factories
from tests.billing.payments import bank
from tests.billing.payments.credits import asked, mails, paid_twice
from tests.billing.payments.test_payment_races import at_once
from tests.books import accounts, booked

Kind = LedgerTransaction.Kind
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("sandbox"),
    pytest.mark.both_databases,
]


@pytest.fixture
def source():
    invoice = factories.invoice(amount="100.00")
    paid_twice(invoice)
    return invoice


@pytest.fixture
def target(source):
    return factories.invoice(amount="60.00", patient=source.patient)


def move(source, target, seen="60.00", **given):
    return moves.move(source.pk, target.pk, **{"seen": Decimal(seen), "key": new_token(), "by": "patient"} | given)


def member(invoice):
    return factories.staff(provider=invoice.provider, role=Staff.Role.APPROVER)


def test_it_is_one_transaction_and_both_books_are_right(source, target):
    moved = move(source, target)
    assert accounts(source) == {
        "credit": Decimal("-40.00"), "practice": Decimal("-160.00"), "gateway": Decimal("200.00")
    }  # fmt: skip
    assert accounts(target) == {}
    assert sum(side.amount for side in moved.postings.all()) == 0
    target.refresh_from_db()
    assert target.settled_at is not None
    assert list(verification.discrepancies()) == []
    assert RefundRequest.objects.get().amount == 40, "the rest is proposed as a refund"
    assert mails() == ["credit_moved"]


def test_it_pays_a_part_when_there_is_less(source):
    target = factories.invoice(amount="250.00", patient=source.patient)
    move(source, target, "100.00")
    assert (ledger.balance(target.pk), ledger.balance(source.pk)) == (150, 0)
    assert "150,00" in OutboxMessage.objects.get(kind="credit_moved").text


def test_a_doubled_click_moves_once(source, target):
    key = new_token()
    results = at_once([lambda: move(source, target, key=key)] * 4, threads=4)
    assert [r for r in results if isinstance(r, Exception)] == []
    assert len(booked(source, Kind.CREDIT_MOVED)) == 1


def test_a_form_that_moved_credit_before_moves_it_nowhere_else(source, target):
    key, other = new_token(), factories.invoice(amount="30.00", patient=source.patient)
    move(source, target, key=key)
    with pytest.raises(FormUsed):
        move(source, other, "30.00", key=key)
    assert ledger.balance(other.pk) == 30


def test_credit_of_which_a_refund_is_under_way_is_not_moved(source, target):
    asked(source)
    with pytest.raises(Refused):
        move(source, target)
    assert ledger.balance(target.pk) == 60


def test_only_for_the_same_payer_and_creditor(source):
    others = [
        factories.invoice(amount="60.00"),
        factories.invoice(amount="60.00", patient=factories.patient(provider=source.provider)),
    ]
    for other in others:
        with pytest.raises(Refused):
            move(source, other)
    settled = factories.invoice(amount="60.00", insurer_paid="60.00", patient=source.patient)
    with pytest.raises(Refused):
        move(source, settled)
    assert credit.free(source) == 100


def test_not_while_the_other_invoice_is_on_hold(source, target):
    place_hold(target, "staff", by="test")
    with pytest.raises(Refused):
        move(source, target)


def test_who_saw_another_amount_has_not_agreed(source, target):
    with pytest.raises(Refused):
        move(source, target, "100.00")


def test_undone_both_are_as_before_and_there_is_time_to_pay(source, target):
    by = member(source)
    before = accounts(source), accounts(target)
    moved = move(source, target)
    with pytest.raises(Refused):
        moves.undo(moved, by=by, written=" ")
    moves.undo(moved, by=by, written="wrong invoice")
    assert (accounts(source), accounts(target)) == before
    target.refresh_from_db()
    assert target.settled_at is None
    assert target.due_on >= timezone.localdate() + timedelta(days=14)
    with pytest.raises(Refused):
        moves.undo(moved, by=by, written="again")
    assert mails() == ["credit_moved", "credit_moved"]
    assert list(verification.discrepancies()) == []


def test_it_counts_from_the_day_on_which_both_were_there(source, target):
    """6:129 BW: whoever could have set it off owes no interest from then on."""
    moved = move(source, target, now=timezone.now() + timedelta(days=30))
    asked_at = booked(target, Kind.INVOICED)[0].occurred_at
    assert moved.occurred_at == max(credit.since(Invoice.objects.get(pk=source.pk)), asked_at)


def test_an_open_payment_of_the_old_amount_is_no_longer_offered(source, target):
    payment = bank.start(target)
    move(source, target)
    payment.refresh_from_db()
    assert payment.superseded_at is not None


class TestWaivedInterest:
    """6:160 BW: what was forgiven comes back neither as a debt nor as money that nobody paid."""

    def charge(self, invoice, kind, amount, key):
        ledger.post(invoice, kind, Decimal(amount), external_id=key, occurred_at=timezone.now(), by="test")

    def test_unpaid_it_leaves_no_credit(self):
        invoice = factories.invoice(amount="100.00")
        self.charge(invoice, Kind.INTEREST, "8.39", "i")
        taken_off.waive(invoice, by="test", written="", today=timezone.localdate())
        bank.paid(invoice)
        assert (ledger.balance(invoice.pk), RefundRequest.objects.count()) == (0, 0)

    def test_paid_before_it_is_credit_once_and_a_refund_does_not_bring_it_back(self):
        invoice = factories.invoice(amount="100.00", issued_on=timezone.localdate() - timedelta(days=200))
        self.charge(invoice, Kind.COSTS, "40.00", "c")
        self.charge(invoice, Kind.INTEREST, "0.50", "i")
        bank.paid(invoice)
        taken_off.waive(invoice, by="test", written="", today=timezone.localdate())
        assert credit.free(invoice) == Decimal("40.50")
        target = factories.invoice(amount="60.00", patient=invoice.patient)
        move(invoice, target, "40.50")
        assert ledger.balance(invoice.pk) == 0
        first = charges.default_day(invoice)
        until = timezone.localdate() + timedelta(days=30)
        assert interest_due(invoice, until=until, default_day=min(first, until)) == 0


def test_credit_since_is_the_begin_of_what_stands_now():
    invoice = factories.invoice(amount="100.00")
    assert credit.since(invoice) is None
    bank.paid(invoice)
    bank.reduce(invoice, "10.00")
    begin = credit.since(invoice)
    assert isinstance(begin, datetime)
    assert refunds.shown(invoice.pk).free == 10
