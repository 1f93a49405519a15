"""Blocking and letting in again, with one practice and with several, and that somebody who decides is always left."""

from contextlib import suppress

import pytest
from django.utils import timezone

from billing import rights
from billing.colleagues import accounts, invitations, of_practice
from billing.errors import Refused
from billing.models import AuditEvent, Membership, OutboxMessage, Staff
from billing.tenancy import practices_of, visible_to, work_for
from portal.staff import otp
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def practice():
    return factories.provider(name="De Linde")


@pytest.fixture
def boss(practice):
    return factories.staff(provider=practice, role="approver")


def also(member, role="clerk", name="De Eik"):
    elsewhere = factories.provider(name=name)
    Membership.objects.create(staff=member, provider=elsewhere, role=role)
    return elsewhere


def fresh(member):
    return Staff.objects.get(pk=member.pk)


def help_in_again(member, by):
    accounts.help_in_again(member, by=by, now=timezone.now())


def test_blocked_and_let_in_again(practice, boss):
    clerk = factories.staff(provider=practice)
    salt = clerk.session_salt
    accounts.block(clerk, by=boss)
    assert not fresh(clerk).is_active
    assert fresh(clerk).session_salt != salt
    assert list(of_practice(practice)) == [boss]
    accounts.unblock(clerk, by=boss)
    assert fresh(clerk).is_active
    assert fresh(clerk).session_salt != salt
    assert [e.action for e in AuditEvent.objects.filter(by=f"staff:{boss.username}")] == [
        "staff_blocked", "staff_unblocked",
    ]  # fmt: skip


def test_whom_operations_blocked_no_practice_lets_in_again(practice, boss):
    clerk = factories.staff(provider=practice)
    Staff.objects.filter(pk=clerk.pk).update(is_active=False)
    for act in (accounts.unblock, accounts.block, accounts.unblock):
        with suppress(Refused):
            act(fresh(clerk), by=boss)
    assert not fresh(clerk).is_active


@pytest.mark.parametrize("act", [accounts.block, accounts.unblock, help_in_again])
def test_nobody_does_it_to_themselves_to_strangers_or_without_the_right(act, practice, boss):
    clerk = factories.staff(provider=practice)
    for member, by in (
        (boss, boss),
        (factories.staff(), boss),
        (boss, clerk),
        (clerk, factories.staff(role="operations")),
    ):
        with pytest.raises(Refused):
            act(member, by=by)
    assert fresh(boss).is_active


def test_of_two_who_block_each_other_one_is_left(practice, boss):
    """The second one's object still says that they may: the rule looks again, with the practice locked."""
    other = factories.staff(provider=practice, role="approver")
    accounts.block(other, by=boss)
    with pytest.raises(Refused):
        accounts.block(boss, by=other)
    assert list(accounts.approvers(practice)) == [boss]


def test_a_practice_blocks_for_itself_alone(practice, boss):
    clerk = factories.staff(provider=practice)
    elsewhere = also(clerk, role="approver")
    there = factories.staff(provider=elsewhere, role="approver")
    accounts.block(clerk, by=boss)
    clerk = fresh(clerk)
    assert clerk.is_active
    assert (clerk.provider, clerk.role) == (elsewhere, "approver")
    assert not work_for(clerk, practice.pk)
    assert {one.staff.pk: one.is_blocked for one in accounts.all_of(practice)} == {boss.pk: False, clerk.pk: True}
    accounts.unblock(clerk, by=boss)
    assert [one.name for one in practices_of(clerk)] == ["De Eik", "De Linde"]
    assert work_for(clerk, practice.pk)
    assert clerk.role == "clerk"
    accounts.block(fresh(clerk), by=there)
    assert fresh(clerk).provider == practice


def test_a_role_is_of_one_practice(practice, boss):
    clerk = factories.staff(provider=practice)
    elsewhere = also(clerk)
    there = factories.staff(provider=elsewhere, role="approver")
    accounts.change_role(clerk, "approver", by=there)
    assert fresh(clerk).role == "clerk"
    assert Membership.objects.get(staff=clerk).role == "approver"
    accounts.change_role(clerk, "approver", by=boss)
    assert fresh(clerk).role == "approver"
    with pytest.raises(Refused):
        accounts.change_role(clerk, "operations", by=boss)


