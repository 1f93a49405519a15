"""Nobody is two persons: no path by which one approver, or one of us, decides alone with a colleague they made up."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.colleagues import accounts, invitations, second_persons
from billing.desk.parties import StaffAdmin
from billing.errors import Refused
from billing.models import BirthDateChange, IbanChange, Membership, Receipt, Staff, StaffTask
from billing.patients import birth_date
from billing.payments import receipts
from billing.practices import providers
from billing.rights import by_two
from portal.staff import otp
from portal.staff.site import StaffSite
from tests import factories

pytestmark = pytest.mark.django_db
GOOD = "zeven blauwe kranen lopen"


@pytest.fixture
def practice():
    return factories.provider(name="De Linde")


@pytest.fixture
def boss(practice):
    return factories.staff(provider=practice, role="approver")


def invited(boss, role="clerk", name="verzonnen"):
    invitation = invitations.invite(f"adres{len(name)}@post.example", role, by=boss)
    member = invitations.accept_anew(invitation, username=name, password=GOOD)
    otp.enrol_for_demo(member)
    return Staff.objects.get(pk=member.pk)


def reported(by, practice, amount="400.00"):
    invoice = factories.invoice(provider=practice, amount="500.00")
    return Receipt.objects.create(
        invoice=invoice, amount=Decimal(amount), received_on=timezone.localdate(), reported_by=by, key=f"k{by.pk}",
        road=Receipt.Road.TRANSFER, sealed_words=b"",
    )  # fmt: skip


def missing():
    return StaffTask.objects.filter(kind="second_person_missing", closed_at=None)


def test_a_clerk_whom_an_approver_made_up_is_no_first_person_until_somebody_else_agrees(practice, boss):
    clerk = invited(boss)
    waiting = reported(clerk, practice)
    with pytest.raises(Refused, match="is nieuw"):
        receipts.confirm(waiting, by=boss)
    with pytest.raises(Refused):
        accounts.agree(clerk, by=boss)
    accounts.agree(clerk, by=factories.staff(role="operations"))
    receipts.confirm(waiting, by=boss)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.confirmed_by) == ("booked", boss)


def test_who_was_let_in_by_somebody_new_is_as_new_as_they(practice, boss):
    """Else one approver lets in a second one, who lets in a third, to whom the first agrees."""
    second = invited(boss, "approver", "tweede")
    third = invited(second, "approver", "derde")
    assert third.introduced_by == boss
    with pytest.raises(Refused):
        accounts.agree(third, by=boss)
    with pytest.raises(Refused):
        accounts.agree(third, by=second)


def test_whose_code_app_was_taken_away_is_new_again(practice, boss):
    """Whoever reads their mail, often a mailbox of the practice, could be them from then on."""
    other = factories.staff(provider=practice, role="approver")
    waiting = reported(other, practice)
    accounts.help_in_again(other, by=boss, now=timezone.now())
    with pytest.raises(Refused, match="is nieuw"):
        receipts.confirm(waiting, by=boss)
    with pytest.raises(Refused):
        receipts.confirm(reported(boss, practice), by=Staff.objects.get(pk=other.pk))


@pytest.mark.parametrize("place", ["begins here", "came later"])
def test_the_place_counts_where_they_decide(place, practice, boss):
    clerk = factories.staff(provider=practice if place == "begins here" else None)
    elsewhere = factories.provider()
    if place == "begins here":
        Staff.objects.filter(pk=clerk.pk).update(introduced_by=boss)
    else:
        Membership.objects.create(staff=clerk, provider=practice, role="clerk", introduced_by=boss)
    with pytest.raises(Refused):
        by_two.refuse_new(clerk, boss, practice=practice.pk)
    by_two.refuse_new(clerk, boss, practice=elsewhere.pk)
    with pytest.raises(Refused):
        by_two.refuse_new(f"staff:{clerk.username}", boss, practice=practice.pk)


def test_changes_by_two_look_at_both(practice, boss):
    clerk = invited(boss)
    asked = BirthDateChange.objects.create(
        patient=factories.patient(provider=practice), asked_by=f"staff:{clerk.username}"
    )
    with pytest.raises(Refused):
        birth_date.decide(asked, approved=True, by=f"staff:{boss.username}")
    iban = IbanChange.objects.create(provider=practice, iban="NL91ABNA0417164300", asked_by="command")
    new = factories.staff(role="operations", introduced_by=factories.staff(role="operations"))
    with pytest.raises(Refused):
        providers.decide_iban(iban, approved=True, by=f"staff:{new.username}")
    providers.decide_iban(iban, approved=False, by=f"staff:{new.username}")


class _Form:
    def __init__(self, *changed):
        self.changed_data = changed


def test_one_of_us_makes_no_second_one_of_us_alone(rf):
    first, second = factories.staff(role="operations"), factories.staff(role="operations")
    request = rf.post("/")
    request.user = first
    admin = StaffAdmin(Staff, StaffSite())
    new = Staff(username="derde", role="operations", is_staff=True)
    admin.save_model(request, new, _Form(), change=False)
    otp.enrol_for_demo(new)
    with pytest.raises(Refused):
        by_two.refuse_new(second, new, practice=None)
    with pytest.raises(Refused):
        accounts.agree(new, by=first)
    accounts.agree(new, by=second)
    by_two.refuse_new(second, new, practice=None)
    promoted = factories.staff()
    promoted.role = "approver"
    admin.save_model(request, promoted, _Form("role"), change=True)
    assert promoted.introduced_by == first


def test_an_account_without_a_code_app_is_anybodys_who_gets_its_password(practice, boss):
    by = factories.staff(role="operations")
    without, with_app = factories.staff(provider=practice), factories.staff(provider=practice)
    otp.enrol_for_demo(with_app)
    for member in (without, with_app):
        accounts.new_without_app(member, by=by)
    assert list(Staff.objects.filter(introduced_by=by)) == [without]


class TestTheTask:
    def test_it_opens_where_one_approver_can_not_agree_and_closes_once_we_did(self, practice, boss):
        clerk = invited(boss)
        second_persons.look(practice)
        assert missing().get().note == practice.agb_code
        accounts.agree(clerk, by=factories.staff(role="operations"))
        assert not missing().exists()

    def test_it_opens_as_soon_as_the_new_one_has_an_app(self, practice, boss):
        invitation = invitations.invite("n@linde.example", "clerk", by=boss)
        member = invitations.accept_anew(invitation, username="n", password=GOOD)
        assert not missing().exists()
        otp.enrol_for_demo(member)
        second_persons.watch(timezone.localdate())
        assert missing().exists()

    def test_it_opens_for_what_the_only_approver_asks_and_not_for_what_a_clerk_asks(self, practice, boss):
        reported(factories.staff(provider=practice), practice)
        second_persons.watch(timezone.localdate())
        assert not missing().exists()
        waiting = reported(boss, practice)
        second_persons.watch(timezone.localdate())
        assert missing().exists()
        receipts.confirm(waiting, by=factories.staff(role="operations"))
        second_persons.watch(timezone.localdate() + timedelta(days=1))
        assert not missing().exists()

    def test_none_opens_where_another_approver_can(self, practice, boss):
        factories.staff(provider=practice, role="approver")
        invited(boss)
        reported(boss, practice)
        second_persons.watch(timezone.localdate())
        assert not missing().exists()
