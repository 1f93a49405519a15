"""Allocation of payments to debts (6:43 and 6:44 BW)."""

from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.law.allocation import Bucket, Credit, Debt, Rule, allocate
from billing.money import from_cents

COSTS, INTEREST, PRINCIPAL = Bucket
ISSUED, DUE, LATER = date(2026, 1, 5), date(2026, 2, 4), date(2026, 4, 1)


def principal(name, amount, *, on=ISSUED, due_on=DUE):
    return Debt(name, PRINCIPAL, Decimal(amount), on, due_on)


def debt(name, bucket, amount, *, on=date(2026, 3, 23), due_on=DUE):
    return Debt(name, bucket, Decimal(amount), on, due_on)


def credit(key, amount, *, on=LATER, **designation):
    return Credit(key, Decimal(amount), on, **designation)


def rows(result):
    return [(row.obligation, row.bucket, str(row.amount), row.rule) for row in result.rows]


def test_costs_before_interest_before_principal():
    debts = [principal("A", "100.00"), debt("A", INTEREST, "1.50"), debt("A", COSTS, "40.00")]
    result = allocate(debts, [credit("1", "60.00")])
    assert rows(result) == [
        ("A", COSTS, "40.00", Rule.ONLY),
        ("A", INTEREST, "1.50", Rule.ONLY),
        ("A", PRINCIPAL, "18.50", Rule.ONLY),
    ]
    assert result.open == {("A", PRINCIPAL): Decimal("81.50")}
    assert result.surplus == {}


def test_a_payment_pays_only_what_was_owed_when_it_came():
    debts = [principal("A", "100.00"), debt("A", COSTS, "40.00", on=date(2026, 3, 23))]
    result = allocate(debts, [credit("1", "60.00", on=date(2026, 3, 20))])
    assert result.open == {("A", PRINCIPAL): Decimal("40.00"), ("A", COSTS): Decimal("40.00")}


def test_what_is_left_of_a_payment_pays_a_later_debt():
    debts = [principal("A", "100.00"), debt("A", INTEREST, "2.00")]
    result = allocate(debts, [credit("1", "101.50", on=date(2026, 3, 1))])
    assert rows(result) == [("A", PRINCIPAL, "100.00", Rule.ONLY), ("A", INTEREST, "1.50", Rule.ONLY)]
    assert result.open == {("A", INTEREST): Decimal("0.50")}


def test_a_reduction_lowers_the_principal_first():
    debts = [principal("A", "100.00"), debt("A", COSTS, "40.00")]
    result = allocate(debts, [credit("1", "30.00", bucket=PRINCIPAL)])
    assert rows(result) == [("A", PRINCIPAL, "30.00", Rule.ONLY)]
    result = allocate(debts, [credit("1", "120.00", bucket=PRINCIPAL)])
    assert [row[:3] for row in rows(result)] == [("A", PRINCIPAL, "100.00"), ("A", COSTS, "20.00")]


def test_the_payer_designates():
    debts = [principal("A", "100.00"), debt("A", COSTS, "40.00"), principal("B", "50.00", due_on=date(2026, 6, 1))]
    result = allocate(debts, [credit("1", "70.00", obligation="B")])
    assert rows(result) == [("B", PRINCIPAL, "50.00", Rule.DESIGNATED)]
    assert result.surplus == {"1": Decimal("20.00")}, "too much for B belongs to the payer, not to A"


def test_money_for_something_that_is_not_owed_is_given_back():
    assert allocate([principal("A", "100.00")], [credit("1", "5.00", obligation="Z")]).surplus == {"1": Decimal(5)}


def test_what_is_due_goes_first():
    debts = [principal("A", "100.00", on=date(2025, 1, 1), due_on=date(2026, 4, 2)), principal("B", "100.00")]
    assert rows(allocate(debts, [credit("1", "10.00")])) == [("B", PRINCIPAL, "10.00", Rule.DUE)]


def test_the_most_onerous_goes_first():
    plain = principal("A", "100.00", on=date(2025, 1, 1))
    with_interest = [principal("B", "100.00"), debt("B", INTEREST, "3.00")]
    with_costs = [principal("C", "100.00"), debt("C", COSTS, "40.00")]
    result = allocate([plain, *with_interest, *with_costs], [credit("1", "43.00")])
    assert rows(result)[0] == ("C", COSTS, "40.00", Rule.ONEROUS)
    # the costs of C took their share; what is left of C is plain again, but the same payment began with C
    assert sum(row.amount for row in result.rows if row.obligation == "C") == 43
    result = allocate([plain, *with_interest], [credit("1", "10.00")])
    assert {row[3] for row in rows(result)} == {Rule.ONEROUS}
    assert {row[0] for row in rows(result)} == {"B"}


def test_the_oldest_goes_first():
    debts = [principal("A", "100.00"), principal("B", "100.00", on=date(2026, 1, 4))]
    result = allocate(debts, [credit("1", "150.00")])
    assert rows(result) == [("B", PRINCIPAL, "100.00", Rule.OLDEST), ("A", PRINCIPAL, "50.00", Rule.ONLY)]


