"""The ground the suite stands on."""

import threading

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from billing import ledger
from billing.models import LedgerTransaction, Staff
from tests import factories

pytestmark = pytest.mark.both_databases


@pytest.mark.parametrize("run", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_the_flush_between_tests_empties_the_ledger_and_keeps_its_guard(run):
    assert LedgerTransaction.objects.count() == 0
    invoice = factories.invoice(amount="80.00", insurer_paid="30.00")
    assert str(ledger.outstanding(invoice.pk)) == "50.00"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerTransaction.objects.all().update(by="somebody else")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LedgerTransaction.objects.all()._raw_delete("default")


@pytest.mark.django_db(transaction=True)
def test_threads_share_the_test_database():
    invoice = factories.invoice()
    seen = []

    def look():
        seen.append(str(ledger.balance(invoice.pk)))
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == ["100.00"]


@pytest.mark.django_db
def test_staff_belongs_to_a_provider_unless_of_operations():
    assert factories.staff().provider is not None
    assert factories.staff(role=Staff.Role.OPERATIONS).provider is None
    assert factories.invoice(amount="0.00").settled_at is not None
