"""How many codes may be sent: for whom, from where, and for all together."""

import contextlib
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare

from billing.models import AuditEvent, Invoice, StaffTask
from guests import sms_code
from guests.models import SmsDevice, Throttle
from guests.tasks import watch_codes
from portal.celery import app
from sandbox.models import Message
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]
NOW = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
PATIENT = "p" * 64
HOME, STRANGER = "192.0.2.1", "198.51.100.9"


def ask(invoice, *, minutes=0, network=HOME, holder=None, by_link=False):
    """Seconds to wait for a code; 0 when it was sent. Every ask is another browser, so that only limits count."""
    ask.count += 1
    try:
        sms_code.send_code(
            invoice,
            holder=holder or f"{ask.count:064d}",
            network=network,
            by_link=by_link,
            now=NOW + timedelta(minutes=minutes),
        )
    except sms_code.TooOften as refusal:
        return refusal.wait_seconds
    return 0


ask.count = 0


def test_three_at_once_then_one_more_within_fifteen_minutes():
    invoice = factories.invoice()
    assert [ask(invoice, minutes=minute) for minute in (0, 2, 4)] == [0, 0, 0]
    wait = ask(invoice, minutes=6)
    assert 0 < wait <= 15 * 60
    assert ask(invoice, minutes=6 + wait / 60) == 0


@pytest.mark.parametrize(("by_link", "most"), [(True, 6), (False, 4)])
def test_so_many_in_a_day(by_link, most):
    invoice = factories.invoice()
    sent = [ask(invoice, minutes=30 * n, by_link=by_link) for n in range(8)]
    assert sent[:most] == [0] * most
    assert all(sent[most:])
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


def test_many_addresses_reach_the_limit_of_the_invoice_and_staff_get_a_task(settings):
    invoice = factories.invoice()
    waits = [ask(invoice, network=f"203.0.113.{n}") for n in range(40)]
    assert waits.count(0) == settings.CODE_SENDS_BY_STRANGERS_PER_DAY
    item = StaffTask.objects.get()
    assert (item.kind, item.invoice) == ("code_limit", invoice)


def test_one_number_on_many_invoices_is_not_pestered(settings):
    patient = factories.patient()
    invoices = [factories.invoice(patient=patient) for _ in range(30)]
    waits = [ask(one, network=f"203.0.113.{n}") for n, one in enumerate(invoices)]
    limit = 2 * settings.CODE_SENDS_BY_STRANGERS_PER_DAY
    assert waits.count(0) == Message.objects.count() == limit


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
    item = StaffTask.objects.get()
    assert (item.kind, item.invoice) == ("code_limit", None)


def test_what_was_refused_uses_up_nothing(settings):
    settings.SMS_DAILY_BUDGET = 1
    invoice = factories.invoice()
    ask(factories.invoice(patient=factories.patient(mobile="+31612345699")), network=STRANGER)
    before = {row.key: row.used for row in Throttle.objects.all() if row.used}
    assert ask(invoice)
    assert {row.key: row.used for row in Throttle.objects.all() if row.used} == before


@pytest.fixture
def in_english():
    with translation.override("en"):
        yield


@pytest.mark.usefixtures("in_english")
def test_a_code_was_just_sent_is_said_only_when_it_was(settings):
    invoice = factories.invoice()
    settings.SMS_DAILY_BUDGET = 1
    assert ask(factories.invoice(patient=factories.patient(mobile="+31612345699")), network=STRANGER) == 0
    with pytest.raises(sms_code.TooOften, match="can't send codes at this moment"):
        sms_code.send_code(invoice, holder=PATIENT, network=HOME, now=NOW)
    settings.SMS_DAILY_BUDGET = 100
    now = timezone.now()
    sms_code.send_code(invoice, holder=PATIENT, network=HOME, now=now)
    with pytest.raises(sms_code.TooOften, match="sent a code just now"):
        sms_code.send_code(invoice, holder="q" * 64, network=HOME, now=now)
    SmsDevice.objects.all().delete()  # as when the provider refused it
    with pytest.raises(sms_code.TooOften, match=r"^You can ask for a code in a minute\.$"):
        sms_code.send_code(invoice, holder="q" * 64, network=HOME, now=now)


