"""How staff read who did something: in words, never as the product writes it down."""

import pytest

from billing import audit


@pytest.mark.parametrize(
    ("by", "words"), [("staff:anna", "anna"), ("patient", "patiënt"), ("system", "vanzelf"), ("command:bo", "bo")]
)
def test_staff_read_in_words_who_did_something(by, words):
    assert audit.actor(by) == words
