"""Transfers: money that moves between accounts that are no invoice's own."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from billing import ledger
from billing.ledger.events import Side
from billing.ledger.verification import CHECKS, discrepancies
from billing.models import LedgerTransaction, Posting
from billing.models.ledger import TRANSFERS, Account
from tests import factories
from tests.books import accounts

Kind = LedgerTransaction.Kind
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def _move(kind, *sides, event="e1"):
    return ledger.transfer(kind, sides, external_id=event, occurred_at=timezone.now(), by="test")


def _arrives(euros="50.00", event="bank:a"):
    amount = Decimal(euros)
    return _move(Kind.UNMATCHED, Side(Account.BANK, amount), Side(Account.UNMATCHED, -amount), event=event)


def _sums():
    sums = {}
    for posting in Posting.objects.all():
        sums[posting.account] = sums.get(posting.account, Decimal(0)) + posting.amount
    return {account: amount for account, amount in sums.items() if amount}


def test_money_that_nobody_knows_is_booked_once_and_matched_later():
    invoice = factories.invoice(amount=Decimal("50.00"))
    assert _arrives()
    assert _arrives() is None
    paid = ledger.post(
        invoice, Kind.PAYMENT, Decimal("-50.00"), external_id="bank:a", occurred_at=timezone.now(), by="test",
        through=Account.UNMATCHED,
    )  # fmt: skip
    assert paid
    assert _sums() == {"bank": Decimal("50.00"), "practice": Decimal("-50.00")}
    assert accounts(invoice) == {"unmatched": Decimal("50.00"), "practice": Decimal("-50.00")}
    assert list(discrepancies()) == []


def test_a_credit_is_paid_back_by_an_order_to_the_bank_and_comes_back():
    invoice = factories.invoice(amount=Decimal("50.00"))
    now = timezone.now()
    ledger.post(
        invoice, Kind.PAYMENT, Decimal("-70.00"), external_id="bank:b", occurred_at=now, by="t", through=Account.BANK
    )
    back = ledger.post(
        invoice, Kind.REFUND, Decimal("20.00"), external_id="order:1", occurred_at=now, by="t",
        through=Account.UNDER_WAY,
    )  # fmt: skip
    assert accounts(invoice)["under_way"] == Decimal("-20.00")
    sides = (Side(Account.UNDER_WAY, Decimal("20.00")), Side(Account.BANK, Decimal("-20.00")))
    debited = _move(Kind.DEBITED, *sides, event="order:1")
    assert _sums() == {"bank": Decimal("50.00"), "practice": Decimal("-50.00")}
    assert list(discrepancies()) == []
    assert ledger.reverse_transfer(debited, external_id="bank:c", occurred_at=now, by="t")
    assert ledger.reverse_transfer(debited, external_id="bank:d", occurred_at=now, by="t") is None
    assert ledger.reverse(invoice, back, external_id="order:1:returned", occurred_at=now, by="t")
    assert ledger.balance(invoice.pk) == Decimal("-20.00")
    assert list(discrepancies()) == []


@pytest.mark.parametrize(
    ("kind", "sides"),
    [
        (Kind.UNMATCHED, [(Account.BANK, "1.00"), (Account.UNMATCHED, "-0.99")]),
        (Kind.UNMATCHED, []),
        (Kind.UNMATCHED, [(Account.BANK, "0.00"), (Account.UNMATCHED, "0.00")]),
        (Kind.UNMATCHED, [(Account.BANK, "1.00"), (Account.PRINCIPAL, "-1.00")]),
        (Kind.PAYOUT, [(Account.BANK, "1.00"), (Account.UNDER_WAY, "-1.00")]),
        (Kind.UNMATCHED, [(Account.BANK, "1.00"), (Account.BANK, "1.00"), (Account.UNMATCHED, "-2.00")]),
        (Kind.PAYMENT, [(Account.BANK, "1.00"), (Account.UNMATCHED, "-1.00")]),
    ],
)
def test_wrong_transfers_are_refused(kind, sides):
    with pytest.raises(ValueError, match="transfer"):
        _move(kind, *(Side(account, Decimal(euros)) for account, euros in sides))
    assert not LedgerTransaction.objects.exists()


def test_money_goes_through_no_other_account():
    invoice = factories.invoice(amount=Decimal("50.00"))
    with pytest.raises(ValueError, match="no money"):
        ledger.post(
            invoice, Kind.PAYMENT, Decimal("-1.00"), external_id="x", occurred_at=timezone.now(), by="t",
            through=Account.FEES,
        )  # fmt: skip


def test_an_event_of_an_invoice_is_not_reversed_as_a_transfer():
    invoice = factories.invoice(amount=Decimal("50.00"))
    invoiced = LedgerTransaction.objects.get(kind=Kind.INVOICED, external_id=invoice.payment_reference)
    with pytest.raises(ValueError, match="no transfer"):
        ledger.reverse_transfer(invoiced, external_id="x", occurred_at=timezone.now(), by="t")


def test_the_database_refuses_an_account_that_is_not_the_right_ones():
    invoice = factories.invoice(amount=Decimal("50.00"))
    booked = _arrives()
    wrong = [
        {"account": Account.PRINCIPAL, "provider": invoice.provider},
        {"account": Account.CREDIT, "invoice": invoice},
        {"account": Account.PRACTICE},
        {"account": Account.FEES, "provider": invoice.provider},
    ]
    for sides in wrong:
        with pytest.raises(DatabaseError), transaction.atomic():
            Posting.objects.create(transaction=booked, amount=Decimal("1.00"), **sides)


def test_verify_ledger_finds_a_kind_that_moved_a_strange_account():
    booked = _arrives()
    Posting.objects.create(transaction=booked, account=Account.FEES, amount=Decimal("1.00"))
    Posting.objects.create(transaction=booked, account=Account.VAT, amount=Decimal("-1.00"))
    found = list(discrepancies())
    assert len(found) == 2
    assert all("does not move this account" in sentence for sentence in found)


def test_verify_ledger_finds_an_account_posted_twice():
    booked = _arrives()
    Posting.objects.create(transaction=booked, account=Account.BANK, amount=Decimal("50.00"))
    assert f"transaction {booked.pk}: two postings on one account" in list(discrepancies())


def test_verify_ledger_finds_books_that_do_not_add_up():
    booked = _arrives()
    Posting.objects.create(transaction=booked, account=Account.UNDER_WAY, amount=Decimal("0.01"))
    assert f"transaction {booked.pk}: its postings do not add up to nothing" in list(discrepancies())


def test_verify_ledger_finds_a_mirror_of_a_transfer_that_mirrors_nothing():
    booked = _arrives()
    mirror = ledger.reverse_transfer(booked, external_id="bank:a:undone", occurred_at=timezone.now(), by="t")
    assert list(discrepancies()) == []
    Posting.objects.create(transaction=mirror, account=Account.UNDER_WAY, amount=Decimal("1.00"))
    assert any("it mirrors nothing" in sentence for sentence in discrepancies())


@given(st.data())
def test_any_history_of_transfers_adds_up_to_nothing(data):
    with transaction.atomic():
        provider = factories.provider()
        for number in range(data.draw(st.integers(1, 6))):
            kind = data.draw(st.sampled_from(sorted(TRANSFERS)))
            moved = data.draw(st.lists(st.sampled_from(TRANSFERS[kind]), min_size=2, max_size=4, unique=True))
            cents = data.draw(st.lists(st.integers(1, 10**7), min_size=len(moved) - 1, max_size=len(moved) - 1))
            amounts = [Decimal(c) / 100 for c in cents]
            sides = [
                Side(account, amount, provider if account == Account.PRACTICE else None)
                for account, amount in zip(moved, [*amounts, -sum(amounts)], strict=True)
            ]
            booked = ledger.transfer(kind, sides, external_id=f"e{number}", occurred_at=timezone.now(), by="test")
            if data.draw(st.booleans()):
                ledger.reverse_transfer(booked, external_id=f"u{number}", occurred_at=timezone.now(), by="test")
        # Of the ledger alone: what rooms compare it with, orders and statements, is not there.
        assert [sentence for check in CHECKS for sentence in check()] == []
        transaction.set_rollback(True)
    assert connection.in_atomic_block