class TestWhatDiedStaysDead:
    """By state: not by comparison with a clock that can go back."""

    @pytest.fixture
    def sent(self):
        self.invoice = factories.invoice()
        ask(self.invoice, holder=PATIENT)
        return re.search(r"\b\d{6}\b", Message.objects.get().text).group()

    def at(self, monkeypatch, minutes):
        moment = timezone.now() + timedelta(minutes=minutes)
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)

    def is_right(self, code):
        return sms_code.verify_code(self.invoice, holder=PATIENT, code=code)

    def test_tried_when_it_was_over(self, sent, monkeypatch):
        with monkeypatch.context() as later:
            self.at(later, 11)
            assert not self.is_right(sent)
        assert not self.is_right(sent)

    def test_seen_by_the_sweep_only(self, sent, monkeypatch):
        with monkeypatch.context() as later:
            self.at(later, 11)
            assert sms_code.end_codes(now=timezone.now()) == 1
        assert not self.is_right(sent)

    def test_seen_by_nobody_and_the_clock_is_before_it_was_made(self, sent, monkeypatch):
        with monkeypatch.context() as earlier:
            self.at(earlier, -9)
            assert not self.is_right(sent)
        assert not self.is_right(sent), "it was found dead"

    @pytest.mark.parametrize("change", ["number", "withdrawn", "erased"])
    def test_with_what_it_rests_on(self, sent, change):
        if change == "number":
            type(self.invoice.patient).objects.update(mobile="+31687654321")
        else:
            Invoice.objects.update(**{f"{change}_at": timezone.now()})
        assert not self.is_right(sent)
        type(self.invoice.patient).objects.update(mobile=self.invoice.patient.mobile)
        Invoice.objects.update(withdrawn_at=None, erased_at=None)
        assert not self.is_right(sent)

    def test_a_clock_that_ran_ahead_blocks_no_new_code(self, sent, monkeypatch):
        with monkeypatch.context() as later:
            self.at(later, 2 * 24 * 60)
            ask(self.invoice, minutes=2 * 24 * 60, holder=PATIENT)
        assert ask(self.invoice, minutes=5, holder=PATIENT) <= 60
        assert ask(self.invoice, minutes=7, holder=PATIENT) == 0


def test_old_codes_are_deleted():
    invoice = factories.invoice()
    ask(invoice)
    SmsDevice.objects.update(valid_until=datetime(2020, 1, 1, tzinfo=UTC))
    ask(invoice, minutes=2)
    assert SmsDevice.objects.count() == 1


def test_of_ten_thousand_guesses_five_are_looked_at():
    """Straight at the rule: ten thousand locked transactions would prove the database."""
    invoice = factories.invoice()
    ask(invoice, holder=PATIENT)
    code = re.search(r"\b\d{6}\b", Message.objects.get().text).group()
    device, looked_at = SmsDevice.objects.get(holder=PATIENT), 0
    for guess in (f"{number:06d}" for number in range(10_001)):
        before = device.attempts_left
        if guess != code:
            assert not device.verify_token(guess)
        looked_at += before - device.attempts_left
    assert looked_at == 5
    assert not sms_code.verify_code(invoice, holder=PATIENT, code=code)


@pytest.mark.parametrize("state", ["wrong", "guessed up", "too late", "used", "never sent"])
def test_every_no_costs_the_same_work(state, monkeypatch):
    """Keyed hash and comparison in constant time, also where there is nothing to compare with."""
    invoice = factories.invoice()
    if state != "never sent":
        ask(invoice, holder=PATIENT)
    over = {
        "guessed up": {"attempts_left": 0},
        "too late": {"valid_until": datetime(2020, 1, 1, tzinfo=UTC)},
        "used": {"token": None},
    }
    if state in over:
        SmsDevice.objects.update(**over[state])
    work, hashed = [], SmsDevice._hash

    def watched_hash(self, code):
        work.append("hash")
        return hashed(self, code)

    def watched_compare(one, other):
        work.append((len(one), len(other)))
        return constant_time_compare(one, other)

    monkeypatch.setattr(SmsDevice, "_hash", watched_hash)
    monkeypatch.setattr("guests.models.constant_time_compare", watched_compare)
    assert not sms_code.verify_code(invoice, holder=PATIENT, code="x" * 6)
    assert work == ["hash", (64, 64)]


