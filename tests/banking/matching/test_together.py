"""Many lines are settled in one transaction: as each alone would be, and one that fails takes no other with it."""

from contextlib import nullcontext
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from banking.details import Details
from banking.matching import deciding, lines
from banking.matching.decide import Designation, Known
from banking.matching.lines import Read, Sort, _apart, match_new
from banking.models import BankLine
from billing import rows
from billing.models import FailedTry, Invoice, LedgerTransaction, OutboxMessage, StaffTask
from tests import factories
from tests.banking.lines import account
from tests.banking.matching.payments import owed, paid, settled
from tests.banking.orders import made
from tests.billing.payments.test_payment_races import at_once, meet

Status = BankLine.Status


def read(key: int, *invoices: int, sort: Sort = Sort.RECEIPT) -> Read:
    shares = [Designation(Known(pk, str(pk), Decimal(1)), Decimal(1)) for pk in invoices]
    return Read(BankLine(pk=key), Details(), sort, shares=shares)


@pytest.mark.parametrize(
    ("lines_", "groups"),
    [
        ([], []),
        ([read(1, 7), read(2, 8), read(3)], [[1, 2, 3]]),
        ([read(1, 7), read(2, 7), read(3, 8), read(4, 7)], [[1, 3], [2], [4]]),
        # The second line waits for the first, and the third, which shares an invoice with the second, for both.
        ([read(1, 7), read(2, 7, 8), read(3, 8), read(4, 9)], [[1, 4], [2], [3]]),
        ([read(1, 7), read(2, sort=Sort.OUR_ORDER), read(3, 8), read(4, sort=Sort.CAME_BACK)], [[1, 3], [2], [4]]),
        ([read(1, sort=Sort.OUR_ORDER), read(2, 7)], [[1], [2]]),
    ],
)
def test_lines_for_one_invoice_are_settled_one_after_the_other_and_orders_alone(lines_, groups):
    assert [[one.line.pk for one in some] for some in _apart(lines_)] == groups


def test_no_more_are_settled_together_than_agreed(monkeypatch):
    monkeypatch.setattr(lines, "TOGETHER", 2)
    assert [len(some) for some in _apart([read(key, key) for key in range(5)])] == [2, 2, 1]


@pytest.mark.django_db
def test_two_lines_for_one_invoice_pay_it_in_their_order():
    invoice, other = factories.invoice(amount="50.00"), factories.invoice(amount="20.00")
    first, second = paid("30.00", invoice.payment_reference), paid("40.00", invoice.payment_reference)
    counts = settled(first, paid("20.00", other.payment_reference), second)
    assert (counts.booked, owed(invoice), owed(other)) == (3, Decimal("-20.00"), 0)
    said = OutboxMessage.objects.filter(invoice=invoice).order_by("pk").values_list("dedupe_key", flat=True)
    assert len(said) == 2
    assert StaffTask.objects.filter(kind="surplus", invoice=invoice).count() == 1
    assert made.wrong() == []


@pytest.mark.django_db
def test_one_that_fails_is_tried_again_later_and_takes_no_other_with_it():
    wrong, invoices = factories.invoice(amount="50.00"), [factories.invoice(amount="10.00") for _ in range(3)]
    broken = paid("50.00", wrong.payment_reference)
    settled(broken)
    BankLine.objects.filter(pk=broken.pk).update(status=Status.NEW)  # its decision stands: it can't have a second one
    counts = settled(broken, *(paid("10.00", invoice.payment_reference) for invoice in invoices))
    assert (counts.booked, broken.status, owed(wrong)) == (3, Status.NEW, 0)
    assert [owed(invoice) for invoice in invoices] == [0, 0, 0]
    assert FailedTry.objects.get().row == broken.pk
    assert made.wrong() == []


@pytest.mark.django_db
def test_ten_lines_take_as_many_queries_as_two(monkeypatch):
    monkeypatch.setattr(rows, "MANY", 1)

    def queries(amount: int) -> int:
        practice = factories.provider()
        for _ in range(amount):
            paid(
                "45.00",
                factories.invoice(amount="45.00", patient=factories.patient(provider=practice)).payment_reference,
            )
        with CaptureQueriesContext(connection) as captured:
            assert match_new().booked == amount
        return len(captured)

    assert queries(10) == queries(2)


def three_lines() -> list[Invoice]:
    account()
    invoices = [factories.invoice(amount="45.00") for _ in range(3)]
    for invoice in invoices:
        paid("45.00", invoice.payment_reference)
    return invoices


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_two_workers_settle_the_same_lines_once(caplog):
    invoices = three_lines()
    counts = at_once([match_new, match_new], threads=2)
    assert sum(one.booked for one in counts) == 3
    assert [owed(invoice) for invoice in invoices] == [0, 0, 0]
    assert LedgerTransaction.objects.filter(kind="payment").count() == 3
    assert "each is tried alone" not in caplog.text
    assert made.wrong() == []


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_twin_without_the_locks_the_database_refuses_the_second(caplog, monkeypatch):
    three_lines()
    unlocked = meet(lambda keys: {row.pk: row for row in BankLine.objects.filter(pk__in=keys)}, 2, when_read=True)
    monkeypatch.setattr(lines, "lock_invoices", lambda keys: list(Invoice.objects.filter(pk__in=set(keys))))
    monkeypatch.setattr(deciding, "lock_lines", unlocked)
    monkeypatch.setattr(lines, "transaction", SimpleNamespace(atomic=lambda: nullcontext()))  # the lock of SQLite
    at_once([match_new, match_new], threads=2)
    assert "each is tried alone" in caplog.text
    assert LedgerTransaction.objects.filter(kind="payment").count() <= 3
