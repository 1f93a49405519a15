"""Random histories of money over several invoices leave true books; `histories` runs any number of them."""

import pytest

from tests.billing.ledger import histories


@pytest.mark.both_databases
@pytest.mark.django_db
def test_histories_over_several_invoices_leave_the_books_true(request):
    transactions, postings = histories.run(1, 200 if request.config.getoption("--long") else 40)
    assert postings > 2 * transactions > 0
