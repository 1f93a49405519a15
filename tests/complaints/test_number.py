"""The number of a file: read as people write it, refused when a character is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.number import ALPHABET, check_character, new_number, read_number

payloads = st.text(ALPHABET, min_size=7, max_size=7)


@pytest.mark.parametrize(
    ("payload", "check"), [("7QF4M2X", "K"), ("1A2B3C4", "B"), ("9KTR0WD", "R"), ("0000000", "0"), ("ZZZZZZZ", "7")]
)
def test_the_check_character(payload, check):
    assert check_character(payload) == check


@pytest.mark.parametrize(
    "written", ["K26-7QF4-M2XK", "k26 7qf4 m2xk", "K267QF4M2XK", " k26–7qf4–m2xk ", "K26.7QF4.M2XK"]
)
def test_it_is_read_however_it_is_written(written):
    assert read_number(written) == "K26-7QF4-M2XK"


def test_letters_that_look_like_digits_are_read_as_digits():
    number = "K26-1000-000" + check_character("1000000")
    assert read_number("k26 Lo0O-oo0" + check_character("1000000")) == number
    assert read_number("k26 IO00 000" + check_character("1000000")) == number


@pytest.mark.parametrize("text", ["", "K26-7QF4-M2X", "26-7QF4-M2XK", "K26-7QF4-M2XU", "K26-7QF4-M2XKK", "rekening"])
def test_what_is_no_number(text):
    assert read_number(text) is None


@given(payloads, st.integers(0, 7), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_noticed(payload, place, other):
    characters = payload + check_character(payload)
    changed = characters[:place] + other + characters[place + 1 :]
    assert (read_number(f"K26{changed}") is None) == (changed != characters)


@given(st.integers(2026, 2199))
def test_a_new_number_is_read_back(year):
    number = new_number(year)
    assert read_number(number) == number
    assert number.startswith(f"K{year % 100:02d}-")
