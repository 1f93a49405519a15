"""What is stored of a line of a statement."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from banking import details
from banking.details import Details
from banking.models import BankLine
from tests.banking import lines

pytestmark = pytest.mark.django_db

PAYER = Details(name="J. Jansen", iban="NL02ABNA0123456789", text="tandarts implantaat 1234567890123456")


def test_what_the_bank_tells_is_sealed_and_comes_back():
    line = BankLine.objects.get(pk=lines.line(PAYER).pk)
    assert details.of_line(line) == PAYER
    for word in (b"Jansen", b"ABNA", b"tandarts", b"1234567890123456"):
        assert word not in bytes(line.sealed_facts)


def test_lines_of_one_payer_have_one_hash_that_names_nobody():
    first = lines.line(PAYER)
    spaced = lines.line(Details(iban="nl02 abna 0123 4567 89"))
    other = lines.line(Details(iban="NL44RABO0123456789"))
    nobody = lines.line(Details())
    assert first.counter_hash == spaced.counter_hash != other.counter_hash
    assert nobody.counter_hash == ""
    assert "ABNA" not in first.counter_hash


def test_a_line_counts_from_the_earlier_of_its_days():
    line = lines.line(PAYER, booked_on=date(2026, 11, 23), value_on=date(2026, 11, 22))
    assert line.paid_on == date(2026, 11, 22)


@pytest.mark.parametrize("wrong", [{"amount": Decimal("0.00")}, {"part": 2, "parts": 1}, {"part": 0}])
def test_the_database_refuses_what_no_line_can_be(wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        lines.line(PAYER, **wrong)
