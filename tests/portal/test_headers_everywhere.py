"""Every route of the site, as production serves it over https, held against the rules that internet.nl publishes."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from portal.middleware import CONTENT_SECURITY_POLICY
from tests import factories
from tests.fuzz.requests import routes
from tests.portal.pages import test_errors
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db

YEAR = 31_536_000
ROUTES = list(routes())
OWN = {"token": "", "number": "1", "object_id": "1", "id": "1", "file_id": "1", "app_label": "billing", "rest": "/x"}
# Public, the same for everybody, and may be kept: nothing personal is in them.
PUBLIC = ("/.well-known/security.txt", "/beheer/jsi18n/")


@pytest.fixture(autouse=True)
def _https(settings):
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 63_072_000, True
    settings.SECURE_HSTS_PRELOAD = settings.SECURE_SSL_REDIRECT = settings.HTTPS = True
    settings.PUBLIC_URL = "https://testserver"
    settings.CSRF_TRUSTED_ORIGINS = [settings.PUBLIC_URL]


@pytest.fixture
def visitors():
    """Anybody, a guest with an invoice, and staff; with the guest's token."""
    invoice = factories.invoice()
    guest, staff = Client(), signed_in(factories.staff(provider=invoice.provider, role="approver"))
    guest.post("/", {"reference": invoice.payment_reference}, secure=True)
    for client in (guest, staff):
        client.raise_request_exception = False
    return {"anybody": Client(raise_request_exception=False), "guest": guest, "staff": staff}, invoice.token


def faults(response) -> list[str]:
    """What internet.nl would not pass, in words."""
    headers = response.headers
    hsts = re.fullmatch(r"max-age=(\d+); includeSubDomains; preload", headers.get("Strict-Transport-Security", ""))
    wrong = [] if hsts and int(hsts[1]) >= YEAR else ["HSTS"]
    wrong += policy_faults(headers.get("Content-Security-Policy", ""))
    wrong += [name for name in headers if name.lower().startswith("access-control-")]
    content_type = headers.get("Content-Type", "").replace('"', "")
    if is_text(content_type) and "charset=utf-8" not in content_type:
        wrong.append("charset")
    if not response.streaming and response.content and "Content-Type" not in headers:
        wrong.append("Content-Type")
    exact = {
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    return wrong + [name for name, value in exact.items() if headers.get(name) != value]


def is_text(content_type: str) -> bool:
    return content_type.startswith("text/") or "xml" in content_type


def policy_faults(policy: str) -> list[str]:
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";") if rule.strip()}
    wrong = [word for word in ("unsafe-", "http:", "*") if word in policy]
    wrong += [name for name in ("base-uri", "form-action", "frame-src", "frame-ancestors") if name not in rules]
    wrong += [name for name in ("object-src", "base-uri") if name in rules and rules[name] != ["'none'"]]
    if "object-src" not in rules:
        wrong.append("object-src")
    if rules.get("default-src") not in (["'none'"], ["'self'"]):
        wrong.append("default-src")
    return wrong + [name for name in ("script-src", "object-src", "default-src") if "data:" in rules.get(name, [])]


def test_the_judge_finds_what_is_wrong():
    assert policy_faults(CONTENT_SECURITY_POLICY) == []
    assert policy_faults("default-src 'self'; script-src 'unsafe-inline' data:") == [
        "unsafe-", "base-uri", "form-action", "frame-src", "frame-ancestors", "object-src", "script-src",
    ]  # fmt: skip
    assert "default-src" in policy_faults("")


def path_of(route: str, token: str) -> str:
    return "/" + re.sub(r"\{(\w+)\}", lambda found: (OWN | {"token": token}).get(found[1]) or "aaaaaaaaaaaa", route)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_every_route_for_everybody(method, visitors):
    clients, token = visitors
    seen = set()
    for route in ROUTES:
        path = path_of(route, token)
        for who, client in clients.items():
            if path in ("/beheer/logout/", "/klaar/") and method == "POST":
                continue  # ends what the next routes need
            response = client.generic(method, path, secure=True)
            where = f"{who}: {method} {path} → {response.status_code}"
            assert faults(response) == [], where
            if path not in PUBLIC:
                assert "no-store" in response.headers["Cache-Control"], where
            seen.add(response.status_code)
    assert len(ROUTES) > 60
    assert seen >= ({200, 302, 403, 404} if method == "GET" else {405}), f"too few kinds of answers: {seen}"


@pytest.mark.parametrize("method", ["TRACE", "BREW"])
def test_no_route_knows_other_methods(method, visitors):
    clients, token = visitors
    for route in ROUTES:
        for who, client in clients.items():
            response = client.generic(method, path_of(route, token), secure=True)
            assert response.status_code == 405, f"{who}: {method} {route}"
            assert response.content == b""
            assert faults(response) == []


@pytest.mark.parametrize("path", test_errors.PAGES)
def test_every_status_of_an_error(path, settings):
    settings.ROOT_URLCONF = test_errors.__name__
    response = Client(raise_request_exception=False).get(path, secure=True)
    assert response.status_code == test_errors.PAGES[path][0]
    assert faults(response) == []
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("status", [400, 403, 405])
def test_refusals_before_any_page(status):
    client = Client(enforce_csrf_checks=True)
    answers = {
        400: lambda: client.get("/", headers={"host": "boos.example"}, secure=True),
        403: lambda: client.post("/", {"reference": "1"}, secure=True),
        405: lambda: Client().delete("/klaar/", secure=True),
    }
    response = answers[status]()
    assert response.status_code == status
    assert faults(response) == []


def test_http_is_sent_to_https():
    response = Client().get("/rekening/aaaaaaaaaaaa/")
    assert (response.status_code, response["Location"]) == (301, "https://testserver/rekening/aaaaaaaaaaaa/")
    assert response["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize("path", ["/metrics", "/mollie/aaaaaaaaaaaa/"])
def test_machines_are_refused_without_tls_and_not_sent_on(path):
    client = Client()
    for answer in (client.get(path), client.post(path, {"id": "tr_aaaaaaaa"})):
        assert answer.status_code == 403
        assert "Location" not in answer
        assert answer["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert client.get("/healthz").status_code == 200


def test_static_files_too():
    name = "css/admin_lists.css"
    assert finders.find(name)
    response = Client().get(f"/static/{name}", secure=True)
    assert response.status_code == 200
    response.close()
    assert faults(response) == []


def test_security_txt_as_rfc_9116_wants_it():
    response = Client().get("/.well-known/security.txt", secure=True)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    lines = [line.split(": ", 1) for line in response.content.decode().splitlines()]
    fields = dict(lines)
    assert len(fields) == len(lines), "Expires and Preferred-Languages may stand there once"
    assert re.fullmatch(r"mailto:\S+@\S+", fields["Contact"])
    assert fields["Canonical"] == "https://testserver/.well-known/security.txt"
    expires = datetime.fromisoformat(fields["Expires"])
    assert 0 < (expires - datetime.now(UTC)).days < 365


def test_the_key_of_a_form_is_another_one_in_every_answer():
    """Pages are compressed; what an attacker could guess by their length must change with every request (BREACH)."""
    client = Client()
    keys = {
        re.search(r'csrfmiddlewaretoken" value="(\w+)', client.get("/", secure=True).content.decode())[1]
        for _ in range(5)
    }
    assert len(keys) == 5
