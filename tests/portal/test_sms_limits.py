"""How many codes may be sent: for whom, from where, and for all together."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils.crypto import constant_time_compare

from billing.models import StaffItem
from portal import sms_code
from portal.models import SmsDevice, Throttle
from portal.sandbox.models import Message
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]
NOW = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
PATIENT = "p" * 64
HOME, STRANGER = "192.0.2.1", "198.51.100.9"


def ask(invoice, *, minutes=0, network=HOME, holder=None):
    """Seconds to wait for a code; 0 when it was sent. Every ask is another browser, so that only limits count."""
    ask.count += 1
    try:
        sms_code.send_code(
            invoice, holder=holder or f"{ask.count:064d}", network=network, now=NOW + timedelta(minutes=minutes)
        )
    except sms_code.TooOften as refusal:
        return refusal.wait_seconds
    return 0


ask.count = 0


def test_three_in_an_hour_then_one_more_after_a_while():
    invoice = factories.invoice()
    assert [ask(invoice, minutes=minute) for minute in (0, 2, 4)] == [0, 0, 0]
    wait = ask(invoice, minutes=6)
    assert 0 < wait <= 20 * 60
    assert ask(invoice, minutes=6 + wait / 60) == 0


def test_six_in_a_day():
    invoice = factories.invoice()
    sent = [ask(invoice, minutes=30 * n) for n in range(8)]
    assert sent[:6] == [0] * 6
    assert all(sent[6:])
    assert ask(invoice, minutes=24 * 60) == 0, "the next day works again"


def test_a_pause_of_a_minute():
    invoice = factories.invoice()
    assert ask(invoice) == 0
    assert 0 < ask(invoice, minutes=0.5) <= 30
    assert ask(invoice, minutes=1) == 0


def test_a_stranger_at_one_address_never_uses_up_what_the_patient_has():
    invoice = factories.invoice()
    for minute in range(0, 600, 2):
        ask(invoice, minutes=minute, network=STRANGER)
    assert ask(invoice, minutes=601) == 0
    assert ask(invoice, minutes=603) == 0


def test_a_stranger_kills_no_code_of_the_patient():
    invoice = factories.invoice()
    ask(invoice, holder=PATIENT)
    for minute in (2, 4, 6):
        ask(invoice, minutes=minute, network=STRANGER)
    assert SmsDevice.objects.get(holder=PATIENT).is_open


def test_many_addresses_reach_the_limit_of_the_invoice_and_staff_hear_of_it(settings):
    invoice = factories.invoice()
    waits = [ask(invoice, minutes=2 * n, network=f"203.0.113.{n}") for n in range(20)]
    assert waits.count(0) == settings.CODE_SENDS_FROM_ALL_PER_DAY
    item = StaffItem.objects.get()
    assert (item.kind, item.invoice) == (StaffItem.Kind.CODE_LIMIT, invoice)


def test_one_number_on_many_invoices_is_not_pestered(settings):
    patient = factories.patient()
    invoices = [factories.invoice(patient=patient) for _ in range(15)]
    waits = [ask(one, minutes=2 * n, network=f"203.0.113.{n}") for n, one in enumerate(invoices)]
    assert waits.count(0) == settings.CODE_SENDS_FROM_ALL_PER_DAY
    assert Message.objects.count() == settings.CODE_SENDS_FROM_ALL_PER_DAY


def test_one_address_can_not_ask_for_everybody(settings):
    settings.CODE_SENDS_PER_ADDRESS_PER_HOUR = 4
    waits = [ask(factories.invoice(patient=factories.patient(mobile=f"+316123456{n:02d}"))) for n in range(8)]
    assert waits.count(0) == 4
    assert ask(factories.invoice(), network=STRANGER) == 0


def test_the_budget_of_the_day_stops_everybody_once_with_an_alarm(settings):
    settings.SMS_DAILY_BUDGET = 5
    invoices = [factories.invoice(patient=factories.patient(mobile=f"+316123456{n:02d}")) for n in range(8)]
    waits = [ask(one, network=f"203.0.113.{n}") for n, one in enumerate(invoices)]
    assert waits[:5] == [0] * 5
    assert all(waits[5:])
    item = StaffItem.objects.get()
    assert (item.kind, item.invoice) == (StaffItem.Kind.CODE_LIMIT, None)


def test_what_was_refused_uses_up_nothing(settings):
    settings.SMS_DAILY_BUDGET = 1
    invoice = factories.invoice()
    ask(factories.invoice(patient=factories.patient(mobile="+31612345699")), network=STRANGER)
    before = dict(Throttle.objects.values_list("key", "free_at_us"))
    assert ask(invoice)
    after = dict(Throttle.objects.values_list("key", "free_at_us"))
    now_us = int(NOW.timestamp() * 1_000_000)
    assert {key for key, free in after.items() if free > now_us} == {k for k, free in before.items() if free > now_us}


def test_old_codes_are_forgotten():
    invoice = factories.invoice()
    ask(invoice)
    SmsDevice.objects.update(valid_until=datetime(2020, 1, 1, tzinfo=UTC))
    ask(invoice, minutes=2)
    assert SmsDevice.objects.count() == 1


def test_of_ten_thousand_guesses_five_are_looked_at(monkeypatch):
    invoice = factories.invoice()
    ask(invoice, holder=PATIENT)
    code = re.search(r"\b\d{6}\b", Message.objects.get().text).group()
    compared = []
    monkeypatch.setattr(
        "portal.models.constant_time_compare",
        lambda one, other: compared.append(1) or constant_time_compare(one, other),
    )
    for guess in (f"{number:06d}" for number in range(10_001)):
        if guess != code:
            assert not sms_code.verify_code(invoice, holder=PATIENT, code=guess)
    assert len(compared) == 5
    assert not sms_code.verify_code(invoice, holder=PATIENT, code=code)
