"""Two practices are paid at the same moment: each fee has its own number. The twin counts without holding a row."""

from contextlib import nullcontext
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import DatabaseError
from django.utils import timezone

from banking.models import FeeInvoice, Payout, PayoutTerms
from banking.payouts import fees, run
from billing.models import Invoice
from tests import factories
from tests.billing.payments.test_payment_races import at_once, meet

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def runs():
    today = timezone.localdate()
    practices = [factories.provider() for _number in range(2)]
    for practice in practices:
        PayoutTerms.objects.create(provider=practice, fee_per_invoice=Decimal("1.95"), fees_from=date(2026, 1, 1))
        factories.invoice(patient=factories.patient(provider=practice))
    Invoice.objects.update(created_at=timezone.now() - timedelta(days=1))
    return [lambda practice=practice: run.run(practice, today=today) for practice in practices]


def test_each_has_the_next_number():
    results = at_once(runs(), threads=2)
    assert all(isinstance(result, Payout) for result in results), results
    year = timezone.localdate().year
    assert sorted(FeeInvoice.objects.values_list("number", flat=True)) == [f"F{year}-00001", f"F{year}-00002"]


def test_twin_without_the_held_row_both_take_the_same_number(monkeypatch):
    monkeypatch.setattr(run, "transaction", SimpleNamespace(atomic=nullcontext))  # on SQLite it is the lock
    monkeypatch.setattr(fees, "_take", meet(lambda _year, _count: FeeInvoice.objects.count() + 1, 2, when_read=True))
    results = at_once(runs(), threads=2)
    assert any(isinstance(result, DatabaseError) for result in results), results
