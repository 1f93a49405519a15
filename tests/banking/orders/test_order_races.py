"""Two processes at one order or batch: the money is reserved once and one file is made."""

import threading
from decimal import Decimal

import pytest
from django.db import connection

from banking.models import OutgoingBatch, OutgoingOrder
from banking.orders import agreeing, batches
from billing.models import LedgerTransaction
from tests.banking import lines
from tests.banking.orders import made

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def _at_once(*acts):
    """Run the acts in threads that begin together; return what each returned or raised."""
    start, results = threading.Barrier(len(acts)), [None] * len(acts)

    def act(place, run):
        start.wait(10)
        try:
            results[place] = run()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_two_who_agree_at_once_reserve_the_money_once():
    first, second = made.people()
    third, _fourth = made.people()
    order = made.order_for(made.unclaimed(), by=first)
    results = _at_once(lambda: agreeing.approve(order, by=second), lambda: agreeing.approve(order, by=third))
    assert sorted(type(result).__name__ for result in results) == ["Refused", "bool"]
    assert LedgerTransaction.objects.filter(kind="sent_back").count() == 1
    assert made.sums() == {"bank": Decimal("25.00"), "under_way": Decimal("-25.00")}


def test_two_who_make_files_at_once_put_each_order_in_one():
    for _number in range(3):
        made.approved(made.unclaimed())
    made_files = _at_once(*[lambda: batches.make(lines.account(), by="test")] * 2)
    assert sum(1 for batch in made_files if isinstance(batch, OutgoingBatch)) == 1
    assert OutgoingBatch.objects.get().count == 3
    assert made.wrong() == []


def test_two_who_propose_from_one_source_make_one_order():
    line = made.unclaimed()
    results = _at_once(*[lambda: made.order_for(line, by=None).pk] * 3)
    assert len(set(results)) == 1
    assert OutgoingOrder.objects.count() == 1
