"""Many hands on one code. The lock has a twin in which it is off and the race happens."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from billing.models import AuditEvent
from guests import sms_code
from guests.models import SmsDevice
from sandbox.models import Message
from tests import factories

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("sandbox"),
    pytest.mark.both_databases,
]
HOLDER = "a" * 64


@pytest.fixture
def invoice():
    return factories.invoice()


def sent(invoice, holder=HOLDER):
    """A code on its way to this browser."""
    assert sms_code.send_code(invoice, holder=holder, network="192.0.2.1", now=timezone.now())
    return re.search(r"\b\d{6}\b", Message.objects.order_by("-pk").first().text).group()


def in_parallel(actions, *, threads):
    together = threading.Barrier(threads)
    begun = threading.local()

    def run(action):
        if not hasattr(begun, "yes"):
            begun.yes = True
            together.wait(30)
        try:
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, actions))


def verify(invoice, code):
    return lambda: sms_code.verify_code(invoice, holder=HOLDER, code=code)


@pytest.fixture
def lock_off(monkeypatch):
    """No row lock and no transaction (on SQLite the transaction is the lock), and all read before one writes."""
    met = threading.Barrier(10)
    first = SmsDevice.verify_token

    def verify_token(self, token):
        met.wait(30)
        return first(self, token)

    monkeypatch.setattr(sms_code, "transaction", SimpleNamespace(atomic=nullcontext))
    monkeypatch.setattr(SmsDevice.objects, "select_for_update", SmsDevice.objects.all, raising=False)
    monkeypatch.setattr(SmsDevice, "verify_token", verify_token)


def test_a_hundred_right_codes_at_once_open_once(invoice):
    code = sent(invoice)
    assert sum(in_parallel([verify(invoice, code)] * 100, threads=20)) == 1


def test_without_the_lock_they_would_open_more_than_once(invoice, lock_off):
    code = sent(invoice)
    assert sum(in_parallel([verify(invoice, code)] * 10, threads=10)) > 1


def test_parallel_guesses_share_no_try(invoice):
    code = sent(invoice)
    guesses = [f"{number:06d}" for number in range(100) if f"{number:06d}" != code][:60]
    assert not any(in_parallel([verify(invoice, guess) for guess in guesses], threads=20))
    assert AuditEvent.objects.filter(action="code_wrong").count() == 5
    assert SmsDevice.objects.get().attempts_left == 0
    assert not verify(invoice, code)(), "the right one comes too late"


def test_without_the_lock_they_would(invoice, lock_off):
    code = sent(invoice)
    guesses = [f"{number:06d}" for number in range(20) if f"{number:06d}" != code][:10]
    in_parallel([verify(invoice, guess) for guess in guesses], threads=10)
    assert AuditEvent.objects.filter(action="code_wrong").count() > 5


def test_a_double_click_sends_one_sms(invoice):
    def ask():
        try:
            return sms_code.send_code(invoice, holder=HOLDER, network="192.0.2.1", now=timezone.now())
        except sms_code.TooOften:
            return False

    assert sum(in_parallel([ask] * 10, threads=10)) == 1
    assert Message.objects.count() == 1


def test_nor_do_two_networks_at_once(invoice):
    """One browser that moves from wifi to mobile: the pause hangs on the code too."""
    sent(invoice)
    with pytest.raises(sms_code.TooOften):
        sms_code.send_code(invoice, holder=HOLDER, network="198.51.100.7", now=timezone.now())
    assert Message.objects.count() == 1
