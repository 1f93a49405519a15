"""A page that grew is told by how much, and with what to write where."""

import pytest

from tests.costs.measuring import Cost, Found, differences

AGREED = {"page": Cost(2, 1000, 400)}


@pytest.mark.parametrize("cost", [Cost(2, 1000, 400), Cost(2, 1030, 412), Cost(2, 970, 388)])
def test_what_was_agreed_and_a_little_more_or_less_is_nothing_to_tell(cost):
    assert differences(AGREED, {"page": Found(cost, [])}) == ""


def test_a_query_more_is_told_with_all_queries():
    told = differences(AGREED, {"page": Found(Cost(3, 1000, 400), ["SELECT 1", "SELECT 2", "SELECT 3"])})
    assert told.splitlines() == [
        "page: 3 queries instead of 2 (+1). If that is meant, write in tests/costs/agreed.py:",
        '    "page": Cost(3, 1000, 400),',
        "      1 SELECT 1",
        "      2 SELECT 2",
        "      3 SELECT 3",
    ]


def test_bytes_beyond_the_slack_are_told_and_what_became_cheaper_too():
    told = differences(AGREED, {"page": Found(Cost(2, 1031, 380), ["SELECT 1"])})
    assert told.splitlines() == [
        "page: 1031 bytes instead of 1000 (+31, and 3% are allowed); 380 bytes after compression instead of 400 (-20,"
        " and 3% are allowed). If that is meant, write in tests/costs/agreed.py:",
        '    "page": Cost(2, 1031, 380),',
    ]


def test_each_database_has_its_own_queries_and_the_line_keeps_the_other_ones():
    told = differences({"work": Cost(5, on_postgresql=5)}, {"work": Found(Cost(7), [])})
    assert told.splitlines()[1] in (
        '    "work": Cost(7, on_postgresql=5),',
        '    "work": Cost(5, on_postgresql=7),',
    )


def test_a_page_that_is_measured_and_not_agreed_or_agreed_and_not_measured_fails():
    with pytest.raises(AssertionError, match=r"not both.*page"):
        differences(AGREED, {})
