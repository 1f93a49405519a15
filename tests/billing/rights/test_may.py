"""Who may do what: defaults, what a practice decided, and what it can't decide."""

import pytest

from billing import rights, rooms
from billing.errors import Refused
from billing.models import AuditEvent, ClerkRight, Staff
from tests import factories

pytestmark = pytest.mark.django_db
DECIDED = [name for name, act in rooms.acts().items() if not act.fixed]


def at(provider, role):
    return factories.staff(provider=provider, role=role)


@pytest.fixture
def practice():
    return factories.provider()


@pytest.mark.parametrize("name", rooms.acts())
def test_an_approver_may_all_and_a_clerk_what_the_default_says(name, practice):
    act = rooms.acts()[name]
    assert rights.may(at(practice, "approver"), name)
    assert rights.may(at(practice, "clerk"), name) == act.clerks
    assert rights.may(factories.staff(role="operations"), name) == act.operations


@pytest.mark.parametrize("fields", [{"is_active": False}, {"is_staff": False}])
def test_who_is_blocked_may_nothing(fields, practice):
    member = factories.staff(provider=practice, role="approver", **fields)
    assert not any(rights.may(member, name) for name in rooms.acts())


def test_an_act_that_nobody_announced_is_an_error(practice):
    with pytest.raises(KeyError):
        rights.may(at(practice, "approver"), "anything")


@pytest.mark.parametrize("granted", [True, False])
def test_a_practice_decides_for_its_own_clerks_alone(granted, practice):
    approver, elsewhere = at(practice, "approver"), factories.staff()
    rights.decide(practice, dict.fromkeys(DECIDED, granted), by=approver)
    clerk = at(practice, "clerk")
    assert {rights.may(clerk, name) for name in DECIDED} == {granted}
    assert [rights.may(elsewhere, name) for name in DECIDED] == [rooms.acts()[name].clerks for name in DECIDED]
    assert all(rights.may(approver, name) for name in DECIDED)
    changed = [name for name in DECIDED if rooms.acts()[name].clerks != granted]
    events = AuditEvent.objects.filter(action="right_changed", by=f"staff:{approver.username}")
    assert [event.details["act"] for event in events] == changed
    assert ClerkRight.objects.count() == len(changed)


def test_what_is_fixed_stays_and_nothing_else_of_that_form_counts(practice):
    with pytest.raises(Refused):
        rights.decide(practice, {"pause": False, "second_person": True}, by=at(practice, "approver"))
    assert not ClerkRight.objects.exists()
    assert not rights.may(at(practice, "clerk"), "second_person")


@pytest.mark.parametrize("role", ["clerk", "operations"])
def test_only_an_approver_of_a_practice_changes_it(role, practice):
    by = factories.staff(role=role, **({"provider": practice} if role != Staff.Role.OPERATIONS else {}))
    with pytest.raises(Refused):
        rights.decide(practice, {"pause": False}, by=by)
    assert not ClerkRight.objects.exists()


def test_the_table_says_who_decided(practice):
    approver = at(practice, "approver")
    rights.decide(practice, {"refund": True}, by=approver)
    lines = {right.name: right for right in rights.table(practice)}
    assert list(lines) == list(rooms.acts())
    assert (lines["refund"].clerks, lines["refund"].by) == (True, f"staff:{approver.username}")
    assert (lines["pause"].clerks, lines["pause"].by, lines["pause"].at) == (True, "", None)
