"""Until which day a claim may be enforced (3:307, 7:28, 3:316 to 3:319 BW)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.law.limitation import last_day

DUE = date(2026, 4, 1)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("due_on", "interrupted_on", "goods", "last"),
    [
        (DUE, [], False, date(2031, 4, 1)),
        (DUE, [], True, date(2028, 4, 1)),
        # The term begins on the day after: around 29 February.
        (date(2023, 2, 28), [], False, date(2028, 2, 29)),
        (date(2024, 2, 28), [], False, date(2029, 2, 28)),
        (date(2024, 2, 29), [], False, date(2029, 2, 28)),
        (date(2026, 12, 31), [], False, date(2031, 12, 31)),
        # A demand, a payment or a plan begins the same term anew (3:319 BW), again and again.
        (DUE, [date(2026, 4, 24)], False, date(2031, 4, 24)),
        (DUE, [date(2026, 4, 24)], True, date(2028, 4, 24)),
        (DUE, [date(2031, 4, 1)], False, date(2036, 4, 1)),  # on the last day
        (DUE, [date(2031, 4, 2)], False, date(2031, 4, 1)),  # a day late interrupts nothing
        (DUE, [date(2028, 4, 2)], True, date(2028, 4, 1)),
        (DUE, [date(2035, 1, 1), date(2030, 1, 1)], False, date(2040, 1, 1)),
        (DUE, [date(2035, 1, 2), date(2030, 1, 1)], False, date(2035, 1, 1)),
        # What came before the last day to pay never makes the term end earlier.
        (DUE, [date(2026, 3, 2)], False, date(2031, 4, 1)),
    ],
)
def test_the_last_day(due_on, interrupted_on, goods, last):
    assert last_day(due_on, interrupted_on=interrupted_on, goods=goods) == last


@given(days, st.lists(days, max_size=6), days, st.booleans())
def test_another_interruption_never_shortens_it_and_adds_one_term_at_most(due_on, before, another, goods):
    plain, more = (last_day(due_on, interrupted_on=some, goods=goods) for some in (before, [*before, another]))
    assert last_day(due_on, goods=goods) <= plain <= more
    one_term = timedelta(days=(2 if goods else 5) * 366)
    assert more <= max([due_on, *before, another]) + one_term
    if another > plain:
        assert more == plain, "what is past enforcing stays so"
