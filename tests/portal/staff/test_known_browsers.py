"""Who knows a password and no code: few guesses, and nobody is locked out of the browser they always use."""

import re
import time
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django_otp import oath
from django_otp.plugins.otp_totp import models
from django_otp.plugins.otp_totp.models import TOTPDevice

from billing.models import AuditEvent, OutboxMessage, Staff, StaffTask
from portal.staff import otp
from portal.staff.sign_in import known_browsers
from tests import factories
from tests.portal.staff.staff_client import INDEX, LOGIN, code_of, enrolled

pytestmark = pytest.mark.django_db
OFFICE, ELSEWHERE = "192.0.2.10", "192.0.2.99"
RIGHT_AT_ONCE = 3  # codes that are right at any moment: this one, the one before and the next
CODES = 1_000_000


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _clock_of_the_app_stands(monkeypatch):
    """Keep each code as old as it was made: the one before is no longer right when half a minute ends in between."""
    now = partial(float, time.time())
    monkeypatch.setattr(oath, "time", now)  # of whoever makes a code
    monkeypatch.setattr(models, "time", SimpleNamespace(time=now))  # of the device that looks at it


@pytest.fixture
def at(monkeypatch):
    """Set the clock of everything else that signing in looks at; it begins in the morning, far from the next day."""
    began = timezone.localtime().replace(hour=9)

    def move(**later):
        monkeypatch.setattr(timezone, "now", lambda: began + timedelta(**later))

    move()
    return move


def sign_in(client, member, code, *, network, password=factories.PASSWORD):
    fields = {"username": member.username, "password": password, "code": code, "next": INDEX}
    return client.post(LOGIN, fields, REMOTE_ADDR=network)


def wrong_code(key, number=0):
    return f"{(int(code_of(key)) + 1000 + number) % CODES:06d}"


def known_browser(member, key):
    """A browser in which this person signed in before, and signed out."""
    client = Client()
    assert sign_in(client, member, code_of(key, steps=-1), network=OFFICE).status_code == 302
    client.post("/beheer/uitloggen/", REMOTE_ADDR=OFFICE)
    return client


def use_up(member, key):
    """As many wrong codes as strangers may try in a day."""
    for n in range(settings.STAFF_CODES_BY_STRANGERS):
        sign_in(Client(), member, wrong_code(key, n), network=f"198.51.100.{n}")


def flood_for_an_hour(member, key, at, *, networks=lambda n: f"198.51.100.{n}"):
    """One try a minute with the right password and a wrong code; how many codes were looked at."""
    for n in range(60):
        at(minutes=n)
        sign_in(Client(), member, wrong_code(key, n), network=networks(n))
    at(hours=1)
    return AuditEvent.objects.filter(action="staff_wrong_code").count()


def test_the_owner_gets_in_during_a_flood(at):
    member, key = enrolled(email="anna@praktijk.example")
    browser = known_browser(member, key)
    recovery = otp.new_recovery_codes(member)
    assert flood_for_an_hour(member, key, at) == settings.STAFF_CODES_BY_STRANGERS
    assert sign_in(browser, member, wrong_code(key), network=OFFICE).status_code == 200, "a slip of the finger"
    assert sign_in(browser, member, code_of(key), network=OFFICE).status_code == 302
    new = Client()
    page = sign_in(new, member, code_of(key, steps=1), network=ELSEWHERE)
    assert page.status_code == 200, "the right code, and no word of it to strangers"
    assert "herstelcode" in page.content.decode()
    assert sign_in(new, member, recovery[0], network=ELSEWHERE).status_code == 302
    new.post("/beheer/uitloggen/")
    assert sign_in(new, member, code_of(key, steps=1), network=ELSEWHERE).status_code == 302, "now it is known"


