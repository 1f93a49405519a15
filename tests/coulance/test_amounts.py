"""What is left to pay, by table: the insurer's rule, the percentage, and by hand."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import Refused
from coulance import amounts

D = Decimal
euros = st.integers(0, 100_000_00).map(lambda cents: Decimal(cents).scaleb(-2))


@pytest.mark.parametrize(
    ("share", "paid_out", "deductible", "own", "due", "reduction"),
    [
        # granted 750, of which the deductible took 385: the patient pays all 750
        ("1000.00", "365.00", "385.00", "0.00", "750.00", "250.00"),
        ("1000.00", "750.00", "0.00", "0.00", "750.00", "250.00"),  # deductible used up before
        ("1000.00", "0.00", "385.00", "0.00", "385.00", "615.00"),  # all of what was granted went into it
        ("1000.00", "0.00", "885.00", "0.00", "885.00", "115.00"),  # with the voluntary deductible
        ("1000.00", "600.00", "100.00", "50.00", "750.00", "250.00"),  # a statutory own contribution is owed too
        ("1000.00", "1000.00", "0.00", "0.00", "1000.00", "0.00"),  # granted in full: nothing to waive
        ("198.79", "149.09", "0.00", "0.00", "149.09", "49.70"),
        ("0.01", "0.01", "0.00", "0.00", "0.01", "0.00"),
    ],
)
def test_the_insurers_rule(share, paid_out, deductible, own, due, reduction):
    found = amounts.by_insurer(D(share), paid_out=D(paid_out), deductible=D(deductible), own_contribution=D(own))
    assert (found.new_due, found.reduction) == (D(due), D(reduction))
    assert (found.granted, found.rule) == (D(paid_out) + D(deductible), "insurer")


@pytest.mark.parametrize(
    ("share", "percentage", "due"),
    [
        ("1000.00", 25, "750.00"),
        ("198.79", 25, "149.09"),  # 49.6975 is waived: 49.70
        ("0.10", 25, "0.07"),  # 0.025 is waived: half a cent goes up, to 0.03
        ("0.01", 50, "0.00"),
        ("0.01", 49, "0.01"),
        ("100.00", 1, "99.00"),
        ("100.00", 100, "0.00"),
        ("333.33", 33, "223.33"),
    ],
)
def test_the_percentage_rule(share, percentage, due):
    found = amounts.by_percentage(D(share), percentage=percentage)
    assert (found.new_due, found.reduction) == (D(due), D(share) - D(due))


@pytest.mark.parametrize("percentage", [0, -1, 101])
def test_a_percentage_is_between_one_and_a_hundred(percentage):
    with pytest.raises(Refused):
        amounts.by_percentage(D("100.00"), percentage=percentage)


@pytest.mark.parametrize(("due", "reduction"), [("0.00", "100.00"), ("99.99", "0.01"), ("100.00", "0.00")])
def test_by_hand(due, reduction):
    assert amounts.by_hand(D("100.00"), new_due=D(due)).reduction == D(reduction)


@pytest.mark.parametrize("due", ["-0.01", "100.01"])
def test_nobody_pays_less_than_nothing_or_more_than_the_invoice(due):
    with pytest.raises(Refused):
        amounts.by_hand(D("100.00"), new_due=D(due))
    with pytest.raises(Refused):
        amounts.by_insurer(D("100.00"), paid_out=D(due), deductible=D("0.00"))


@pytest.mark.parametrize("field", ["paid_out", "deductible", "own_contribution"])
def test_no_part_is_below_zero(field):
    parts = {"paid_out": D("50.00"), "deductible": D("10.00"), field: D("-1.00")}
    with pytest.raises(Refused):
        amounts.by_insurer(D("100.00"), **parts)


@pytest.mark.parametrize("own", ["0.00", "50.00"])
def test_what_the_insurer_did_not_grant_is_not_waived_by_its_rule(own):
    """Not insured: whether the patient then pays all or nothing is for a person to say, not for a sum."""
    with pytest.raises(Refused):
        amounts.by_insurer(D("1000.00"), paid_out=D("0.00"), deductible=D("0.00"), own_contribution=D(own))


def test_the_insurers_rule_takes_no_deductible_for_granted():
    with pytest.raises(TypeError):
        amounts.by_insurer(D("1000.00"), paid_out=D("365.00"))


@pytest.mark.parametrize(("deductible", "fine"), [(None, True), ("0.00", True), ("75.00", True), ("75.01", False)])
def test_no_rule_waives_a_deductible_that_is_named(deductible, fine):
    named = None if deductible is None else D(deductible)
    for rule, how in ((amounts.by_percentage, {"percentage": 25}), (amounts.by_hand, {"new_due": D("75.00")})):
        if not fine:
            with pytest.raises(Refused):
                rule(D("100.00"), deductible=named, **how)
            continue
        found = rule(D("100.00"), deductible=named, **how)
        assert (found.new_due, found.deductible) == (D("75.00"), named)


@given(share=euros, paid_out=euros, deductible=euros, own=euros)
def test_the_deductible_is_never_waived(share, paid_out, deductible, own):
    try:
        found = amounts.by_insurer(share, paid_out=paid_out, deductible=deductible, own_contribution=own)
    except Refused:
        assert paid_out + deductible == 0 or paid_out + deductible + own > share
        return
    assert deductible + own <= found.new_due <= share
    assert found.new_due + found.reduction == share


@given(share=euros, percentage=st.integers(1, 100))
def test_a_percentage_keeps_every_cent(share, percentage):
    found = amounts.by_percentage(share, percentage=percentage)
    assert found.new_due + found.reduction == share
    assert abs(found.reduction * 100 - share * percentage) <= D("0.50")
