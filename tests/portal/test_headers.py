"""What every answer carries, as internet.nl and our own rules want it."""

import os
import subprocess
import sys

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from portal.middleware import CONTENT_SECURITY_POLICY
from tests import factories

pytestmark = pytest.mark.django_db
CLOSED = "Voor uw privacy"
ADDRESSES = [
    "/",
    "/klaar/",
    "/nope/",
    "/rekening/aaaaaaaaaaaa/",
    "/betaling/aaaaaaaaaaaa/",
    "/healthz",
    "/beheer/login/",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_on_every_page_and_status(client, address):
    headers = client.get(address).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Server" not in headers


def test_the_policy_allows_nothing_inline_and_nobody_else():
    rules = dict(rule.split(" ", 1) for rule in CONTENT_SECURITY_POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == rules["connect-src"] == "'self'"
    for name in ("object-src", "base-uri", "frame-ancestors", "frame-src"):
        assert rules[name] == "'none'"
    for word in ("unsafe", "http:", "https:", "*"):
        assert word not in CONTENT_SECURITY_POLICY


def test_only_the_front_page_may_be_found_by_a_search_engine(client):
    assert "X-Robots-Tag" not in client.get("/").headers
    assert client.get("/klaar/")["X-Robots-Tag"] == "noindex, nofollow"


def test_the_cookies_of_a_guest(client):
    invoice = factories.invoice()
    client.get("/")
    client.post("/", {"reference": invoice.payment_reference})
    session = client.cookies["zorgrekening"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert not session["max-age"], "it ends with the browser"
    assert client.cookies["csrf"]["httponly"]


def test_pages_that_show_an_invoice_are_not_cached(client):
    invoice = factories.invoice()
    address = client.post("/", {"reference": invoice.payment_reference})["Location"]
    assert client.get(address)["Cache-Control"] == "no-store"


def test_a_message_to_a_person_lies_on_the_server_and_not_in_a_cookie(client):
    """Such as the last digits of a telephone number, which would stay in the browser."""
    invoice = factories.invoice()
    client.post("/", {"reference": invoice.payment_reference})
    asked = client.get("/rekening/aaaaaaaaaaaa/")  # says why it is closed
    assert asked.status_code == 303
    assert set(client.cookies) == {"zorgrekening"}
    assert "_messages" in client.session
    assert CLOSED in client.get("/").content.decode()
    assert "_messages" not in client.session


def test_a_visitor_without_a_session_gets_messages_by_cookie_and_writes_no_row(client):
    client.get("/rekening/aaaaaaaaaaaa/")
    assert client.cookies["messages"]["httponly"]
    assert client.cookies["messages"]["samesite"] == "Lax"
    assert not Session.objects.exists()
    assert CLOSED in client.get("/").content.decode()
    assert not client.cookies["messages"].value
    assert CLOSED not in client.get("/").content.decode()


def test_https_makes_cookies_that_belong_to_this_host_alone():
    """The settings are made from PUBLIC_URL at the start, so another process shows them."""
    code = (
        "import django; django.setup(); from django.conf import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME, s.MESSAGE_COOKIE_NAME,"
        " s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.LANGUAGE_COOKIE_SECURE, s.SECURE_HSTS_SECONDS)"
    )
    environment = os.environ | {"PUBLIC_URL": "https://rekening.example", "ALLOWED_HOSTS": "rekening.example"}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == [
        *("__Host-zorgrekening", "__Host-csrf", "__Host-language", "__Host-messages"), *["True"] * 3, "63072000",
    ]  # fmt: skip


def test_a_browser_without_a_session_reads_none(django_assert_num_queries):
    with django_assert_num_queries(0):
        Client().get("/klaar/")
