"""What a form posts in hidden fields is a key or a token, or nothing."""

import pytest
from django.test import RequestFactory

from billing.links import new_token
from billing.text import posted


def post(**fields: str):
    return RequestFactory().post("/", fields)


@pytest.mark.parametrize(
    ("given", "key"),
    [("17", 17), ("9" * 18, int("9" * 18)), ("9" * 19, 0), ("", 0), ("-1", 0), ("١٧", 0), ("1.0", 0), ("x", 0)],
)
def test_a_key_of_a_row_or_none(given, key):
    assert posted.key(post(row=given), "row") == key
    assert posted.key(post(), "row") == 0


def test_a_form_keeps_its_token_and_gets_one_for_anything_else():
    token = new_token()
    assert posted.form_token(post(form=token)) == token
    for given in ("", "short", token + " ", token * 2, "é" * 24):
        fresh = posted.form_token(post(form=given))
        assert fresh != given
        assert posted.form_token(post(form=fresh)) == fresh
