"""What the one search field understands."""

from datetime import date
from decimal import Decimal

import pytest

from billing.search.reading import read
from billing.text.folding import fold, national, words

TODAY = date(2026, 11, 16)


@pytest.mark.parametrize(
    "typed",
    [
        "12-3-1971", "12/03/1971", "12.3.1971", "12 3 1971", "12-03-71", "1971-03-12", "12 maart 1971", "12 mrt 71",
        "12e maart 1971", "12 March 1971", "12031971", "19710312", "120371", "geboren op 12 maart 1971",
        "geb. 12-3-1971",
    ],
)  # fmt: skip
def test_a_date_of_birth_in_any_writing(typed):
    assert read(typed, today=TODAY).born == "1971-03-12"


@pytest.mark.parametrize("typed", ["31-2-1971", "12-13-1971", "12-3-2090", "1-1-1800", "1234567890123456"])
def test_what_nobody_can_be_born_on_is_no_date(typed):
    assert read(typed, today=TODAY).born == ""


def test_two_digits_of_a_year_are_never_in_the_future():
    assert read("1-12-26", today=TODAY).born == "1926-12-01"
    assert read("1-11-26", today=TODAY).born == "2026-11-01"


@pytest.mark.parametrize(
    ("typed", "words", "rest"),
    [
        ("mevrouw Bakker, geboren in 1971", ("bakker",), {"year": "1971"}),
        ("Bakker 12-3-1971", ("bakker",), {"born": "1971-03-12"}),
        ("J. de Vries", ("j", "de", "vries"), {}),
        ("d'Hondt", ("d", "hondt"), {}),
        ("MÜLLER", ("muller",), {}),
        ("Meijer", ("meyer",), {}),
        ("1234 AB", ("1234ab",), {"numbers": ("1234ab",)}),
        ("bakker 1234ab 12a", ("bakker", "1234ab12a"), {"numbers": ("bakker1234ab12a",)}),
        ("Jan@Post.Example", ("jan@post.example",), {}),
        ("jan120371@post.example", ("jan120371@post.example",), {}),
        ("jan@post.example 12-3-1971", ("jan@post.example",), {"born": "1971-03-12"}),
        ("€ 86,50", (), {"amount": Decimal("86.50")}),
        ("86,50", (), {"amount": Decimal("86.50")}),
        ("1.234,50", (), {"amount": Decimal("1234.50")}),
        ("bakker 20,-", ("bakker",), {"amount": Decimal("20.00")}),
        ("b", (), {}),
        ("12", ("12",), {}),
        ("", (), {}),
        ("%_", (), {}),
    ],
)
def test_persons_sums_and_what_is_said_about_them(typed, words, rest):
    sought = read(typed, today=TODAY)
    assert sought.words == words
    for name in ("born", "year", "amount"):
        assert getattr(sought, name) == rest.get(name, None if name == "amount" else "")
    assert rest.get("numbers", sought.numbers) == sought.numbers


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("2026-00901", "202600901"),
        ("2026 00 901/b", "202600901b"),
        ("1234 5678 9012 3456", "1234567890123456"),
        ("06-1234 5678", "0612345678"),
        ("+31 6 1234 5678", "0612345678"),
        ("+31 (0)6 1234 5678", "0612345678"),
        ("0031612345678", "0612345678"),
        ("+49 171 1234", "00491711234"),
    ],
)
def test_a_number_with_or_without_spaces(typed, number):
    assert number in read(typed, today=TODAY).numbers


def test_one_spelling():
    assert fold("Łukasz Ødegård-Straße") == "lukasz odegard-strasse"
    assert words("Van 't Hoff-de  Boer") == ["van", "t", "hoff", "de", "boer"]
    assert (national("+31201234567"), national("")) == ("0201234567", "")
