"""Getting in at /beheer/: two factors, one answer for any failure, and nothing open in between."""

import itertools
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from billing.errors import Refused
from billing.models import AuditEvent, Staff
from guests import throttle
from guests.throttle import Limit
from portal.staff import otp
from tests import factories
from tests.billing.meeting import KEPT_WAITING, PATIENCE
from tests.portal.staff.staff_client import ENROL, INDEX, LOGIN, code_of, enrolled, sign_in, signed_in

pytestmark = pytest.mark.django_db
PASSWORD = "/beheer/password_change/"


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


ONE_BROWSER = [(Limit("code-test", 4, 3600), "one browser")]


def verify(member: Staff, code: str):
    return otp.verify(member, code, limits=ONE_BROWSER, now=timezone.now())


def wrong_code(key: str, *, steps: int = 0) -> str:
    return f"{(int(code_of(key)) + 5 + steps) % 1_000_000:06d}"


def acts() -> list[str]:
    return list(AuditEvent.objects.values_list("action", flat=True))


def error_of(response) -> str:
    assert response.status_code == 200
    return re.search(r'role="alert">(.*?)<', response.content.decode()).group(1)


def test_password_and_code_open_the_site_with_a_new_session(client):
    member, key = enrolled()
    client.get(LOGIN)
    client.session["seen"] = True
    session = client.session
    session["before"] = 1
    session.save()
    before = session.session_key
    assert sign_in(client, member, code_of(key)).status_code == 302
    assert client.get(INDEX).status_code == 200
    assert client.session.session_key != before
    assert acts()[-1] == "staff_signed_in"


def test_one_answer_whatever_was_wrong():
    member, key = enrolled()
    beginner = factories.staff()
    answers = {
        error_of(sign_in(Client(), member, code_of(key), password="wrong")),
        error_of(sign_in(Client(), member, "000000" if code_of(key) != "000000" else "111111")),
        error_of(sign_in(Client(), member, "")),
        error_of(sign_in(Client(), member, "AAAAA-AAAAA")),
        error_of(sign_in(Client(), beginner, "123456")),
        error_of(sign_in(Client(), Staff(username="nobody"), "123456")),
    }
    assert len(answers) == 1
    assert acts().count("staff_sign_in_failed") == 5, "a name that does not exist is not written down"


def test_a_code_works_once(client):
    member, key = enrolled()
    code = code_of(key)
    assert sign_in(client, member, code).status_code == 302
    assert sign_in(Client(), member, code).status_code == 200


def test_a_recovery_code_works_once_and_is_not_stored():
    member, _key = enrolled()
    codes = otp.new_recovery_codes(member)
    assert len(set(codes)) == otp.RECOVERY_CODES
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert not stored & {code.replace("-", "") for code in codes}
    client = Client()
    assert sign_in(client, member, codes[0].lower()).status_code == 302
    assert client.get(INDEX).status_code == 200
    assert sign_in(Client(), member, codes[0]).status_code == 200
    assert otp.recovery_codes_left(member) == otp.RECOVERY_CODES - 1


def test_a_recovery_code_of_somebody_else_opens_nothing():
    member, _key = enrolled()
    other, _other_key = enrolled()
    otp.new_recovery_codes(member)
    assert sign_in(Client(), member, otp.new_recovery_codes(other)[0]).status_code == 200


def test_a_code_is_counted_before_it_is_looked_at_and_refunded_when_it_is_right():
    member, key = enrolled()
    assert verify(member, wrong_code(key)) is None
    assert verify(member, code_of(key)), "one wrong code makes nobody wait"
    for steps in range(ONE_BROWSER[0][0].tries - 1):
        assert verify(member, wrong_code(key, steps=steps)) is None
    assert verify(member, code_of(key, steps=1)) is None, "not even the right one"


def test_wrong_codes_lock_like_wrong_passwords_and_the_page_says_so_in_dutch():
    member, key = enrolled()
    for attempt in range(5):
        response = sign_in(Client(), member, f"00000{attempt}")
    assert response.status_code == 429
    assert sign_in(Client(), member, code_of(key)).status_code == 429
    page = sign_in(Client(), member, code_of(key)).content.decode()
    assert 'lang="nl"' in page
    assert member.username not in page
    assert "code=000000" not in " ".join(AccessAttempt.objects.values_list("post_data", flat=True))


def test_a_full_sign_in_clears_the_count():
    member, key = enrolled()
    for _attempt in range(4):
        sign_in(Client(), member, code_of(key), password="wrong")
    assert sign_in(Client(), member, code_of(key)).status_code == 302
    assert not AccessAttempt.objects.filter(username=member.username).exists()


def test_signing_out_is_a_post_and_works_before_there_is_a_code_app(client):
    member = factories.staff()
    sign_in(client, member, "")
    assert client.get("/beheer/uitloggen/").status_code == 405
    assert client.post("/beheer/uitloggen/").status_code == 302
    assert "_auth_user_id" not in client.session


# --- setting up the code app ------------------------------------------------------------------------


