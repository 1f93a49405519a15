"""Two approvers who block each other at the same moment: one is left. The lock has a twin in which it is off."""

from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from billing.colleagues import accounts, asked, invitations
from billing.errors import Refused
from billing.models import Provider, Staff, StaffTask
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


def test_one_task_of_one_form_and_one_account_of_one_name_at_once(two):
    """Whoever comes second finds the row that a unique key guards: no failure, and a sentence."""
    boss, invoice = two[0], factories.invoice(provider=two[0].provider)
    given = {"by": boss, "owner": None, "due_on": None, "key": "k"}
    ask = partial(asked.ask, invoice, StaffTask.Kind.ASKED_CALL, "bel haar", **given)
    assert at_once([ask] * 4, threads=4) == [None] * 4
    assert StaffTask.objects.count() == 1
    links = [invitations.invite(f"nieuw{number}@linde.example", "clerk", by=boss) for number in range(2)]
    anew = [
        partial(invitations.accept_anew, one, username="nieuw", password="zeven blauwe kranen lopen") for one in links
    ]
    assert sum(isinstance(one, Refused | ValidationError) for one in at_once(anew, threads=2)) == 1
    member = factories.staff()
    links = [invitations.invite(f"ook{number}@linde.example", "clerk", by=boss) for number in range(2)]
    results = at_once([partial(invitations.accept, one, member) for one in links], threads=2)
    assert sum(isinstance(one, Refused) for one in results) == 1


def test_who_comes_second_to_a_unique_key_is_told(two, monkeypatch):
    """Both looked before either wrote: what the check did not see, the key refuses."""
    boss, invoice = two[0], factories.invoice(provider=two[0].provider)
    given = {"by": boss, "owner": None, "due_on": None, "key": "k"}
    asked.ask(invoice, StaffTask.Kind.ASKED_CALL, "bel haar", **given)
    monkeypatch.setattr(QuerySet, "exists", lambda _rows: False)
    asked.ask(invoice, StaffTask.Kind.ASKED_CALL, "bel haar", **given)
    member = factories.staff()
    for number in range(2):
        link = invitations.invite(f"ook{number}@linde.example", "clerk", by=boss)
        with pytest.raises(Refused) if number else nullcontext():
            invitations.accept(link, member)
    monkeypatch.setattr(Staff, "full_clean", lambda _row: None)
    link = invitations.invite("nieuw@linde.example", "clerk", by=boss)
    with pytest.raises(Refused):
        invitations.accept_anew(link, username=boss.username, password="zeven blauwe kranen lopen")
    assert StaffTask.objects.count() == 1
