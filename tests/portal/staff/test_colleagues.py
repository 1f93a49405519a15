"""Colleagues at the desk: invited, blocked, helped; a forgotten password; several practices with a switch; language."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from billing.colleagues import invitations, passwords
from billing.desk import words
from billing.models import AccessEvent, AuditEvent, Membership, OutboxMessage, Staff
from portal.staff import otp
from portal.staff.colleagues.people import WHY
from tests import factories
from tests.portal.staff.staff_client import code_of, enrolled, sign_in, signed_in

pytestmark = pytest.mark.django_db
PAGE, FORGOTTEN = "/beheer/collegas/", "/beheer/wachtwoord-vergeten/"
GOOD = "zeven blauwe kranen lopen"
SURE = {"sure": "1", "why": "other_work"}


@pytest.fixture
def boss():
    return factories.staff(role="approver", email="boss@linde.example")


def invitation_of(boss, email="nieuw@linde.example"):
    return invitations.link_of(invitations.invite(email, "clerk", by=boss))


class TestColleagues:
    def test_an_approver_invites_and_somebody_new_gets_in(self, boss):
        page = signed_in(boss).post(
            PAGE, {"act": "invite", "email": "nieuw@linde.example", "role": "clerk"}, follow=True
        )
        assert "nieuw@linde.example" in page.content.decode()
        message = OutboxMessage.objects.get(kind="staff_invited")
        path = re.search(r"/beheer/uitnodiging/[^/\s]+/", invitations.with_link(message, message.text)).group()
        stranger = Client()
        assert boss.provider.name in stranger.get(path).content.decode()
        form = {"username": "nieuw", "password": GOOD, "again": GOOD + "x"}
        assert stranger.post(path, form).status_code == 422
        assert stranger.post(path, form | {"again": GOOD}).status_code == 302
        assert stranger.get(path).status_code == 410
        member = Staff.objects.get(username="nieuw")
        sign_in(stranger, member, "", password=GOOD)
        assert stranger.get("/beheer/", follow=True).redirect_chain[-1][0].endswith("/beheer/code-app/") or (
            stranger.get("/beheer/code-app/").status_code == 200
        )

    def test_blocking_ends_the_session_and_letting_in_again_does_not_revive_it(self, boss):
        clerk = factories.staff(provider=boss.provider)
        theirs, ours = signed_in(clerk), signed_in(boss)
        assert theirs.get("/beheer/").status_code == 200
        ours.post(PAGE, {"act": "block", "row": clerk.pk} | SURE)
        assert theirs.get("/beheer/").status_code == 302
        ours.post(PAGE, {"act": "unblock", "row": clerk.pk} | SURE)
        assert theirs.get("/beheer/").status_code == 302
        assert signed_in(Staff.objects.get(pk=clerk.pk)).get("/beheer/").status_code == 200

    @pytest.mark.parametrize("act", ["block", "unblock", "role", "reset", "agree"])
    def test_each_button_asks_first_with_a_reason_and_changes_nothing_meanwhile(self, act, boss):
        clerk, _key = enrolled(provider=boss.provider, introduced_by=factories.staff(role="operations"))
        before = Staff.objects.filter(pk=clerk.pk).values().get()
        desk, sent = signed_in(boss), {"act": act, "row": clerk.pk, "role": "approver"}
        asked = desk.post(PAGE, sent)
        assert (asked.status_code, clerk.username in asked.content.decode()) == (200, True)
        assert desk.post(PAGE, sent | {"sure": "1", "why": ""}).status_code == 422
        assert desk.post(PAGE, sent | {"sure": "1", "why": "iets anders"}).status_code == 422
        assert Staff.objects.filter(pk=clerk.pk).values().get() == before
        assert otp.has_device(clerk)
        assert desk.post(PAGE, sent | SURE).status_code == 303
        said = AuditEvent.objects.get(action="staff_act_explained")
        assert said.details == {"staff": clerk.pk, "why": "other_work"}
        assert all(words.in_words(AuditEvent(details={"why": code}), {}) == f"reden: {label}" for code, label in WHY)

    def test_a_code_app_is_taken_away_with_a_mail_and_never_ones_own(self, boss):
        clerk, _key = enrolled(provider=boss.provider)
        ours, theirs = signed_in(boss), signed_in(clerk)
        ours.post(PAGE, {"act": "reset", "row": clerk.pk} | SURE)
        assert not otp.has_device(clerk)
        assert theirs.get("/beheer/").status_code == 302
        told = OutboxMessage.objects.filter(kind="staff_code_app_reset").values_list("recipient", flat=True)
        assert set(told) == {clerk.email, boss.provider.email}
        assert ours.post(PAGE, {"act": "reset", "row": boss.pk} | SURE).status_code == 422
        assert otp.has_device(boss)

    def test_where_nobody_can_be_told_no_code_app_is_taken_away(self, boss):
        clerk, _key = enrolled(provider=boss.provider, email="")
        type(boss.provider).objects.update(email="")
        assert signed_in(boss).post(PAGE, {"act": "reset", "row": clerk.pk} | SURE).status_code == 422
        assert otp.has_device(clerk)

    def test_another_approver_agrees_to_a_new_one_by_a_button(self, boss):
        other = factories.staff(provider=boss.provider, role="approver")
        new = factories.staff(provider=boss.provider, role="approver", introduced_by=boss)
        button = 'value="agree"'
        otp.enrol_for_demo(new)
        assert button not in signed_in(boss).get(PAGE).content.decode()
        assert signed_in(boss).post(PAGE, {"act": "agree", "row": new.pk} | SURE).status_code == 422
        client = signed_in(other)
        assert button in client.get(PAGE).content.decode()
        assert client.post(PAGE, {"act": "agree", "row": new.pk} | SURE).status_code == 303
        assert Staff.objects.get(pk=new.pk).introduced_by is None

    def test_operations_agree_where_no_other_approver_is(self, boss):
        new = factories.staff(provider=boss.provider, role="approver", introduced_by=boss)
        otp.enrol_for_demo(new)
        client, page = signed_in(factories.staff(role="operations")), f"/beheer/billing/staff/{new.pk}/change/"
        assert 'value="agree"' in client.get(page).content.decode()
        client.post(
            "/beheer/billing/staff/", {"action": "agree", "_selected_action": new.pk, "from_page": new.pk, "sure": "1"}
        )
        assert Staff.objects.get(pk=new.pk).introduced_by is None
        assert 'value="agree"' not in client.get(page).content.decode()

    def test_a_clerk_looks_and_a_stranger_is_nobody(self, boss):
        clerk = signed_in(factories.staff(provider=boss.provider))
        assert boss.username in clerk.get(PAGE).content.decode()
        assert clerk.post(PAGE, {"act": "block", "row": boss.pk} | SURE).status_code == 403
        for row in (factories.staff().pk, "x", "9" * 30, ""):
            assert signed_in(boss).post(PAGE, {"act": "block", "row": row} | SURE).status_code == 404
        assert signed_in(factories.staff(role="operations")).get(PAGE).status_code == 403


class TestForgotten:
    def test_the_same_is_said_to_everybody(self, boss):
        blocked = factories.staff(is_active=False)
        said = {
            Client().post(FORGOTTEN, {"username": name}).content
            for name in (boss.username, "niemand", blocked.username)
        }
        said = {re.sub(rb'name="csrfmiddlewaretoken" value="[^"]*"', b"", one) for one in said}
        assert len(said) == 1
        assert [m.recipient for m in OutboxMessage.objects.all()] == [boss.email]

    def test_a_mailbox_and_a_network_are_not_filled(self, boss):
        answers = [Client().post(FORGOTTEN, {"username": boss.username}).status_code for _try in range(11)]
        assert answers == [200] * 10 + [429]
        assert OutboxMessage.objects.count() == 3

    def test_link_and_code_give_a_new_password_and_end_all_sessions(self):
        member, key = enrolled(email="an@linde.example")
        elsewhere = signed_in(member)
        path, guest = f"/beheer/wachtwoord-kiezen/{passwords.link_of(member)}/", Client()
        form = {"password": GOOD, "again": GOOD}
        for code in ("", "000000"):
            assert guest.post(path, form | {"code": code}).status_code == 422
        assert (
            guest.post(path, {"password": "tandarts2026!", "again": "tandarts2026!", "code": code_of(key)}).status_code
            == 422
        )
        assert Staff.objects.get(pk=member.pk).check_password(factories.PASSWORD)
        assert guest.post(path, form | {"code": code_of(key)}).status_code == 302
        assert Staff.objects.get(pk=member.pk).check_password(GOOD)
        assert guest.get(path).status_code == 410
        assert elsewhere.get("/beheer/").status_code == 302

    def test_who_used_up_all_codes_is_told_so(self, settings):
        settings.STAFF_CODES_PER_NETWORK = 1
        member, key = enrolled(email="an@linde.example")
        path, guest = f"/beheer/wachtwoord-kiezen/{passwords.link_of(member)}/", Client()
        form = {"password": GOOD, "again": GOOD}
        guest.post(path, form | {"code": "000000"})
        page = guest.post(path, form | {"code": code_of(key)})
        assert page.status_code == 422
        assert "te veel foute codes" in page.content.decode()
        assert "niet goed" not in page.content.decode()

    def test_after_an_hour_and_after_signing_in_the_link_is_over(self, boss, settings):
        path = f"/beheer/wachtwoord-kiezen/{passwords.link_of(boss)}/"
        Staff.objects.filter(pk=boss.pk).update(last_login=timezone.now() + timedelta(seconds=1))
        assert Client().get(path).status_code == 410
        path = f"/beheer/wachtwoord-kiezen/{passwords.link_of(Staff.objects.get(pk=boss.pk))}/"
        assert Client().get(path).status_code == 200
        settings.PASSWORD_RESET_TIMEOUT = -1
        assert Client().get(path).status_code == 410


class TestSeveralPractices:
    @pytest.fixture
    def both(self, boss):
        elsewhere = factories.provider(name="De Eik")
        Membership.objects.create(staff=boss, provider=elsewhere, role="clerk")
        return factories.invoice(provider=boss.provider), factories.invoice(provider=elsewhere)

    def test_each_request_is_for_one(self, boss, both):
        here, there = both
        client = signed_in(boss)
        seen = [client.get(f"/beheer/billing/invoice/{row.pk}/change/").status_code for row in both]
        assert seen == [200, 404]
        assert client.post("/beheer/andere-praktijk/", {"practice": there.provider_id}).status_code == 303
        seen = [client.get(f"/beheer/billing/invoice/{row.pk}/change/").status_code for row in both]
        assert seen == [404, 200]
        look = AccessEvent.objects.get(invoice=there, outcome=AccessEvent.Outcome.SUCCESS)
        assert (look.organisation, look.role) == (there.provider.agb_code, "clerk")
        assert client.get(f"/beheer/billing/invoice/{there.pk}/creditnota/").status_code == 403
        assert client.post("/beheer/andere-praktijk/", {"practice": factories.provider().pk}).status_code == 404
        assert here.provider.name in client.get("/beheer/").content.decode()

    def test_a_form_of_before_the_switch_is_refused(self, boss, both):
        client = signed_in(boss)
        client.handler.enforce_csrf_checks = True
        page = client.get("/beheer/collegas/").content.decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page).group(1)
        assert (
            client.post(
                "/beheer/andere-praktijk/", {"practice": both[1].provider_id, "csrfmiddlewaretoken": token}
            ).status_code
            == 303
        )
        form = {"act": "invite", "email": "nieuw@linde.example", "role": "clerk", "csrfmiddlewaretoken": token}
        assert client.post(PAGE, form).status_code == 403
        assert not OutboxMessage.objects.exists()

    def test_who_is_blocked_there_goes_on_here(self, boss, both):
        client = signed_in(boss)
        client.post("/beheer/andere-praktijk/", {"practice": both[1].provider_id})
        Membership.objects.update(blocked_at=timezone.now())
        assert client.get(f"/beheer/billing/invoice/{both[0].pk}/change/").status_code == 200

    def test_one_practice_has_no_switch(self, boss):
        assert "/beheer/andere-praktijk/" not in signed_in(boss).get("/beheer/").content.decode()

    def test_an_invitation_adds_a_practice_to_an_account(self, boss):
        member = factories.staff()
        client = signed_in(member)
        path = f"/beheer/uitnodiging/{invitation_of(boss)}/"
        assert client.get(path).status_code == 200
        client.post(path, {"mine": "yes"})
        assert "/beheer/andere-praktijk/" in client.get("/beheer/").content.decode()


def test_the_language_is_switched_on_every_page(boss):
    client = signed_in(boss)
    page = client.get("/beheer/").content.decode()
    assert 'name="language" value="en"' in page
    client.post("/taal/", {"language": "en", "next": "/beheer/"})
    assert 'name="language" value="nl"' in client.get("/beheer/").content.decode()
