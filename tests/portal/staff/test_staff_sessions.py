"""How a session of staff ends: idle, after half a day, and by a command."""

import re
import time
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from billing.colleagues import invitations
from billing.documents import drawing
from billing.models import AuditEvent, DrawingOrder, Membership, Staff
from tests import factories
from tests.portal.staff.staff_client import ENROL, INDEX, LOGIN, code_of, enrolled, sign_in, signed_in

pytestmark = pytest.mark.django_db
STAY = "/beheer/blijven/"


def back_after(client: Client, seconds: int):
    """The index, asked for so long after the last page."""
    session = client.session
    session["staff_seen"] = time.time() - seconds
    session.save()
    return client.get(INDEX, follow=True)


def test_an_hour_without_activity_signs_out_with_a_message(settings):
    client = signed_in(factories.staff())
    assert back_after(client, settings.STAFF_IDLE_SECONDS - 60).redirect_chain == []
    assert client.session["staff_seen"] > time.time() - 60, "the hour begins anew"
    away = back_after(client, settings.STAFF_IDLE_SECONDS + 1)
    assert away.redirect_chain[0][0].startswith(LOGIN)
    assert "U deed een uur lang niets" in away.content.decode()
    assert client.get(INDEX).status_code == 302, "it stays that way"


def test_a_page_that_waits_for_a_document_asks_for_half_a_minute_and_is_no_activity():
    invoice = factories.invoice()
    client = signed_in(factories.staff(provider=invoice.provider, role=Staff.Role.APPROVER))
    page = f"/beheer/billing/invoice/{invoice.pk}/rekening.pdf"
    drawing.begin(invoice, language="nl")
    waits = client.get(page).content.decode()
    (again,) = re.findall(r'http-equiv="refresh" content="2; url=([^"]+)"', waits)
    long_ago = time.time() - 600
    for asked, is_activity in ((again, False), (page, True)):
        session = client.session
        session["staff_seen"] = long_ago
        session.save()
        client.get(asked)
        assert (client.session["staff_seen"] > long_ago) == is_activity
    DrawingOrder.objects.update(asked_at=timezone.now() - drawing.SLOW_AFTER - timedelta(seconds=1))
    slow = client.get(page).content.decode()
    assert 'http-equiv="refresh"' not in slow
    assert "duurt langer dan normaal" in slow


def test_a_sign_in_long_ago_without_a_page_since_is_idle_too(settings):
    member = factories.staff()
    client = signed_in(member)
    Staff.objects.filter(pk=member.pk).update(
        last_login=timezone.now() - timedelta(seconds=settings.STAFF_IDLE_SECONDS + 1)
    )
    assert client.get(INDEX).status_code == 302
    assert "_auth_user_id" not in client.session


def test_every_page_says_when_and_lets_one_stay(settings):
    client = signed_in(factories.staff())
    page = back_after(client, settings.STAFF_IDLE_SECONDS - 90).content.decode()
    assert "dan wordt u uitgelogd om <strong>" in page
    session = client.session
    session["staff_seen"] = time.time() - settings.STAFF_IDLE_SECONDS + 30
    session.save()
    answer = client.post(STAY, headers={"accept": "application/json"})
    assert settings.STAFF_IDLE_SECONDS - 60 < answer.json()["seconds"] <= settings.STAFF_IDLE_SECONDS
    assert client.post(STAY, {"next": "/beheer/billing/invoice/"})["Location"] == "/beheer/billing/invoice/"
    assert client.post(STAY, {"next": "//evil.example"})["Location"] == INDEX
    assert client.get(STAY)["Location"] == INDEX, "where signing in after a late click leads"


def test_a_script_may_ask_how_long_it_is_and_keeps_nobody_signed_in(settings):
    client = signed_in(factories.staff())
    back_after(client, 0)
    session = client.session
    session["staff_seen"] = time.time() - settings.STAFF_IDLE_SECONDS + 30
    session.save()
    assert 28 < client.get(STAY, headers={"accept": "application/json"}).json()["seconds"] <= 30
    assert client.session["staff_seen"] == session["staff_seen"]


def test_an_end_that_has_passed_is_an_end():
    """The row is still there until the night sweeps it away."""
    client = signed_in(factories.staff())
    assert client.get(INDEX).status_code == 200
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get(INDEX)["Location"].startswith(LOGIN)


