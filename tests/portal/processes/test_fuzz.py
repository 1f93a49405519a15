"""A short run of tests/fuzz; `python -m tests.fuzz` is the long one."""

import pytest

from tests.fuzz.run import run


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("sandbox")
def test_nothing_that_anybody_sends_breaks_a_page():
    outcome = run(requests=500, seed=7)
    assert outcome.broken == {}
    assert outcome.statuses[200] > 20, f"the requests reach the pages: {outcome.statuses}"
    assert {302, 400, 403, 404, 405} <= set(outcome.statuses), "and their refusals"
