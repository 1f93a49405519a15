"""A query that keeps its SQL gives the same objects, for every value and in every thread."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.invoices import holds
from billing.models import Hold, Invoice
from billing.prepared import Prepared
from tests import factories

BY_NUMBER = Prepared(lambda number: Invoice.objects.filter(number=number).select_related("provider"))


@pytest.mark.django_db
def test_it_gives_what_the_query_gives_with_one_statement(django_assert_num_queries):
    rows = [factories.invoice() for _ in range(3)]
    for row in rows:
        with django_assert_num_queries(1):
            found = BY_NUMBER.first(row.number)
            assert found.provider.pk == row.provider_id
        wanted = Invoice.objects.select_related("provider").get(pk=row.pk)
        assert {**vars(found), "_state": 0} == {**vars(wanted), "_state": 0}
    assert BY_NUMBER.first("' OR 1=1") is None
    assert BY_NUMBER.first("") is None


@pytest.mark.django_db
def test_the_value_is_a_parameter_and_the_text_stays(monkeypatch):
    row = factories.invoice()
    with CaptureQueriesContext(connection) as seen:
        BY_NUMBER.first("%s'; --")
        BY_NUMBER.first(row.number)
    assert len(seen) == 2
    monkeypatch.setattr(BY_NUMBER, "_build", None)  # it is asked once
    assert BY_NUMBER.first(row.number) == row


@pytest.mark.django_db
def test_a_value_that_is_not_used_once_is_refused():
    with pytest.raises(ValueError, match="does not stand once"):
        Prepared(lambda number: Invoice.objects.exclude(number="x")).first("1")


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_threads_use_their_own_connection_and_see_each_their_row():
    rows = [factories.invoice() for _ in range(8)]
    holds.place_hold(rows[3], Hold.Reason.STAFF, by="test")
    shown = page()

    def look(row):
        try:
            return [shown.first(row.token) for _ in range(20)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for row, found in zip(rows, pool.map(look, rows), strict=True):
            assert {one.pk for one in found} == {row.pk}
            assert all((getattr(one, "hold", None) is not None) == (row == rows[3]) for one in found)
