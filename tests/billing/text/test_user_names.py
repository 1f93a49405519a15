"""User names of new accounts: nobody passes for a colleague."""

import pytest
from django.core.exceptions import ValidationError

from billing.desk.accounts import add_member
from billing.desk.parties import StaffAddForm
from billing.errors import Refused
from billing.models import Staff
from billing.text import user_names
from tests import factories


@pytest.mark.parametrize("name", ["jаn", "jan smit", " jan", "jan\u200b", "jän", "", ".jan", "x" * 51])
def test_other_letters_spaces_and_what_can_not_be_seen_are_no_name(name):
    with pytest.raises(ValidationError):
        user_names.validate_new(name)


@pytest.mark.parametrize(
    ("known", "other"),
    [
        ("jan", "JAN"),
        ("jan.smit", "jansmit"),
        ("willem", "wi11em"),
        ("José", "jose"),
        ("marnix", "mamix"),
    ],
)
@pytest.mark.django_db
def test_what_people_read_as_somebody_else_is_refused_wherever_an_account_is_made(known, other):
    factories.staff(username=known)
    with pytest.raises(Refused, match="lijkt"):
        add_member(other, role=Staff.Role.OPERATIONS, provider=None, by="command")
    form = StaffAddForm({"username": other, "role": "operations", "password1": "zeven blauwe kranen", "password2": ""})
    assert "username" in form.errors
    factories.staff(username=other + "2")


@pytest.mark.django_db
def test_who_has_an_odd_name_already_goes_on_with_it():
    member = factories.staff(username="José")
    member.first_name = "José"
    member.full_clean()
    member.save()
    assert Staff.objects.get(pk=member.pk).looks_like == user_names.looks_like("José")
