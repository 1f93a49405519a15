"""Invitations: a link that works once, for a week, for the practice that sent it; and forgotten passwords."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing.colleagues import invitations, passwords
from billing.errors import Refused
from billing.models import Invitation, Membership, OutboxMessage, Staff
from tests import factories

pytestmark = pytest.mark.django_db
GOOD = "zeven blauwe kranen lopen"


@pytest.fixture
def boss():
    return factories.staff(role="approver")


@pytest.fixture
def invitation(boss):
    return invitations.invite("nieuw@linde.example", "clerk", by=boss)


def now():
    return timezone.now()


def test_the_row_of_the_mail_opens_nothing(invitation):
    message = OutboxMessage.objects.get(kind="staff_invited")
    link = invitations.link_of(invitation)
    assert message.recipient == "nieuw@linde.example"
    assert link not in message.text + message.html
    assert f"/beheer/uitnodiging/{link}/" in invitations.with_link(message, message.text)
    assert invitations.read(link, now=now()) == invitation
    assert invitations.read(link[:-1] + ("a" if link[-1] != "a" else "b"), now=now()) is None
    assert invitations.read(link, now=now() + timedelta(days=8)) is None


def test_it_works_once(invitation):
    member = invitations.accept_anew(invitation, username="nieuw", password=GOOD)
    assert (member.provider, member.role, member.email) == (invitation.provider, "clerk", "nieuw@linde.example")
    assert Staff.objects.get(username="nieuw").check_password(GOOD)
    with pytest.raises(Refused):
        invitations.accept_anew(invitation, username="tweede", password=GOOD)
    assert not Staff.objects.filter(username="tweede").exists()
    assert invitations.read(invitations.link_of(invitation), now=now()) is None


@pytest.mark.parametrize(
    ("username", "password", "field"),
    [
        ("nieuw", "tandarts2026!", "password"),
        ("nieuw", "kort", "password"),
        ("bestaat", GOOD, "username"),
        ("", GOOD, "username"),
    ],
)
def test_what_is_wrong_is_said_by_field_and_uses_nothing_up(username, password, field, invitation):
    factories.staff(username="bestaat")
    with pytest.raises(ValidationError) as wrong:
        invitations.accept_anew(invitation, username=username, password=password)
    assert list(wrong.value.message_dict) == [field]
    assert invitations.read(invitations.link_of(invitation), now=now())


def test_it_adds_a_practice_to_an_account(invitation):
    member = factories.staff(role="approver")
    invitations.accept(invitation, member)
    row = Membership.objects.get()
    assert (row.staff, row.provider, row.role) == (member, invitation.provider, "clerk")
    again = invitations.invite("ander@linde.example", "approver", by=invitation.invited_by)
    with pytest.raises(Refused):
        invitations.accept(again, member)
    with pytest.raises(Refused):
        invitations.accept(again, factories.staff(role="operations"))
    assert Membership.objects.get().role == "clerk"


def test_a_new_one_ends_the_old_one_and_withdrawing_ends_it(invitation, boss):
    again = invitations.invite("Nieuw@linde.example", "approver", by=boss)
    assert invitations.read(invitations.link_of(invitation), now=now()) is None
    with pytest.raises(Refused):
        invitations.withdraw(again, by=factories.staff(role="approver"))
    invitations.withdraw(again, by=boss)
    assert invitations.read(invitations.link_of(again), now=now()) is None
    assert invitations.delete_old(now() + timedelta(days=300)) == 0
    assert invitations.delete_old(now() + timedelta(days=400)) == 2


@pytest.mark.parametrize("email", ["", "geen adres", "a@x.example, b@x.example", "boss"])
def test_what_can_not_be_invited(email, boss):
    with pytest.raises(Refused):
        invitations.invite(boss.email if email == "boss" else email, "clerk", by=boss)
    with pytest.raises(Refused):
        invitations.invite("goed@linde.example", "operations", by=boss)
    with pytest.raises(Refused):
        invitations.invite("goed@linde.example", "clerk", by=factories.staff(provider=boss.provider))
    assert not Invitation.objects.exists()


def test_a_link_for_a_password_is_in_no_row_and_works_until_it_is_used(boss):
    passwords.queue_link(boss.username, may_send=True, now=now())
    message = OutboxMessage.objects.get(kind="staff_password_link")
    body = passwords.with_link(message, message.text)
    link = body.partition("/wachtwoord-kiezen/")[2].partition("/")[0]
    assert link
    assert link not in message.text
    assert passwords.read(link) == boss
    with pytest.raises(ValidationError):
        passwords.choose(boss, "tandarts2026!", now=now())
    passwords.choose(boss, GOOD, now=now())
    assert passwords.read(link) is None
    assert Staff.objects.get(pk=boss.pk).check_password(GOOD)
    assert OutboxMessage.objects.filter(kind="staff_password_changed", recipient=boss.email).count() == 1


@pytest.mark.parametrize("link", ["", "1", "1.", "x.y", "١.abc", f"{'9' * 30}.abc"])
def test_odd_links_are_nobodys(link, boss):
    assert passwords.read(link) is None


def test_for_nobody_the_same_is_done_and_nothing_left(boss):
    blocked = factories.staff(is_active=False)
    for name, may_send in (("niemand", True), (blocked.username, True), (boss.username, False)):
        passwords.queue_link(name, may_send=may_send, now=now())
    assert not OutboxMessage.objects.exists()


def test_a_doubled_click_invites_once_and_another_role_anew(invitation, boss):
    again = invitations.invite("Nieuw@linde.example", "clerk", by=boss)
    assert again == invitation
    assert OutboxMessage.objects.filter(kind="staff_invited").count() == 1
    later = now() + timedelta(minutes=6)
    assert invitations.invite("nieuw@linde.example", "clerk", by=boss, now=later) != invitation
    assert OutboxMessage.objects.filter(kind="staff_invited").count() == 2


def test_nobodys_mailbox_is_filled_and_no_practice_mails_without_end(boss, monkeypatch):
    for hour in range(3):
        invitations.invite("nieuw@linde.example", "clerk", by=boss, now=now() + timedelta(hours=hour))
    with pytest.raises(Refused, match="dit adres"):
        invitations.invite("nieuw@linde.example", "clerk", by=boss, now=now() + timedelta(hours=3))
    monkeypatch.setattr(invitations, "MOST_A_DAY", 4)
    invitations.invite("ander@linde.example", "clerk", by=boss)
    invitations.withdraw(Invitation.objects.last(), by=boss)
    with pytest.raises(Refused, match="veel uitnodigingen"):
        invitations.invite("derde@linde.example", "clerk", by=boss)
    invitations.invite("derde@linde.example", "clerk", by=factories.staff(role="approver"))
    invitations.invite("nieuw@linde.example", "clerk", by=boss, now=now() + timedelta(hours=27))
