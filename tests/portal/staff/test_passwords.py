"""Which passwords staff may choose for themselves."""

import random
import time

import pytest
from django.contrib.auth.password_validation import get_default_password_validators, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import override

from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/beheer/password_change/"


@pytest.fixture
def member():
    return factories.staff(provider=factories.provider(name="Tandartspraktijk Zonnebloem", city="Hoogeveen"))


@pytest.mark.parametrize(
    "password",
    [
        "kort-en-raar",  # 12, the shortest
        "paard-batterij-anders",
        "correct horse battery staple",
        "839274650183",  # digits alone: any composition will do
        "🐴🔋📎🚲🌧🧀🌷🚂🎈🐟🍞🔑",
        "x" + "aZ9-" * 40,
        "mijn fiets staat in de praktijk",
    ],
)
def test_any_composition_will_do(member, password):
    validate_password(password, member)


@pytest.mark.parametrize(
    "password",
    [
        "kort-raar-1",
        "zorgrekening2026",
        "Rekening-Beheer-1",
        "Welkom!wachtwoord",
        "aaaaaaaaaaaaa",
        "hahahahahaha",
        "abcdefghijklm",
        "0123456789876543",
        "noot-noot-noot",
        "12345678901234567890",
        "Zonnebloem-2026",
        "hoogeveen12345",
        "1234567890qwerty",
        "!!password123456!!",
        "1qaz2wsx3edc",  # common as it is
        "tandarts2026!",
        "T4nd4rts2026!",
        "Tandartspraktijk Zonnebloem",
        "zorgrekening-beheer-2026",
        "Amsterdam2026!",
    ],
)
def test_what_others_try_first_is_refused(member, password):
    with pytest.raises(ValidationError):
        validate_password(password, member)


def test_a_very_long_one_is_judged_at_once(member):
    digits = "".join(random.Random(1).choices("0123456789", k=1_000_000))
    began = time.process_time()
    validate_password(f"xq{digits}zk", member)
    assert time.process_time() - began < 2


def test_a_password_is_changed_by_who_knows_it_as_it_was_typed(member):
    client = signed_in(member)
    new = "  Spaties voor en ACHTER blijven staan  "

    def change(old: str, first: str = new, second: str = new):
        fields = {"old_password": old, "new_password1": first, "new_password2": second}
        return client.post(PAGE, fields).status_code

    assert change("niet mijn wachtwoord") == 200
    assert change(factories.PASSWORD, "zorgrekening2026", "zorgrekening2026") == 200
    assert change(factories.PASSWORD) == 302
    member.refresh_from_db()
    assert member.check_password(new)
    assert not member.check_password(new.strip())
    assert not member.check_password(new.lower())


def test_a_new_password_ends_every_other_session(member):
    client, elsewhere = signed_in(member), signed_in(member)
    new = "paard-batterij-anders"
    fields = {"old_password": factories.PASSWORD, "new_password1": new, "new_password2": new}
    assert client.post(PAGE, fields).status_code == 302
    assert client.get("/beheer/").status_code == 200
    assert elsewhere.get("/beheer/").status_code == 302


def test_the_fields_hide_the_password_and_let_a_password_manager_work(member):
    login = member and signed_in(member).get(PAGE).content.decode()
    assert login.count('type="password"') == 3
    assert 'autocomplete="current-password"' in login
    assert login.count('autocomplete="new-password"') == 2
    assert "maxlength" not in login.split("old_password")[1].split("</form>")[0]
    assert "onpaste" not in login


def test_each_rule_speaks_both_languages(member):
    """Django's own catalogue lacks Dutch for some of its sentences, such as the one about length."""
    refused = {
        "LengthValidator": "kort",
        "UserAttributeSimilarityValidator": member.username,
        "EasyToGuessValidator": "aaaaaaaaaaaaa",
        "UnchangedPasswordValidator": factories.PASSWORD,
    }
    validators = get_default_password_validators()
    assert {type(one).__name__ for one in validators} == set(refused)
    for validator in validators:
        said = []
        for language in ("en", "nl"):
            with override(language), pytest.raises(ValidationError) as wrong:
                validator.validate(refused[type(validator).__name__], member)
            with override(language):
                said.append((*wrong.value.messages, str(validator.get_help_text())))
        assert all(english != dutch for english, dutch in zip(*said, strict=True)), said


def test_the_page_for_another_password_of_somebody_says_nothing_in_english():
    page = f"/beheer/billing/staff/{factories.staff().pk}/password/"
    shown = signed_in(factories.staff(role="operations")).get(page).content.decode()
    assert 'name="usable_password"' not in shown
    assert "If disabled" not in shown
