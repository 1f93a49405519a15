"""Collection costs: the ceiling the law sets on what a consumer may be charged for out-of-court collection."""

from decimal import Decimal
from itertools import pairwise

from billing.money import ZERO, round_euro

# Besluit vergoeding voor buitengerechtelijke incassokosten, art. 2 lid 1 (Stb. 2012, 141; in force since 2012-07-01):
# the part of the principal from this amount up, and the share of it that may be charged.
SCALE = (
    (Decimal(0), Decimal("0.15")),
    (Decimal(2_500), Decimal("0.10")),
    (Decimal(5_000), Decimal("0.05")),
    (Decimal(10_000), Decimal("0.01")),
    (Decimal(200_000), Decimal("0.005")),
)
MINIMUM = Decimal("40.00")  # art. 2 lid 2
MAXIMUM = Decimal("6775.00")  # art. 2 lid 1
VAT_RATE = Decimal("0.21")  # art. 2 lid 3


def least_costs(costs: Decimal, *, vat: bool = False) -> Decimal:
    """Return what `costs` (euros, announced over the whole) come to at least over a rest: the minimum of art. 2 lid 2.

    Zero when they are below that minimum already, because earlier claims count in them: over less they may be nothing.
    """
    least = round_euro(MINIMUM * (1 + VAT_RATE)) if vat else MINIMUM
    return least if costs >= least else ZERO


def collection_costs(principal: Decimal, *, vat: bool = False) -> Decimal:
    """Return the maximum collection costs, in euros, on `principal` (BIK art. 2, 6:96 lid 5 to 7 BW).

    `principal` is the sum of all claims of one creditor on one debtor in one letter, without costs and interest (6:96
    lid 7). The result is a ceiling for all collection work together, whoever does it, and due only after a valid 14-day
    letter. A missed installment of a plan is not a new claim: it adds nothing. `vat` is only for a creditor who can't
    deduct VAT and said so in the letter (art. 2 lid 3). Zero on a principal of zero; raises ValueError when `principal`
    is negative.
    """
    if principal < 0:
        raise ValueError("a principal is not negative")
    if principal == 0:
        return ZERO
    bounds = [lower for lower, _share in SCALE] + [max(principal, SCALE[-1][0])]
    shares = [share for _lower, share in SCALE]
    raw = sum(
        (
            max(min(principal, upper) - lower, Decimal(0)) * share
            for (lower, upper), share in zip(pairwise(bounds), shares, strict=True)
        ),
        Decimal(0),
    )
    fee = min(max(raw, MINIMUM), MAXIMUM)
    return round_euro(fee * (1 + VAT_RATE) if vat else fee)
