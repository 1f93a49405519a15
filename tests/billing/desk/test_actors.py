"""How staff read who did something: in words, never as the product writes it down."""

import re

import pytest
from django.conf import settings

from billing import audit
from tests.billing.desk.test_words import PACKAGES

_SAID = re.compile(
    r'^BY = "([a-z ]+)"$|\b(?:record|post|transfer|close|release|close_superseded)\([^)]*\bby="([a-z ]+)"', re.M
)


@pytest.mark.parametrize(
    ("by", "words"), [("staff:anna", "anna"), ("patient", "patiënt"), ("system", "vanzelf"), ("command:bo", "bo")]
)
def test_staff_read_in_words_who_did_something(by, words):
    assert audit.actor(by) == words


def test_every_name_that_a_rule_gives_itself_has_a_word():
    paths = (path for package in PACKAGES for path in (settings.ROOT / package).rglob("*.py"))
    names = {
        name for path in paths if "demo" not in path.name for found in _SAID.findall(path.read_text()) for name in found
    }
    assert {"system", "agency", "mail server", "payouts"} <= names
    assert {name for name in names - {""} if name not in audit._ACTORS} == set()