def test_with_the_throttle_of_the_device_the_owner_waits(at, settings):
    """The twin: as django-otp counts, for the device and whoever asks."""
    settings.OTP_TOTP_THROTTLE_FACTOR = 1
    settings.STAFF_CODES_BY_STRANGERS = settings.STAFF_CODES_BY_STRANGERS_PER_MONTH = 1000
    member, key = enrolled()
    browser = known_browser(member, key)
    flood_for_an_hour(member, key, at)
    assert sign_in(browser, member, code_of(key), network=OFFICE).status_code == 200
    until = TOTPDevice.objects.get(user=member).verify_is_allowed()[1]["locked_until"]
    assert until > timezone.now() + timedelta(minutes=10)


def test_a_flood_from_the_same_office_does_not_lock_the_owner_out(at):
    member, key = enrolled()
    browser = known_browser(member, key)
    flood_for_an_hour(member, key, at, networks=lambda _n: OFFICE)
    assert sign_in(Client(), member, code_of(key), network=OFFICE).status_code != 302
    assert sign_in(browser, member, code_of(key), network=OFFICE).status_code == 302


def test_without_the_cookie_the_owner_is_a_stranger_there(at):
    """The twin."""
    member, key = enrolled()
    browser = known_browser(member, key)
    browser.cookies.clear()
    flood_for_an_hour(member, key, at, networks=lambda _n: OFFICE)
    assert sign_in(browser, member, code_of(key), network=OFFICE).status_code != 302


def test_within_a_month_strangers_guess_a_code_less_than_once_in_ten_thousand_times(at):
    member, key = enrolled()
    looked_at = 0
    for day in range(30):
        for n in range(4):
            at(days=day, minutes=n)
            sign_in(Client(), member, wrong_code(key, n), network=f"198.51.{day}.{n}")
        looked_at = AuditEvent.objects.filter(action="staff_wrong_code").count()
    assert looked_at == settings.STAFF_CODES_BY_STRANGERS_PER_MONTH
    assert looked_at * RIGHT_AT_ONCE / CODES < 1 / 10_000


def test_a_new_password_ends_what_strangers_knew():
    member, key = enrolled()
    use_up(member, key)
    assert sign_in(Client(), member, code_of(key), network=ELSEWHERE).status_code != 302
    member.set_password("paard-batterij-anders")
    member.save()
    answer = sign_in(Client(), member, code_of(key), network=ELSEWHERE, password="paard-batterij-anders")
    assert answer.status_code == 302


def test_a_browser_has_few_guesses_too(at):
    member, key = enrolled()
    browser = known_browser(member, key)
    for n in range(settings.STAFF_CODES_PER_BROWSER):
        at(minutes=n)
        assert sign_in(browser, member, wrong_code(key, n), network=OFFICE).status_code == 200
    at(minutes=11)
    assert sign_in(browser, member, code_of(key), network=OFFICE).status_code != 302
    assert sign_in(Client(), member, code_of(key), network=ELSEWHERE).status_code == 302, "others are counted apart"


def test_the_answer_does_not_tell_whether_the_password_is_right():
    member, key = enrolled()
    use_up(member, key)
    pages = [
        sign_in(Client(), member, "123456", network="198.51.101.1", password=password)
        for password in (factories.PASSWORD, "wrong")
    ]
    assert len({re.sub(r'value="\w{64}"', "", page.content.decode()) for page in pages}) == 1


def test_wrong_codes_never_tell_strangers_that_the_password_is_right():
    """Somebody used up a part of the codes; from a fresh network a right password is answered as a wrong one."""
    answers = {}
    for password in (factories.PASSWORD, "wrong"):
        member, key = enrolled()
        for n in range(settings.STAFF_CODES_BY_STRANGERS - 2):
            sign_in(Client(), member, wrong_code(key, n), network=f"198.51.100.{n}")
        pages = [
            sign_in(Client(), member, "123456", network=f"203.0.113.{len(answers)}", password=password)
            for _try in range(6)
        ]
        hidden = r'value="\w{64}"|' + member.username
        answers[password] = [(page.status_code, re.sub(hidden, "", page.content.decode())) for page in pages]
    assert answers[factories.PASSWORD] == answers["wrong"]