class TestNobodyIsLockedOut:
    """Somebody knows the payment reference and has many addresses; the patient has the link in our mail."""

    def attack(self, invoice, settings):
        sent = [ask(invoice, network=f"203.0.113.{n}") for n in range(40)]
        assert sent.count(0) == settings.CODE_SENDS_BY_STRANGERS_PER_DAY

    def test_the_patient_by_link_gets_a_code_at_once(self, settings):
        invoice = factories.invoice()
        self.attack(invoice, settings)
        assert ask(invoice, network=HOME) > 60 * 60, "strangers have had what they get in a day"
        assert ask(invoice, network=HOME, by_link=True) == 0

    @pytest.mark.usefixtures("in_english")
    @pytest.mark.parametrize("email", ["anna@post.example", ""])
    def test_and_the_page_says_where_the_link_is(self, settings, email):
        invoice = factories.invoice(patient=factories.patient(email=email))
        self.attack(invoice, settings)
        with pytest.raises(sms_code.TooOften) as refusal:
            sms_code.send_code(invoice, holder=PATIENT, network=HOME, now=NOW)
        assert ("link in that e-mail" in str(refusal.value)) == bool(email)
        assert ("QR" in str(refusal.value)) == (not email)

    def test_a_day_of_every_address_is_at_most_a_hundred_guesses_and_twenty_messages(self, settings):
        """Three addresses that ask all day, by the reference and by the link, and guess all they may."""
        invoice = factories.invoice()
        looked_at = 0
        for minute in range(0, 24 * 60, 20):
            for by_link in (False, True):
                for n in range(3):
                    holder = f"{minute}{by_link}{n}".rjust(64, "0")
                    if ask(invoice, minutes=minute, network=f"203.0.113.{n}", holder=holder, by_link=by_link):
                        continue
                    for _guess in range(8):
                        before = SmsDevice.objects.get(holder=holder).attempts_left
                        with contextlib.suppress(sms_code.TooOften):
                            moment = NOW + timedelta(minutes=minute)
                            sms_code.verify_code(invoice, holder=holder, code="x", now=moment, by_link=by_link)
                        looked_at += before - SmsDevice.objects.get(holder=holder).attempts_left
        assert looked_at == 100
        assert Message.objects.count() == 20

    def test_nor_by_pause_or_address(self, settings):
        """At one address: the pause and the count of the whole address are apart for who came by the link."""
        settings.CODE_SENDS_PER_ADDRESS_PER_HOUR = 1
        invoice = factories.invoice()
        assert ask(invoice) == 0
        assert ask(invoice)
        assert ask(invoice, by_link=True) == 0

    def test_nor_by_a_stranger_at_the_same_address(self):
        invoice = factories.invoice()
        for minute in range(0, 600, 2):
            ask(invoice, minutes=minute)
        assert ask(invoice, minutes=601) > 15 * 60
        assert ask(invoice, minutes=601, by_link=True) == 0

    def test_and_never_waits_longer_than_fifteen_minutes_for_the_next(self, settings):
        invoice = factories.invoice()
        self.attack(invoice, settings)
        minutes, waits = 1.0, []
        for _code in range(settings.CODE_SENDS_PER_DAY):
            while wait := ask(invoice, minutes=minutes, by_link=True):
                waits.append(wait)
                minutes += wait / 60
        assert max(waits) <= 15 * 60

    def test_the_link_has_a_limit_of_its_own(self, settings):
        invoice = factories.invoice()
        sent = [ask(invoice, network=f"203.0.113.{n}", by_link=True) for n in range(20)]
        assert sent.count(0) == settings.CODE_SENDS_BY_LINK_PER_DAY

    def test_the_budget_of_the_day_counts_for_the_link_too(self, settings):
        settings.SMS_DAILY_BUDGET = 1
        assert ask(factories.invoice()) == 0
        other = factories.invoice(patient=factories.patient(mobile="+31612345699"))
        assert ask(other, network=STRANGER, by_link=True)


def test_the_wait_is_the_longest_one():
    invoice = factories.invoice()
    for minute in (0, 1, 2):
        ask(invoice, minutes=minute)
    wait = ask(invoice, minutes=2.5)
    assert wait > 60, "the pause of a minute is over sooner than the wait for the next code"
    assert ask(invoice, minutes=2.5 + wait / 60) == 0


def codes(*, sent, right, at=NOW):
    actions = ["code_sent"] * sent + ["code_right"] * right + ["code_wrong"] * sent
    AuditEvent.objects.bulk_create(AuditEvent(action=action, by="patient", at=at) for action in actions)


def alarms():
    return list(StaffTask.objects.filter(kind="codes_unused").values_list("note", flat=True))


@pytest.mark.parametrize(("sent", "right"), [(19, 0), (20, 6), (100, 30), (0, 0)])
def test_codes_that_are_used_or_few_alarm_nobody(sent, right):
    codes(sent=sent, right=right)
    codes(sent=50, right=0, at=NOW - timedelta(hours=2))
    sms_code.watch(now=NOW)
    assert alarms() == []


def test_unused_codes_are_reported_once_a_day(caplog):
    codes(sent=20, right=5, at=NOW - timedelta(minutes=59))
    sms_code.watch(now=NOW)
    codes(sent=30, right=0)
    sms_code.watch(now=NOW)
    assert alarms() == ["20 sent, 5 used in an hour"]
    assert caplog.text.count("few codes by SMS are used") == 1
    codes(sent=30, right=0, at=NOW + timedelta(days=1))
    sms_code.watch(now=NOW + timedelta(days=1))
    assert len(alarms()) == 2


def test_what_is_watched_is_what_sending_and_checking_write_down():
    invoice = factories.invoice()
    assert ask(invoice, holder=PATIENT) == 0
    code = re.search(r"[0-9]{6}", Message.objects.latest("pk").text).group()
    assert sms_code.verify_code(invoice, holder=PATIENT, code=code)
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {"code_sent", "code_right"}
    assert app.conf.beat_schedule["watch-codes"]["task"] == watch_codes.name
