"""Sessions are Django's own, read by their key."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from portal.serving import sessions
from portal.serving.sessions import SessionStore

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def held(**content):
    store = SessionStore()
    store.update(content)
    store.save()
    return store.session_key


def test_what_was_saved_is_read_until_its_time_is_over():
    key = held(invoices={"token": [1, 2, ""]})
    assert SessionStore(key)["invoices"] == {"token": [1, 2, ""]}
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    over = SessionStore(key)
    assert dict(over.items()) == {}
    assert over.session_key is None, "its id is not used again"


def test_an_unknown_key_is_no_session():
    unknown = SessionStore("a" * 32)
    assert dict(unknown.items()) == {}
    assert unknown.session_key is None


def test_a_key_that_is_taken_is_drawn_again(monkeypatch):
    taken = held(whose="somebody's")
    drawn = iter([taken, "b" * 32])
    monkeypatch.setattr(sessions, "get_random_string", lambda *_args: next(drawn))
    assert held(whose="mine") == "b" * 32
    assert SessionStore(taken)["whose"] == "somebody's"
