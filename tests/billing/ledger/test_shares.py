"""One event on several invoices: one transaction, whose sides stay with the invoices they belong to."""

from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from billing import ledger
from billing.law.allocation import Rule
from billing.ledger.events import Share
from billing.ledger.verification import BOOKS
from billing.models import AllocationNote, LedgerTransaction, Posting
from tests import factories
from tests.books import accounts

Kind = LedgerTransaction.Kind

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def three():
    mother = factories.patient()
    return [factories.invoice(patient=mother, amount=amount) for amount in ("50.00", "60.00", "70.00")]


def post_all(invoices, amounts, *, key="tr_1", **more):
    shares = [Share(i, -Decimal(amount), **more) for i, amount in zip(invoices, amounts, strict=True)]
    return ledger.post_shares(shares, Kind.PAYMENT, external_id=key, occurred_at=timezone.now(), by="test")


def undo(invoices, booked):
    with transaction.atomic():
        return ledger.reverse_shares(invoices, booked, external_id="undo", occurred_at=timezone.now(), by="test")


def test_one_transaction_settles_all(three):
    booked = post_all(three, ["50.00", "60.00", "75.00"])
    assert LedgerTransaction.objects.filter(kind=Kind.PAYMENT).get() == booked
    assert [ledger.balance(i.pk) for i in three] == [0, 0, Decimal("-5.00")]
    assert accounts(three[2])["credit"] == Decimal("-5.00"), "too much for one stays with that one"
    money = Posting.objects.filter(transaction=booked, account="gateway").order_by("invoice")
    assert [side.amount for side in money] == [Decimal("50.00"), Decimal("60.00"), Decimal("75.00")]
    assert [found for check in BOOKS for found in check()] == []


def test_the_same_event_is_booked_once(three):
    assert post_all(three, ["50.00", "60.00", "70.00"])
    assert post_all(three, ["50.00", "60.00", "70.00"]) is None
    assert [ledger.balance(i.pk) for i in three] == [0, 0, 0]


def test_the_mirror_undoes_every_side(three):
    booked = post_all(three, ["50.00", "10.00", "70.00"])
    assert undo(three, booked)
    assert undo(three, booked) is None
    assert [ledger.balance(i.pk) for i in three] == [Decimal("50.00"), Decimal("60.00"), Decimal("70.00")]
    assert [found for check in BOOKS for found in check()] == []


def test_no_mirror_of_a_part(three):
    booked = post_all(three, ["50.00", "10.00", "70.00"])
    with pytest.raises(ValueError, match="all its invoices"):
        undo(three[:2], booked)
    assert ledger.balance(three[2].pk) == 0


@pytest.mark.parametrize("shares", [[], [("-1.00", 0), ("-2.00", 0)], [("-1.00", 0), ("2.00", 1)]])
def test_shares_that_make_no_sense_are_refused(three, shares):
    wrong = [Share(three[index], Decimal(amount)) for amount, index in shares]
    with pytest.raises(ValueError, match=r"share|sign"):
        ledger.post_shares(wrong, Kind.PAYMENT, external_id="x", occurred_at=timezone.now(), by="test")
    assert not LedgerTransaction.objects.filter(kind=Kind.PAYMENT).exists()


def test_why_is_kept_with_every_booking_of_money(three):
    booked = post_all(three[:2], ["1.00", "2.00"], rule=AllocationNote.Rule.OLDEST, words="beugel van Sem")
    notes = AllocationNote.objects.filter(transaction=booked).order_by("invoice")
    assert [(n.invoice_id, n.rule, n.text) for n in notes] == [(i.pk, "oldest", "beugel van Sem") for i in three[:2]]
    assert all(b"Sem" not in bytes(n.sealed_text) for n in notes)
    ledger.post(three[2], Kind.COSTS, Decimal("40.00"), external_id="c", occurred_at=timezone.now(), by="test")
    assert AllocationNote.objects.count() == 2, "only money is allocated"


def test_the_rules_are_those_of_the_law():
    assert {rule.value for rule in Rule} | {AllocationNote.Rule.STAFF} == set(AllocationNote.Rule.values)
