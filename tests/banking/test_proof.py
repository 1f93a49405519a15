"""Every night the books are compared with what the bank says, to the cent."""

from decimal import Decimal

import pytest
from django.utils import timezone

from banking import proof
from banking.models import AccountDay, BankLine, OutgoingOrder, Payout
from billing.ledger.verification import discrepancies
from billing.models import StaffTask
from tests.banking import lines
from tests.banking.camt_files import MONDAY, Pay, document, statement
from tests.banking.importing import hand_in
from tests.banking.matching.payments import paid, settled
from tests.banking.orders import made

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def _bank_says(closing):
    AccountDay.objects.update(opening=Decimal("100.00"), closing=Decimal(closing))


def test_the_books_are_what_the_statements_say_also_of_lines_that_wait():
    made.unclaimed("25.00")
    lines.line(made.PAYER, amount=Decimal("3.00"))  # not booked yet
    _bank_says("128.00")
    assert list(discrepancies()) == []


def test_a_statement_that_was_read_and_matched_fits_the_books(tmp_path):
    day = MONDAY.replace(year=2025)
    pays = [Pay("10.00", day, "nobody knows"), Pay("-3.00", day, "costs")]
    hand_in(tmp_path, document(statement(pays, "5.00", day)))
    assert made.sums()["bank"] == Decimal("7.00")
    assert list(discrepancies()) == []


def test_a_difference_of_a_cent_is_said_with_a_task_while_it_is_there():
    made.unclaimed("25.00")
    _bank_says("125.01")
    assert list(discrepancies()) == ["money at the bank: the ledger has -0.01 more than the statements"]
    for _night in range(2):
        proof.run_day(timezone.localdate())
    assert StaffTask.objects.filter(kind=proof.NOT_PROVEN, closed_at=None).count() == 1


def test_money_that_waits_for_no_line_is_said():
    line = paid("40.00", "?")
    settled(line)
    assert not [sentence for sentence in proof.contradictions() if "not matched" in sentence]
    BankLine.objects.filter(pk=line.pk).update(status="booked")
    assert "not matched: the ledger has 40.00 more than the lines that wait" in proof.contradictions()


def test_orders_and_the_ledger_have_to_say_the_same():
    _batch, (order,) = made.exported(made.unclaimed())
    OutgoingOrder.objects.filter(pk=order.pk).update(amount=Decimal("24.99"))
    assert "ordered at the bank: the ledger has 0.01 more than the open orders" in list(discrepancies())


def test_a_statement_of_a_practice_that_does_not_follow_the_last_one_is_said():
    invoice = made.invoice_with_credit()
    Payout.objects.create(
        provider=invoice.provider, number="1", run_on=timezone.localdate(), amount=Decimal("0.00"), status="carried",
        opening=Decimal("0.01"), closing=Decimal("0.01"), closed_at=timezone.now(),
    )  # fmt: skip
    assert "payout 1: its statement does not add up" in list(discrepancies())
