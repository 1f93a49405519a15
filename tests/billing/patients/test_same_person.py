"""Who is the same person under one patient number, and what a date of birth says that is known in part."""

from datetime import date

import pytest
from django.utils import translation

from billing.patients.same_person import Difference, difference
from billing.submission import birth_dates
from billing.submission.values import FieldError, key

KNOWN = {"initials": "J.", "surname": "Vries", "date_of_birth": "1980-02-29"}


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"surname": "Jansen"},  # a marriage
        {"initials": "J.P."},
        {"initials": "P.J."},
        {"initials": ""},
        {"initials": "j"},
        {"date_of_birth": "1980-00-00"},
        {"date_of_birth": "1980-02-00"},
    ],
)
def test_a_correction_of_the_same_person(given):
    assert difference(KNOWN, KNOWN | given) is None


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"date_of_birth": "1980-03-01"}, Difference.BIRTH_DATE),
        ({"date_of_birth": "1981-02-28", "surname": "Bakker"}, Difference.BIRTH_DATE),
        ({"date_of_birth": "1981-00-00"}, Difference.BIRTH_DATE),
        ({"date_of_birth": "1980-03-00"}, Difference.BIRTH_DATE),
        ({"initials": "K."}, Difference.INITIALS),  # a twin
        ({"initials": "K.L.", "surname": "Bakker"}, Difference.INITIALS),
        ({"date_of_birth": "1980-00-00", "surname": "Bakker"}, Difference.SURNAME),
        ({"initials": "", "surname": "Bakker"}, Difference.SURNAME),
        ({"date_of_birth": "1980-00-00", "initials": "", "surname": "Bakker"}, Difference.SURNAME),
    ],
)
def test_another_person(given, why):
    assert difference(KNOWN, KNOWN | given) == why
    assert difference(KNOWN | given, KNOWN) == why


@pytest.mark.parametrize(
    ("text", "first", "last", "dutch"),
    [
        ("1980-02-29", date(1980, 2, 29), date(1980, 2, 29), "29 februari 1980"),
        ("1960-02-00", date(1960, 2, 1), date(1960, 2, 29), "februari 1960"),
        ("1960-00-00", date(1960, 1, 1), date(1960, 12, 31), "1960"),
    ],
)
def test_a_date_of_birth_known_in_part(text, first, last, dutch):
    assert birth_dates.span(text) == (first, last)
    with translation.override("nl"):
        assert birth_dates.in_words(text) == dutch


@pytest.mark.parametrize(
    "text",
    ["0000-00-00", "1960-00-12", "1960-13-00", "1960-02-30", "1960", "60-01-01", "\u0661\u0669\u0666\u0660-00-00"],
)
def test_what_is_no_date_of_birth(text):
    with pytest.raises(ValueError, match=r"00 for what is not known|must be in|out of range|bad month"):
        birth_dates.span(text)


def test_the_more_exact_date_stays():
    assert birth_dates.more_exact("1960-00-00", "1960-05-04") == "1960-05-04"
    assert birth_dates.more_exact("1960-05-04", "1960-05-00") == "1960-05-04"
    assert birth_dates.more_exact("1960-05-04", "1960-05-04") == "1960-05-04"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("\u0415-1", "other-script"),  # a Cyrillic letter
        ("\u0391-1", "other-script"),  # a Greek one
        ("E-1\U0001d159", "invisible-character"),
        ("E-1\U00016fe4", "invisible-character"),
        ("\u00c9-1", None),
        ("\uff25-1", None),  # a wide letter is the plain one
    ],
)
def test_a_number_that_only_looks_like_another_is_refused(number, code):
    read = key(20)
    if code is None:
        assert read(number)
        return
    with pytest.raises(FieldError) as refused:
        read(number)
    assert refused.value.code == code