def test_a_code_app_is_the_business_of_where_the_account_begins(practice, boss):
    clerk = factories.staff(provider=practice)
    there = factories.staff(provider=also(clerk), role="approver")
    for by in (there, boss):  # else one practice opens the door to the patients of the other
        with pytest.raises(Refused):
            help_in_again(clerk, by=by)
    alone = factories.staff(provider=practice)
    help_in_again(alone, by=boss)
    assert fresh(alone).introduced_by == boss


def test_a_request_is_for_one_practice_and_writes_nothing(practice):
    member = factories.staff(provider=practice)
    elsewhere = also(member, role="approver")
    here, there = factories.invoice(provider=practice), factories.invoice(provider=elsewhere)
    rows = type(here).objects.all()
    assert list(visible_to(member, rows, provider_path="provider")) == [here]
    assert work_for(member, elsewhere.pk)
    assert list(visible_to(member, rows, provider_path="provider")) == [there]
    assert (member.role, member.provider) == ("approver", elsewhere)
    member.first_name = "An"
    member.save()
    assert (fresh(member).provider, fresh(member).role, fresh(member).first_name) == (practice, "clerk", "An")
    assert not work_for(member, factories.provider().pk)
    assert work_for(member, practice.pk)
    assert (member.role, member.provider_id) == ("clerk", practice.pk)


def test_who_is_made_an_approver_is_a_second_person_once_somebody_else_agrees(practice, boss):
    """By role, by an invitation to an account and by one without: else one person is both pairs of eyes."""
    by_role = factories.staff(provider=practice)
    accounts.change_role(by_role, "approver", by=boss)
    told = set(OutboxMessage.objects.filter(kind="staff_new_approver").values_list("recipient", flat=True))
    assert told == {boss.email, by_role.email, practice.email}
    invited = invitations.invite("nieuw@linde.example", "approver", by=boss)
    anew = invitations.accept_anew(invited, username="nieuw", password="zeven blauwe kranen lopen")
    also_here = factories.staff()
    invitations.accept(invitations.invite("ook@linde.example", "approver", by=boss), also_here)
    for new in map(fresh, (by_role, anew, also_here)):
        assert work_for(new, practice.pk)
        assert rights.may(new, "colleagues")
        assert not rights.may(new, "second_person")
        with pytest.raises(Refused, match="nieuw"):
            rights.require(new, "second_person")
    for member, by in ((by_role, boss), (by_role, by_role), (by_role, fresh(anew))):
        with pytest.raises(Refused):
            accounts.agree(member, by=by)
    other = factories.staff(provider=practice, role="approver")
    with pytest.raises(Refused):  # the practice can do it itself
        accounts.agree(by_role, by=factories.staff(role="operations"))
    with pytest.raises(Refused, match="code-app"):  # until then whoever reads their mail can be them
        accounts.agree(by_role, by=other)
    for member in (by_role, anew, also_here):
        otp.enrol_for_demo(member)
        accounts.agree(member, by=other)
        member = fresh(member)
        assert work_for(member, practice.pk)
        assert rights.may(member, "second_person")


def test_a_new_approver_stays_one_when_blocked_moved_or_named_again(practice, boss):
    new = factories.staff(provider=practice)
    there = factories.staff(provider=also(new), role="approver")
    accounts.change_role(new, "approver", by=boss)
    accounts.block(fresh(new), by=boss)
    accounts.unblock(fresh(new), by=boss)
    assert Membership.objects.get(staff=new).introduced_by == boss
    accounts.block(fresh(new), by=there)
    assert fresh(new).introduced_by == boss
    accounts.change_role(boss, "approver", by=fresh(new))  # nothing changes for who is one
    assert fresh(boss).introduced_by is None
    accounts.change_role(fresh(new), "clerk", by=boss)
    assert fresh(new).introduced_by == boss, "else a colleague who was made up is a first pair of eyes as a clerk"
