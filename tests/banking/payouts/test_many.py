"""The run of a day makes the payouts of many practices together: each as if it were alone."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction

from banking.models import FeeInvoice, OutgoingOrder, Payout
from banking.payouts import run
from billing.models import FailedTry, Provider
from tests.banking.orders import made
from tests.banking.payouts.test_payouts import _paid, _practice

pytestmark = pytest.mark.django_db
Status = Payout.Status


def test_of_many_practices_each_has_its_own_payout_and_one_that_fails_takes_no_other_with_it():
    practices = [_practice(fee_per_invoice=Decimal("1.95")) for _number in range(6)]
    for place, practice in enumerate(practices):
        _paid(practice, amount=f"{100 + place}.00")
    Provider.objects.filter(pk=practices[2].pk).update(iban="NL00RABO0123456789")  # no right one: it can't be paid
    monday = date(2026, 11, 30)
    run.run_day(monday)
    amounts = dict(Payout.objects.values_list("provider", "amount"))
    fee = Decimal("2.36")  # 1.95 and 21 % VAT
    assert amounts == {p.pk: 100 + place - fee for place, p in enumerate(practices) if place != 2}
    numbers = sorted(FeeInvoice.objects.values_list("number", flat=True))
    assert [int(number[-5:]) for number in numbers] == [1, 2, 3, 4, 5]
    assert FailedTry.objects.get().row == practices[2].pk
    assert OutgoingOrder.objects.count() == 5
    assert made.wrong() == []


def test_eight_payouts_take_as_many_queries_as_two(django_assert_max_num_queries):
    for amount in (2, 8):
        for _number in range(amount):
            _paid(_practice(fee_per_invoice=Decimal("1.95")))
        with django_assert_max_num_queries(45):
            run.run_day(date(2026, 11, 30))
    assert Payout.objects.filter(status=Status.PROPOSED).count() == 10


def test_a_run_that_fails_takes_no_number():
    provider = _practice(fee_per_invoice=Decimal("1.95"))
    _paid(provider)
    with transaction.atomic():
        run.run(provider, today=date(2026, 11, 30))
        transaction.set_rollback(True)
    assert run.run(provider, today=date(2026, 11, 30)).fee_invoice.number.endswith("-00001")