@pytest.mark.parametrize("page", [STAY, "/beheer/zoeken/"])
def test_who_pressed_a_button_too_late_gets_on_after_signing_in_again(client, settings, page):
    member, key = enrolled()
    sign_in(client, member, code_of(key))
    back_after(client, settings.STAFF_IDLE_SECONDS + 1)
    to_login = client.post(page, {"sought": "1"})["Location"]
    fields = {"username": member.username, "password": factories.PASSWORD, "code": code_of(key, steps=1)}
    again = client.post(to_login, fields, follow=True)
    assert (again.status_code, again.redirect_chain[-1][0]) == (200, INDEX)


def test_staying_goes_no_further_than_half_a_day(client):
    member, key = enrolled()
    sign_in(client, member, code_of(key))
    session = client.session
    session.set_expiry(timezone.now() + timedelta(seconds=300))
    session.save()
    assert client.post(STAY, headers={"accept": "application/json"}).json()["seconds"] <= 300


def test_an_expired_session_can_not_be_extended(settings):
    client = signed_in(factories.staff())
    back_after(client, settings.STAFF_IDLE_SECONDS + 1)
    assert client.post(STAY, headers={"accept": "application/json"}).status_code == 302
    assert client.get(INDEX).status_code == 302


def test_a_session_ends_after_half_a_day_however_much_it_is_used(client, settings):
    member, key = enrolled()
    sign_in(client, member, code_of(key))
    (before,) = Session.objects.values_list("expire_date", flat=True)
    assert (before - timezone.now()).total_seconds() <= settings.SESSION_COOKIE_AGE
    time.sleep(0.01)
    back_after(client, 120)
    (after,) = Session.objects.values_list("expire_date", flat=True)
    assert client.session["staff_seen"] > time.time() - 60, "it was written"
    assert after == before


def test_new_recovery_codes_end_every_other_session():
    member, key = enrolled()
    here, elsewhere, other = signed_in(member), signed_in(member), signed_in(factories.staff())
    assert here.post("/beheer/herstelcodes/", {"code": code_of(key)}).content.count(b"<li") >= 10
    assert [client.get(INDEX).status_code for client in (here, elsewhere, other)] == [200, 302, 200]


def test_end_sessions_signs_one_out_everywhere_or_all_and_no_patient(capsys):
    lost, other, guest = factories.staff(), factories.staff(), Client()
    here, there, elsewhere = signed_in(lost), signed_in(lost), signed_in(other)
    invoice = factories.invoice()
    guest.post("/", {"reference": invoice.payment_reference})
    call_command("end_sessions", lost.username)
    assert [client.get(INDEX).status_code for client in (here, there, elsewhere)] == [302, 302, 200]
    call_command("end_sessions", everybody=True)
    assert elsewhere.get(INDEX).status_code == 302
    assert guest.get(f"/rekening/{invoice.token}/").status_code == 200
    assert capsys.readouterr().out == "2 session(s) ended.\n1 session(s) ended.\n"
    assert AuditEvent.objects.filter(action="staff_sessions_ended").count() == 2
    with pytest.raises(CommandError, match="nobody"):
        call_command("end_sessions", "nobody")


def test_looking_at_a_patients_page_in_the_same_browser_moves_no_end(client):
    member, key = enrolled()
    sign_in(client, member, code_of(key))
    (before,) = Session.objects.values_list("expire_date", flat=True)
    invoice = factories.invoice()
    client.post("/", {"reference": invoice.payment_reference})
    assert client.get(f"/rekening/{invoice.token}/").status_code == 200
    assert [client.get(INDEX).status_code, *Session.objects.values_list("expire_date", flat=True)] == [200, before]


def test_pages_without_the_sites_door_end_an_idle_session_too(settings):
    """Whoever finds the screen of somebody who left may not add that account to another practice."""
    boss, member = factories.staff(role="approver"), factories.staff()
    link = invitations.link_of(invitations.invite("nieuw@linde.example", "clerk", by=boss))
    invited, anew = f"/beheer/uitnodiging/{link}/", "/beheer/wachtwoord-kiezen/1.x/"
    for path in (invited, anew, "/beheer/wachtwoord-vergeten/", ENROL):
        client = signed_in(member)
        session = client.session
        session["staff_seen"] = time.time() - settings.STAFF_IDLE_SECONDS - 1
        session.save()
        assert client.post(path, {"mine": "1"}).status_code < 500
        assert "_auth_user_id" not in client.session, path
    assert not Membership.objects.exists()