def test_equals_share_in_proportion():
    debts = [principal("A", "100.00"), principal("B", "200.00"), principal("C", "0.01")]
    result = allocate(debts, [credit("1", "100.00")])
    assert rows(result) == [("A", PRINCIPAL, "33.33", Rule.PRO_RATA), ("B", PRINCIPAL, "66.67", Rule.PRO_RATA)]


@pytest.mark.parametrize(
    ("debts", "credits", "message"),
    [
        ([principal("A", "-1.00")], [], "not negative"),
        ([], [credit("1", "-1.00")], "not negative"),
        ([], [credit("1", "0.005")], "cents"),
        ([], [credit("1", "1.00"), credit("1", "2.00")], "same key"),
        ([principal("A", "1.00"), principal("A", "1.00", due_on=LATER)], [], "one due date"),
    ],
)
def test_what_is_ambiguous_is_refused(debts, credits, message):
    with pytest.raises(ValueError, match=message):
        allocate(debts, credits)


amounts = st.integers(0, 30_000).map(from_cents)
some_days = st.sampled_from([date(2026, 1, day) for day in range(1, 8)])
names = st.sampled_from("ABC")
DUE_ON = {"A": date(2026, 1, 3), "B": date(2026, 1, 3), "C": date(2026, 1, 6)}
some_debts = st.lists(
    st.builds(
        lambda name, bucket, amount, on: Debt(name, bucket, amount, on, DUE_ON[name]),
        names,
        st.sampled_from(Bucket),
        amounts,
        some_days,
    ),
    max_size=8,
)


@st.composite
def some_credits(draw, *, designated=True):
    name = st.none() | names if designated else st.none()
    bucket = st.none() | st.sampled_from(Bucket)
    count = draw(st.integers(0, 6))
    return [Credit(f"c{i}", draw(amounts), draw(some_days), draw(name), draw(bucket)) for i in range(count)]


def total(items):
    return sum((item.amount for item in items), Decimal(0))


@given(some_debts, some_credits())
def test_every_cent_is_accounted_for(debts, credits):
    result = allocate(debts, credits)
    assert total(debts) == total(result.rows) + sum(result.open.values())
    assert total(credits) == total(result.rows) + sum(result.surplus.values())
    assert all(amount > 0 for amount in (*result.open.values(), *result.surplus.values()))
    assert all(row.amount > 0 for row in result.rows)
    for name in DUE_ON:
        for bucket in Bucket:
            owed = total(item for item in debts if (item.obligation, item.bucket) == (name, bucket))
            paid = total(row for row in result.rows if (row.obligation, row.bucket) == (name, bucket))
            assert owed == paid + result.open.get((name, bucket), 0)


@given(some_debts, some_credits(designated=False))
def test_nothing_stays_open_while_undesignated_money_is_left(debts, credits):
    result = allocate(debts, credits)
    assert not (result.open and result.surplus)


@given(some_debts, some_credits())
def test_a_designated_payment_goes_nowhere_else(debts, credits):
    wanted = {item.key: item.obligation for item in credits}
    for row in allocate(debts, credits).rows:
        assert wanted[row.credit] in (None, row.obligation)
        assert (row.rule is Rule.DESIGNATED) is (wanted[row.credit] is not None)


@given(st.data(), some_debts, some_credits())
def test_the_order_of_the_arguments_means_nothing(data, debts, credits):
    shuffled = allocate(data.draw(st.permutations(debts)), data.draw(st.permutations(credits)))
    assert shuffled == allocate(debts, credits)


@given(some_debts, st.lists(amounts, max_size=4))
def test_on_one_invoice_payments_of_a_day_may_come_in_any_order(debts, payments):
    debts = [item for item in debts if item.obligation == "A"]
    first = allocate(debts, [Credit(str(i), amount, LATER) for i, amount in enumerate(payments)]).open
    for order in permutations(payments):
        assert allocate(debts, [Credit(str(i), amount, LATER) for i, amount in enumerate(order)]).open == first


@given(some_debts, amounts, amounts)
def test_one_payment_or_two_on_a_day_fill_the_same_buckets_of_one_invoice(debts, one, other):
    debts = [item for item in debts if item.obligation == "A"]
    together = allocate(debts, [Credit("1", one + other, LATER)])
    apart = allocate(debts, [Credit("1", one, LATER), Credit("2", other, LATER)])
    assert together.open == apart.open


@given(some_debts, amounts)
def test_principal_is_touched_only_when_costs_and_interest_are_paid(debts, amount):
    result = allocate(debts, [Credit("1", amount, LATER)])
    for row in result.rows:
        if row.bucket is PRINCIPAL:
            assert (row.obligation, COSTS) not in result.open
            assert (row.obligation, INTEREST) not in result.open
