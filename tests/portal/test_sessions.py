"""Sessions are rows as Django keeps them, and one that ended is never read."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from portal.sessions import SessionStore

pytestmark = pytest.mark.django_db


def stored(**facts):
    session = SessionStore()
    session.update(facts)
    session.save()
    return session.session_key


def test_each_browser_reads_its_own():
    keys = [stored(who=name) for name in ("a", "b")]
    assert [SessionStore(key).get("who") for key in keys] == ["a", "b"]


@pytest.mark.parametrize("key", [None, "", "nobody-has-this-key-at-all"])
def test_an_unknown_key_opens_nothing_and_is_not_kept(key):
    session = SessionStore(key)
    assert session.get("who") is None
    session["who"] = "c"
    session.save()
    assert session.session_key != key


def test_one_that_ended_is_not_read():
    key = stored(who="a")
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert SessionStore(key).get("who") is None