def test_a_password_alone_opens_the_enrolment_page_and_nothing_else(client):
    sign_in(client, factories.staff(role=Staff.Role.OPERATIONS), "")
    for path in (INDEX, "/beheer/billing/invoice/", "/beheer/password_change/", "/beheer/herstelcodes/"):
        assert client.get(path).status_code == 302, path
    assert client.post("/beheer/zoeken/", {"sought": "x"}).status_code == 302
    assert client.get(LOGIN).headers["Location"] == ENROL
    page = client.get(ENROL)
    assert page.status_code == 200
    assert b"<svg" in page.content
    assert b"style=" not in page.content


def test_enrolment_ends_with_ten_codes_shown_once_and_a_new_session(client):
    member = factories.staff()
    sign_in(client, member, "")
    client.get(ENROL)
    key, before = client.session["enrolment_key"], client.session.session_key
    assert b'role="alert"' in client.post(ENROL, {"code": "12345"}).content
    shown = client.post(ENROL, {"code": code_of(key)}).content.decode()
    codes = re.findall(r"<code>([A-Z2-7]{5}-[A-Z2-7]{5})</code>", shown)
    assert len(codes) == otp.RECOVERY_CODES
    assert client.session.session_key != before
    assert client.get(INDEX).status_code == 200
    assert client.get(ENROL).status_code == 302
    assert "staff_enrolled" in acts()
    assert key not in str(client.session.items())
    assert sign_in(Client(), member, codes[3]).status_code == 302


def test_the_code_that_enrolled_can_not_sign_in_again(client):
    member = factories.staff()
    key = otp.new_key()
    code = code_of(key)
    otp.enrol(member, key=key, code=code)
    assert verify(member, code) is None


def test_every_session_is_offered_its_own_secret():
    member = factories.staff()
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, member, "")
        client.get(ENROL)
    assert first.session["enrolment_key"] != second.session["enrolment_key"]
    assert first.post(ENROL, {"code": code_of(first.session["enrolment_key"])}).status_code == 200
    # The other session knows only the password: it must not be able to add a second app.
    assert second.post(ENROL, {"code": code_of(second.session["enrolment_key"])}).status_code == 302
    assert second.get(INDEX).status_code == 302
    assert TOTPDevice.objects.filter(user=member).count() == 1


def test_the_rule_refuses_a_second_app():
    member, _key = enrolled()
    key = otp.new_key()
    with pytest.raises(Refused):
        otp.enrol(member, key=key, code=code_of(key))


def test_a_wrong_code_leaves_no_device():
    member = factories.staff()
    with pytest.raises(Refused):
        otp.enrol(member, key=otp.new_key(), code="12345")
    assert not TOTPDevice.objects.exists()


def test_new_recovery_codes_need_a_code():
    member, _key = enrolled()
    client = signed_in(member)
    codes = otp.new_recovery_codes(member)
    assert b"<code>" not in client.post("/beheer/herstelcodes/", {"code": "000000"}).content
    shown = client.post("/beheer/herstelcodes/", {"code": codes[0]}).content.decode()
    fresh = re.findall(r"<code>(.*?)</code>", shown)
    assert len(fresh) == otp.RECOVERY_CODES
    assert not set(fresh) & set(codes)


# --- passwords that somebody else made ---------------------------------------------------------------


def choose(client: Client, old: str, new: str) -> int:
    return client.post(PASSWORD, {"old_password": old, "new_password1": new, "new_password2": new}).status_code


def test_a_password_made_by_somebody_else_opens_nothing_but_the_page_to_choose_ones_own():
    client = signed_in(factories.staff(password_given=True))
    for address in (INDEX, "/beheer/billing/invoice/", "/beheer/herstelcodes/", "/beheer/toestand/"):
        assert client.get(address)["Location"] == PASSWORD
    assert client.post("/beheer/zoeken/", {"sought": "1"})["Location"] == PASSWORD
    assert "Iemand anders heeft uw wachtwoord gemaakt" in client.get(PASSWORD).content.decode()
    assert choose(client, factories.PASSWORD, factories.PASSWORD) == 200, "the same one again is no choice"
    assert client.get(INDEX).status_code == 302
    assert choose(client, factories.PASSWORD, "paard-batterij-anders") == 302
    assert client.get(INDEX).status_code == 200
    assert choose(client, "niet mijn wachtwoord", "kort") == 200
    assert client.get(INDEX).status_code == 200


def test_what_operations_make_is_such_a_password():
    member = factories.staff(provider=factories.provider())
    operations = signed_in(factories.staff(role="operations", provider=None))
    two = {"password1": "paard-batterij-anders", "password2": "paard-batterij-anders"}
    made = operations.post(f"/beheer/billing/staff/{member.pk}/password/", {**two, "usable_password": "true"})
    assert made.status_code == 302
    fields = {"username": "nieuw", "provider": member.provider_id, "role": "clerk"}
    assert operations.post("/beheer/billing/staff/add/", fields | two).status_code == 302
    given = Staff.objects.filter(password_given=True)
    assert set(given.values_list("username", flat=True)) == {member.username, "nieuw"}
    assert all(one.check_password(two["password1"]) for one in given)


