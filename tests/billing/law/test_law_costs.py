"""Collection costs against the published scale (BIK art. 2)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.law.costs import MAXIMUM, MINIMUM, collection_costs
from billing.money import from_cents

cents = st.integers(min_value=1, max_value=10**10)


@pytest.mark.parametrize(
    ("principal", "costs"),
    [
        ("0.01", "40.00"),
        ("50", "40.00"),
        ("125", "40.00"),
        ("266.66", "40.00"),
        ("266.67", "40.00"),
        ("266.70", "40.01"),
        ("300", "45.00"),
        ("1000", "150.00"),
        ("2500", "375.00"),
        ("5000", "625.00"),
        ("10000", "875.00"),
        ("23000", "1005.00"),
        ("200000", "2775.00"),
        ("1000000", "6775.00"),
        ("1000000.01", "6775.00"),
        ("99999999", "6775.00"),
    ],
)
def test_the_scale(principal, costs):
    assert str(collection_costs(Decimal(principal))) == costs


@pytest.mark.parametrize(("principal", "costs"), [("50", "48.40"), ("1000", "181.50"), ("1000000", "8197.75")])
def test_vat_comes_on_top_of_the_scale_and_of_its_bounds(principal, costs):
    assert str(collection_costs(Decimal(principal), vat=True)) == costs


def test_nothing_is_due_on_nothing():
    assert collection_costs(Decimal("0.00")) == 0


def test_a_negative_principal_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        collection_costs(Decimal("-0.01"))


@given(cents, cents)
def test_more_principal_never_costs_less_and_stays_within_the_bounds(one, other):
    low, high = (collection_costs(from_cents(number)) for number in sorted((one, other)))
    assert MINIMUM <= low <= high <= MAXIMUM


@given(cents, st.integers(1, 10**6))
def test_a_higher_principal_adds_at_most_the_first_share(number, more):
    before, after = collection_costs(from_cents(number)), collection_costs(from_cents(number + more))
    assert after - before <= from_cents(more) * Decimal("0.15") + Decimal("0.01")


@given(cents, cents)
def test_one_letter_for_two_claims_never_costs_more_than_two_letters(one, other):
    together = collection_costs(from_cents(one + other))
    assert together <= collection_costs(from_cents(one)) + collection_costs(from_cents(other)) + Decimal("0.01")
