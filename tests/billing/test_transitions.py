"""Moving a row to another status, on conditions and for many rows."""

import pytest
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q
from django.test.utils import CaptureQueriesContext

from billing.models import Invoice, OutboxMessage
from billing.transitions import advance, advance_each, in_sql
from tests.billing.outbox.test_outbox import queued

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
Status = OutboxMessage.Status


def about(number: str) -> Q:
    return Q(Exists(Invoice.objects.filter(number=number, messages=OuterRef("pk"))))


@pytest.mark.parametrize("right", [True, False])
def test_a_condition_in_sql_is_the_same_condition(right):
    message = queued()
    number = message.invoice.number if right else "100 % of another"
    condition = about(number) & Q(tries=F("tries"), language="nl")
    assert advance(message, Status.SENDING, Q(pk=message.pk), in_sql(OutboxMessage, condition)) is right


def test_no_condition_is_none():
    assert in_sql(OutboxMessage, Q()) == Q()


def test_a_condition_that_an_update_could_not_ask_is_refused():
    with pytest.raises(ValueError, match="join"):
        in_sql(OutboxMessage, Q(invoice__number="F-1"))


def test_many_rows_are_moved_by_one_statement_with_what_is_the_same_for_all():
    rows = [queued(key=f"payment:{number}") for number in range(3)]
    with CaptureQueriesContext(connection) as queries:
        advance_each(rows, Status.FAILED, error="too long")
    assert len(queries) == 1
    assert {(row.status, row.error) for row in rows} == {("failed", "too long")}
    assert set(OutboxMessage.objects.values_list("status", "error")) == {("failed", "too long")}