# --- commands ---------------------------------------------------------------------------------------


def test_add_staff_prints_a_password_that_works(capsys, client):
    provider = factories.provider()
    call_command("add_staff", "anna", provider=provider.agb_code, role="approver", totp=True)
    out = capsys.readouterr().out
    member = Staff.objects.get(username="anna")
    password = re.search(r"password +(\S+)", out).group(1)
    assert (member.provider, member.role) == (provider, "approver")
    assert "otpauth://totp/" in out
    key = TOTPDevice.objects.get(user=member).key
    assert sign_in(client, member, code_of(key), password=password).status_code == 302
    assert client.get(INDEX)["Location"] == PASSWORD


@pytest.mark.parametrize(
    "options",
    [
        {"provider": "99999999"},
        {"operations": True, "role": "clerk"},
        {"operations": True, "username": "taken"},
        {"operations": True, "username": "not a name"},
    ],
)
def test_add_staff_refuses_with_a_sentence(options):
    factories.staff(username="taken")
    with pytest.raises(CommandError):
        call_command("add_staff", options.pop("username", "bert"), **options)
    assert Staff.objects.count() == 1


def test_reset_totp_ends_running_sessions():
    member, _key = enrolled()
    client = signed_in(member)
    assert client.get(INDEX).status_code == 200
    call_command("reset_totp", member.username)
    assert client.get(INDEX).status_code == 302
    assert client.get(LOGIN).headers["Location"] == ENROL
    with pytest.raises(CommandError):
        call_command("reset_totp", "nobody")


def test_enrol_for_demo_keeps_its_key():
    member = factories.staff()
    assert otp.enrol_for_demo(member) == otp.enrol_for_demo(member)


# --- many at once -----------------------------------------------------------------------------------


class _NoTransaction:
    """In the place of `transaction` in the rule: the lock is off."""

    @staticmethod
    def atomic(**_how: bool) -> nullcontext[None]:
        return nullcontext()


def _meeting(act: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    """Return `act`, before which the first two threads meet; not for longer than `seconds`."""
    met, came = threading.Barrier(2), itertools.count()

    def meet_and_act(*args: object) -> object:
        if next(came) < 2:
            with suppress(threading.BrokenBarrierError):
                met.wait(seconds)
        return act(*args)

    return meet_and_act


def _attempts(member: Staff, codes: list[str], monkeypatch: pytest.MonkeyPatch, *, seconds: float) -> tuple[int, int]:
    """How many of `codes`, tried at once, are accepted, and how many are looked at.

    Two count before either writes, and two look before either has used its code up, if no lock keeps one out.
    """
    check, judged = _meeting(TOTPDevice.verify_token, seconds), []

    def seen_check(device: TOTPDevice, code: str) -> bool:
        judged.append(code)
        return check(device, code)

    def attempt(code: str) -> bool:
        try:
            return verify(member, code) is not None
        finally:
            connection.close()

    monkeypatch.setattr(TOTPDevice, "verify_token", seen_check)
    monkeypatch.setattr(throttle, "_counting", _meeting(throttle._counting, seconds))
    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(attempt, codes)), len(judged)


def _lock_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (otp, throttle):
        monkeypatch.setattr(module, "transaction", _NoTransaction)
    monkeypatch.setattr(throttle, "_refuse_without_transaction", lambda: None)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows: rows)


@pytest.mark.django_db(transaction=True)
def test_of_many_uses_of_one_code_at_once_one_is_accepted(monkeypatch):
    member, key = enrolled()
    assert _attempts(member, [code_of(key)] * 8, monkeypatch, seconds=KEPT_WAITING)[0] == 1


@pytest.mark.django_db(transaction=True)
def test_twin_without_the_lock_one_code_is_accepted_twice(monkeypatch):
    member, key = enrolled()
    _lock_off(monkeypatch)
    assert _attempts(member, [code_of(key)] * 8, monkeypatch, seconds=PATIENCE)[0] > 1


@pytest.mark.django_db(transaction=True)
def test_of_many_guesses_at_once_no_more_are_looked_at_than_allowed(monkeypatch):
    member, key = enrolled()
    wrong = [wrong_code(key, steps=step) for step in range(8)]
    assert _attempts(member, wrong, monkeypatch, seconds=KEPT_WAITING) == (0, ONE_BROWSER[0][0].tries)


@pytest.mark.django_db(transaction=True)
def test_twin_without_the_lock_more_guesses_are_looked_at(monkeypatch):
    member, key = enrolled()
    _lock_off(monkeypatch)
    wrong = [wrong_code(key, steps=step) for step in range(8)]
    accepted, judged = _attempts(member, wrong, monkeypatch, seconds=PATIENCE)
    assert (accepted, judged > ONE_BROWSER[0][0].tries) == (0, True)