def test_the_owner_sees_in_a_known_browser_when_codes_count_again():
    member, key = enrolled()
    browser = known_browser(member, key)
    pages = [sign_in(browser, member, wrong_code(key, n), network=OFFICE) for n in range(11)]
    assert pages[-1].status_code == 429
    assert "herstelcode" in pages[-1].content.decode()
    assert int(pages[-1]["Retry-After"]) <= 24 * 3600


# --- the cookie -----------------------------------------------------------------------------------


def test_the_cookie_is_for_the_server_alone_and_opens_nothing(settings):
    settings.HTTPS = True
    member, key = enrolled()
    client = Client()
    answer = client.post(
        LOGIN, {"username": member.username, "password": factories.PASSWORD, "code": code_of(key)}, secure=True
    )
    cookie = answer.cookies["__Host-known"]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"]) == (True, True, "Lax", "/")
    assert member.username not in cookie.value
    alone = Client()
    alone.cookies["__Host-known"] = cookie.value
    assert alone.get(INDEX, secure=True).status_code == 302


@pytest.mark.parametrize("value", ["", "x", "W10:1abc:x", "a" * 4000])
def test_a_made_up_cookie_is_none(value):
    member, key = enrolled()
    use_up(member, key)
    client = Client()
    client.cookies["known"] = value
    assert sign_in(client, member, code_of(key), network=ELSEWHERE).status_code != 302


def test_the_cookie_of_somebody_else_is_none():
    member, key = enrolled()
    browser = known_browser(*enrolled())
    use_up(member, key)
    assert sign_in(browser, member, code_of(key), network=ELSEWHERE).status_code != 302


def test_many_may_share_a_browser():
    people = [enrolled() for _ in range(10)]
    client = Client()
    for member, key in people:
        assert sign_in(client, member, code_of(key), network=OFFICE).status_code == 302
        client.post("/beheer/uitloggen/")
    assert len(client.cookies["known"].value) < 1000
    request = type("Request", (), {"COOKIES": {"known": client.cookies["known"].value}, "META": {}})()
    known = [known_browsers.find(request, member.username) is not None for member, _key in people]
    assert known == [False] * 2 + [True] * 8


def test_it_ends_when_the_account_is_blocked():
    member, key = enrolled()
    browser = known_browser(member, key)
    member = Staff.objects.get(pk=member.pk)
    for active in (False, True):
        member.is_active = active
        member.save()
    use_up(member, key)
    assert sign_in(browser, member, code_of(key), network=OFFICE).status_code != 302


# --- who is told ----------------------------------------------------------------------------------


def test_the_owner_is_told_once_a_day_and_operations_when_it_goes_on(at):
    member, key = enrolled(email="anna@praktijk.example")
    sign_in(Client(), member, wrong_code(key), network=ELSEWHERE)
    mail = OutboxMessage.objects.get()
    assert (mail.recipient, mail.invoice) == ("anna@praktijk.example", None)
    assert not StaffTask.objects.exists()
    for n in range(1, settings.STAFF_CODES_PER_NETWORK):
        sign_in(Client(), member, wrong_code(key, n), network=ELSEWHERE)
        at(minutes=16 * n)
    assert OutboxMessage.objects.count() == 1
    task = StaffTask.objects.get()
    assert (task.kind, task.invoice) == ("password_known", None)


def test_without_an_address_operations_are_told_at_once():
    member, key = enrolled(email="")
    sign_in(Client(), member, wrong_code(key), network=ELSEWHERE)
    assert StaffTask.objects.get().kind == "password_known"
    assert not OutboxMessage.objects.exists()


def test_nobody_is_told_about_a_slip_in_ones_own_browser_or_a_wrong_password():
    member, key = enrolled(email="anna@praktijk.example")
    sign_in(known_browser(member, key), member, wrong_code(key), network=OFFICE)
    sign_in(Client(), member, wrong_code(key), network=ELSEWHERE, password="wrong")
    sign_in(Client(), member, "", network=ELSEWHERE)
    assert not OutboxMessage.objects.exists()
    assert not StaffTask.objects.exists()
