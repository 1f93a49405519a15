"""Euros: exact in Python, exact in the database, one rounding rule."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from billing.money import EuroField, from_cents, round_euro, split, to_cents
from tests import factories

cents = st.integers(min_value=-(10**11), max_value=10**11)


@given(cents)
def test_cents_and_euros_are_the_same_amount(number):
    assert to_cents(from_cents(number)) == number
    assert from_cents(number).as_tuple().exponent == -2


@pytest.mark.parametrize("value", [1, 1.5, "1.50", Decimal("1.005"), Decimal("NaN"), Decimal("Infinity"), None])
def test_what_is_not_money_is_refused(value):
    with pytest.raises(ValueError, match="money is"):
        to_cents(value)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.125", "0.13"), ("0.135", "0.14"), ("-0.125", "-0.13"), ("2.675", "2.68"), ("1.004999", "1.00"), ("7", "7.00")],
)
def test_half_a_cent_goes_away_from_zero(amount, rounded):
    assert str(round_euro(Decimal(amount))) == rounded


def test_a_hundred_euros_in_three():
    assert split(Decimal("100.00"), [1, 1, 1]) == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]


@given(st.integers(1, 10**9), st.lists(st.integers(1, 1000), min_size=1, max_size=24))
def test_a_split_sums_exactly_and_has_no_zero_term(number, weights):
    if number < len(weights):
        with pytest.raises(ValueError, match="at least a cent"):
            split(from_cents(number), weights)
        return
    terms = split(from_cents(number), weights)
    assert sum(terms) == from_cents(number)
    assert min(terms) > 0


@given(st.integers(1, 10**9), st.integers(1, 24))
def test_equal_weights_differ_by_a_cent_at_most_and_the_first_is_the_largest(number, parts):
    if number >= parts:
        terms = split(from_cents(number), [1] * parts)
        assert terms == sorted(terms, reverse=True)
        assert terms[0] - terms[-1] <= Decimal("0.01")


def test_the_field_refuses_floats_and_parts_of_a_cent():
    field = EuroField()
    with pytest.raises(ValidationError):
        field.to_python(1.5)
    with pytest.raises(ValueError, match="whole number of cents"):
        field.get_prep_value(Decimal("0.001"))
    with pytest.raises(ValueError, match="too large"):
        field.get_prep_value(Decimal("10000000000.01"))


@pytest.mark.both_databases
@pytest.mark.django_db
def test_the_database_sums_cents_exactly():
    invoice = factories.invoice(amount=Decimal("0.10"))
    for _ in range(20):
        factories.invoice(provider=invoice.provider, amount=Decimal("0.10"))
    from billing.models import Posting

    assert Posting.objects.filter(account="principal").aggregate(sum=Sum("amount"))["sum"] == Decimal("2.10")
    assert Posting.objects.filter(account="principal", amount=Decimal("0.10")).count() == 21
