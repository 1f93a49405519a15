"""What people type as an amount, a number, a telephone number or a postcode: right, or refused."""

from decimal import Decimal

import phonenumbers
import pytest
from django.utils import translation

from billing.channels import sms
from billing.desk.crediting import CreditForm
from billing.desk.receiving import ReceiptForm
from billing.money import read_euros
from billing.submission.values import FieldError, read_dutch_postcode, read_mobile
from coulance.desk.decision_form import DecisionForm, EuroInput, WholeNumber
from portal.pages.arrangement_forms import PartForm
from tests import factories

RIGHT = {
    "365": "365", "365,5": "365.5", "365.50": "365.5", "1.234,50": "1234.5", "1,234.50": "1234.5", "1.000": "1000",
    "1.000,0": "1000", "1 234,50": "1234.5", "1\u00a0234": "1234", "\u20ac 12,00": "12", "12\u20ac": "12", "20,-": "20",
    "12,50 euro": "12.5", "20 Euro": "20", "EUR 12,50": "12.5", "2 euros": "2", "20,--": "20",
    "\u20ac 1.234,5": "1234.5", "0": "0", "0,05": "0.05", " 7 ": "7", "1.234.567,89": "1234567.89",
}  # fmt: skip
WRONG = [
    "", "0,001", "0.001", "63,165", "1,234", "\u0663\u0664", "\uff13\uff14", "\u0967", "1e2", "+5", "-5", "\u22125",
    "1,2,3", "1.2.3", "12.34.56", "1.23,4,5", "1,234,50", "01.000", "NaN", "Infinity", "12 3", "5 %", "1_000",
    "\u00bd", "12,345", "12,50 dollar", "euro", "12 euro 50",
    "999.999.999.999.999", "10000000000,01", "9.999.999.999.999,00",
]  # fmt: skip


@pytest.mark.parametrize(("typed", "euros"), RIGHT.items())
def test_an_amount_as_people_type_it(typed, euros):
    assert read_euros(typed) == Decimal(euros)
    assert EuroInput().clean(typed) == Decimal(euros)


@pytest.mark.parametrize("typed", WRONG)
def test_anything_else_is_refused_and_never_guessed(typed):
    with pytest.raises(ValueError, match=r"."):
        read_euros(typed)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("63,165", "63.165"), ("1,234", "two digits"), ("-5", "plus or minus"), ("veel", "such as"), ("9" * 20, "large")],
)
def test_what_is_refused_says_what_to_type(typed, sentence):
    with translation.override("en"), pytest.raises(ValueError, match=sentence):
        read_euros(typed)


def test_what_staff_book_is_typed_and_refused_so_too():
    """Forms that book read amounts as every other form does, and say the same."""
    given = {"what": "part", "reason": "x", "number": "C-1", "received_on": "2026-11-29", "road": "cash", "key": "x"}
    for typed, euros in (("20,-", "20"), ("\u20ac 1.234,5", "1234.50"), ("25", "25")):
        credit = CreditForm(given | {"lowered_by": typed})
        receipt = ReceiptForm(given | {"amount": typed}, others=False, latest=None)
        assert credit.is_valid(), credit.errors
        receipt.is_valid()
        assert (credit.cleaned_data["amount"], receipt.cleaned_data["amount"]) == (Decimal(euros), Decimal(euros))
    with translation.override("en"):
        wrong = ReceiptForm(given | {"amount": "63,165"}, others=False, latest=None)
        assert "two digits" in str(wrong.errors["amount"])
        assert "two digits" in str(CreditForm(given | {"lowered_by": "63,165"}).errors["lowered_by"])


@pytest.mark.parametrize("typed", ["\u0663\u0664", "\uff13\uff14", "1e1", "+34", "3_4", "34.0"])
def test_a_percentage_is_in_our_own_digits(typed):
    form = DecisionForm({"version": "0", "rule": "percentage", "percentage": typed})
    assert "percentage" in form.errors
    assert WholeNumber().clean("34") == 34


@pytest.mark.parametrize("typed", ["\u0663\u0664", "\uff13\uff14", "1e1", "-3", "+3", "3,00", "0.001", "Infinity"])
def test_an_amount_that_our_page_did_not_show_is_refused(typed):
    assert not PartForm({"amount": typed}).is_valid()
    assert PartForm({"amount": "34.50"}).is_valid()
    assert PartForm({}).is_valid()


# A machine, a pager, landlines, premium, company, short and foreign service numbers.
NOT_OF_A_PERSON = [
    "+3197012345678", "+31970123456789", "+31662345678", "+31201234567", "+31858881234", "+31900123456", "+31800123456",
    "+31881234567", "+31675432109", "+31141234567",
]  # fmt: skip


@pytest.mark.parametrize("number", NOT_OF_A_PERSON)
def test_only_numbers_that_persons_carry_get_a_code_or_are_taken_in(number):
    assert not sms.can_reach(number)
    with pytest.raises(FieldError):
        read_mobile(number)


@pytest.mark.parametrize("number", ["+31612345678", "+31581234567", "+31658123456", "+31681234567"])
def test_of_those_the_mobile_ones_are(number):
    mobile = number.startswith("+316")
    assert sms.can_reach(number) == mobile
    assert sms.is_personal_mobile(phonenumbers.parse(number)) == mobile


@pytest.mark.parametrize("typed", ["1\u0662\u0663\u0664AB", "\uff11\uff12\uff13\uff14AB"])
def test_a_postcode_is_in_our_own_digits(typed):
    with pytest.raises(FieldError):
        read_dutch_postcode(typed)


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [None, ["is_active"]])
def test_an_account_that_is_active_again_revives_no_old_cookie(client, fields):
    member = factories.staff(role="operations", provider=None)
    client.force_login(member)
    before = client.session["_auth_user_hash"]
    for active in (False, True):
        member = type(member).objects.get(pk=member.pk)
        member.is_active = active
        member.save(update_fields=fields)
    assert type(member).objects.get(pk=member.pk).get_session_auth_hash() != before
    assert client.get("/beheer/").status_code == 302


@pytest.mark.django_db
def test_also_when_it_was_blocked_behind_our_back():
    member = factories.staff(role="operations", provider=None)
    before = member.get_session_auth_hash()
    type(member).objects.filter(pk=member.pk).update(is_active=False)
    member = type(member).objects.get(pk=member.pk)
    member.is_active = True
    member.save()
    assert member.get_session_auth_hash() != before
