"""Each rule of the machine refuses what it is there for, and takes what is right."""

import pytest

from portal.languages.invariants import broken

PAY = "Pay <strong>%(amount)s</strong> by %(day)s, or costs are added."
DUTCH = "Betaal <strong>%(amount)s</strong> uiterlijk op %(day)s, anders komen er kosten bij."
RIGHT = "En geç %(day)s günü <strong>%(amount)s</strong> ödeyin, yoksa masraf eklenir."


def test_what_is_right_passes():
    assert list(broken("tr", PAY, DUTCH, RIGHT)) == []


@pytest.mark.parametrize(
    ("code", "text", "why"),
    [
        ("tr", RIGHT.replace("%(day)s", "%(gun)s"), "placeholders"),
        ("tr", RIGHT.replace("</strong>", ""), "tags"),
        ("tr", RIGHT.replace("ödeyin", "15 ödeyin"), "a number"),
        ("ar", "ادفع <strong>%(amount)s</strong> حتى %(day)s وإلا تُضاف تكاليف ١٥.", "other digits"),
        ("tr", RIGHT.rstrip(".") + "?", "end of the sentence"),
        ("tr", PAY, "not translated"),
        ("tr", DUTCH, "not translated"),
        ("tr", "<strong>%(amount)s</strong> %(day)s öde.", "too short or too long"),
        ("uk", RIGHT, "not in the cyrillic script"),
        ("tr", RIGHT.replace("masraf", "ceza"), "says ceza"),
        ("tr", RIGHT.replace("En geç %(day)s günü", "%(day)s gününe kadar"), "the last day counts"),
        ("pl", "Proszę zapłacić <strong>%(amount)s</strong> do %(day)s, inaczej dojdą koszty.", "the last day counts"),
        ("uk", "Заплатіть <strong>%(amount)s</strong> до %(day)s, інакше додадуться витрати.", "the last day counts"),
        ("ar", "ادفع <strong>%(amount)s</strong> قبل %(day)s وإلا تُضاف تكاليف.", "the last day counts"),
        (
            "nl-x-easy",
            "Betaal <strong>%(amount)s</strong> voor %(day)s, anders komen er kosten bij.",
            "last day counts",
        ),
    ],
)
def test_what_is_wrong_is_named(code, text, why):
    assert any(why in found for found in broken(code, PAY, DUTCH, text)), list(broken(code, PAY, DUTCH, text))


def test_a_term_has_one_word():
    said = list(broken("pl", "Enter the payment reference.", "Vul het betalingskenmerk in.", "Proszę wpisać kod."))
    assert said == ["no word for payment reference"]


def test_what_nobody_needs_to_do_is_not_what_they_must_not_do():
    need, dutch = "You don't have to pay now.", "U hoeft nu niet te betalen."
    assert list(broken("ar", need, dutch, "لا يلزمك أن تدفع الآن.")) == []
    assert list(broken("ar", need, dutch, "لا يجب عليك أن تدفع الآن.")) == ["says لا يجب"]


def test_a_word_that_the_dutch_keeps_too_is_no_foreign_script():
    english, dutch = "Coulance ended: ask your huisarts", "De coulance is voorbij: vraag uw huisarts"
    assert list(broken("ar", "Call your huisarts", "Bel uw huisarts", "اتصل huisarts")) == []
    assert "not in the arabic script" in list(broken("ar", english, dutch, "انتهى ended huisarts"))
