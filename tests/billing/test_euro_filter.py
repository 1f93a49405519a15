"""The `euro` filter: amounts as people read them."""

from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from billing.money import from_cents
from billing.templatetags.money import euro

AMOUNTS = [
    ("0.00", "€\u00a00,00", "€0.00"),
    ("0.05", "€\u00a00,05", "€0.05"),
    ("28.51", "€\u00a028,51", "€28.51"),
    ("100", "€\u00a0100,00", "€100.00"),
    ("1234.50", "€\u00a01.234,50", "€1,234.50"),
    ("1234567.89", "€\u00a01.234.567,89", "€1,234,567.89"),
    ("-12.5", "€\u00a0\u221212,50", "\u2212€12.50"),
]


@pytest.mark.parametrize(("amount", "dutch", "english"), AMOUNTS)
def test_amount_in_both_languages(amount, dutch, english):
    with translation.override("nl"):
        assert euro(Decimal(amount)) == dutch
    with translation.override("en"):
        assert euro(Decimal(amount)) == english


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_every_cent_can_be_read_back(cents):
    with translation.override("nl"):
        shown = euro(from_cents(cents))
    plain = shown.removeprefix("€\u00a0").replace("\u2212", "-").replace(".", "").replace(",", "")
    assert int(plain) == cents


@pytest.mark.parametrize("wrong", ["", None, 12.5, 12, "12.50", Decimal("0.005"), Decimal("NaN")])
def test_anything_but_whole_cents_is_an_error(wrong):
    with pytest.raises(ValueError, match="money"):
        euro(wrong)


def test_in_a_template():
    with translation.override("nl"):
        page = Template("{% load money %}{{ amount|euro }}").render(Context({"amount": Decimal("1234.50")}))
    assert page == "€\u00a01.234,50"
