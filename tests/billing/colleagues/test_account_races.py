"""Two approvers who block each other at the same moment: one is left. The lock has a twin in which it is off."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from billing.colleagues import accounts
from billing.errors import Refused
from billing.models import Provider
from tests import factories
from tests.billing.payments.test_payment_races import at_once, meet

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def two():
    practice = factories.provider()
    return [factories.staff(provider=practice, role="approver") for _number in range(2)]


def each_other(two):
    first, second = two
    return [lambda: accounts.block(first, by=second), lambda: accounts.block(second, by=first)]


def test_one_is_left(two):
    results = at_once(each_other(two), threads=2)
    assert sum(isinstance(result, Refused) for result in results) == 1
    assert accounts.approvers(two[0].provider).count() == 1


def test_twin_without_the_lock_nobody_is_left(two, monkeypatch):
    monkeypatch.setattr(accounts, "transaction", SimpleNamespace(atomic=nullcontext))
    monkeypatch.setattr(accounts, "_locked", lambda pk: Provider.objects.get(pk=pk))
    monkeypatch.setattr(accounts, "_decides", meet(accounts._decides, 2, when_read=True))
    at_once(each_other(two), threads=2)
    assert accounts.approvers(two[0].provider).count() == 0
