"""Keys of programs, what they open, how often, and that no address opens anything of another practice."""

import re
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from banking.models import Payout
from billing import ledger
from billing.errors import Refused
from billing.models import AuditEvent, Invoice, LedgerTransaction, Patient
from billing.money import ZERO
from guests.throttle import Limit
from portal.api import described, keys, limits
from portal.models import ApiKey
from portal.models.keys import Scope
from portal.webhooks import events
from tests import factories
from tests.portal.api.program import Program, hold
from tests.portal.intake.batches import AGB_CODE, invoice

pytestmark = pytest.mark.django_db
CANARY = "KANARIEPIET"


def asked(text, path="/api/v1/invoices", **headers):
    return Client().get(path, headers={"Authorization": f"Bearer {text}"} if text else headers)


def test_the_command_prints_a_key_once_and_keeps_its_hash():
    provider = factories.provider(agb_code=AGB_CODE)
    out = StringIO()
    call_command("add_api_key", AGB_CODE, "Exquise", stdout=out)
    text = out.getvalue().strip()
    row = ApiKey.objects.get()
    assert re.fullmatch(r"zk_test_[a-z2-7]{12}_[\w-]{43}", text)
    assert text.encode() not in bytes(row.secret_hash)
    assert text.split("_", 3)[3] not in str(row.__dict__)
    assert (row.provider, row.name, row.scopes) == (provider, "Exquise", Scope.values)
    assert asked(text).status_code == 200
    assert ApiKey.objects.get().last_used_at is not None
    assert AuditEvent.objects.get(action="api_key_made").details["number"] == row.public_id
    with pytest.raises(CommandError, match="no provider"):
        call_command("add_api_key", "11999999", "Exquise")
    with pytest.raises(CommandError):
        call_command("add_api_key", AGB_CODE, "  ")


def test_operations_end_a_key_that_leaked():
    row, text = keys.make(factories.provider(), "Exquise", by="staff:a")
    out = StringIO()
    call_command("revoke_api_key", row.public_id, stdout=out)
    assert "Exquise" in out.getvalue()
    assert asked(text).status_code == 401
    assert AuditEvent.objects.get(action="api_key_revoked").by == "command"
    for wrong in (row.public_id, text, "x"):
        with pytest.raises(CommandError):
            call_command("revoke_api_key", wrong)


def test_an_old_key_works_beside_the_new_one_for_a_while():
    now = timezone.now()
    old, first = keys.make(factories.provider(), "Exquise", by="staff:a", now=now)
    new, second = keys.rotate(old, by="staff:a", now=now)
    assert keys.find(first, now=now + timedelta(days=6)) == old
    assert keys.find(second, now=now + timedelta(days=8)) == new
    assert keys.find(first, now=now + timedelta(days=8)) is None
    old.refresh_from_db()
    with pytest.raises(Refused):
        keys.rotate(old, by="staff:a", now=now + timedelta(days=8))


def test_a_revoked_key_an_ended_one_and_a_wrong_one_open_nothing():
    now = timezone.now()
    row, text = keys.make(factories.provider(), "Exquise", by="staff:a")
    assert keys.revoke(row, by="staff:a")
    assert not keys.revoke(row, by="staff:a")
    ended, other = keys.make(factories.provider(), "Exquise", by="staff:a", now=now - keys.LIFE)
    for wrong in (text, other, other[:-1] + ("A" if other[-1] != "A" else "B"), "zk_test_x", "Basic"):
        answer = asked(wrong)
        assert (answer.status_code, answer.json()["code"]) == (401, "key-unknown")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert asked("").json()["code"] == "key-missing"
    assert ended.provider_id != row.provider_id


def test_a_test_key_opens_nothing_where_people_pay(settings):
    provider = factories.provider()
    _row, test = keys.make(provider, "Exquise", by="staff:a")
    settings.SANDBOX = False
    live_row, live = keys.make(provider, "Exquise", by="staff:a")
    assert live.startswith("zk_live_")
    assert asked(test).json()["code"] == "key-of-the-sandbox"
    assert keys.find(live, now=timezone.now()) == live_row
    settings.SANDBOX = True
    assert asked(live).json()["code"] == "key-is-live"


def test_nobody_makes_keys_without_end():
    provider = factories.provider()
    for _turn in range(keys.MAX_KEYS):
        keys.make(provider, "Exquise", by="staff:a")
    with pytest.raises(Refused, match="20"):
        keys.make(provider, "Exquise", by="staff:a")
    with pytest.raises(Refused):
        keys.make(provider, "Exquise", by="staff:a", scopes=["everything"])


def test_requests_are_counted_by_key_and_the_answer_says_how_many_are_left(monkeypatch):
    monkeypatch.setattr(limits, "READ", Limit("read", 3, 60))
    provider = factories.provider()
    one, two = Program(provider), Program(provider)
    assert one.get("/invoices").headers["RateLimit"] == '"read";r=2;t=60'
    assert one.get("/invoices").headers["RateLimit"] == '"read";r=1;t=60'
    assert one.get("/invoices").headers["RateLimit-Policy"] == '"read";q=3;w=60'
    answer = one.get("/invoices")
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-requests")
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["RateLimit"].startswith('"read";r=0;t=')
    assert two.get("/invoices").headers["RateLimit"] == '"read";r=2;t=60'  # one that loops stops no other


def test_nobody_tries_keys_for_long(monkeypatch):
    monkeypatch.setattr(limits, "UNKNOWN", Limit("api key unknown", 2, 600))
    assert [asked(text).status_code for text in ("zk_test_x", "", "")] == [401, 401, 429]
    assert asked(f"zk_live_{'a' * 12}_{'a' * 43}").status_code == 429


# --- every address, from the description --------------------------------------------------------------


def addresses(number, patient):
    """(method, path) of every operation, for this invoice and patient."""
    for route, operations in described.description()["paths"].items():
        whose = patient if "/patients/" in route else number
        path = re.sub(r"\{[^}]*\}", whose, route)
        for method in operations:
            yield method, path


BODIES = {"reason": "x", "mobile": "+31687654321", "number": CANARY, "credits": CANARY, "issued_on": "2026-11-20"}


@pytest.fixture
def foreign():
    """An invoice of another practice, paid in part, and a payout, with a mark in everything that is its own."""
    other = Program(factories.provider(name=CANARY))
    given = invoice(1, number=CANARY)
    given["patient"] |= {"number": CANARY, "surname": CANARY}
    assert other.post("/invoices", given).status_code == 201
    now = timezone.now()
    paid = {"external_id": CANARY, "occurred_at": now, "by": CANARY}
    ledger.post(Invoice.objects.get(), LedgerTransaction.Kind.PAYMENT, Decimal("-1.00"), **paid)
    Payout.objects.create(
        provider=other.provider, number=CANARY, status="carried", closed_at=now, run_on=timezone.localdate(now),
        amount=ZERO, opening=ZERO, closing=ZERO,
    )  # fmt: skip
    events.collect()
    return other


def test_no_address_opens_or_changes_anything_of_another_practice(foreign):
    program = Program(factories.provider())
    before = list(Patient.objects.values()), list(Invoice.objects.values())
    for method, path in addresses(CANARY, CANARY):
        if method == "get":  # or "not found" would say nothing
            assert foreign.client.get(path, headers=foreign.headers()).status_code == 200, path
        send = getattr(program.client, method)
        for body in (BODIES, {k: v for k, v in BODIES.items() if k == "reason"}, {"mobile": ""}):
            named = {"Idempotency-Key": "k", **program.headers()}
            extra = {} if method == "get" else {"data": body, "content_type": "application/json"}
            answer = send(path, headers=named, **extra)
            hold(method.upper(), path, answer)
            assert answer.status_code < 500
            said = answer.content.decode().replace(path, "")
            assert said.count(CANARY) == 0, f"{method} {path}"
    assert before == (list(Patient.objects.values()), list(Invoice.objects.values()))


def test_without_a_key_or_its_scope_nothing_opens(foreign):
    lame = {scope: Program(foreign.provider, scopes=[scope]) for scope in Scope.values}
    for method, path in addresses(CANARY, CANARY):
        for text, status in (("", 401), ("zk_test_x", 401)):
            answer = getattr(Client(), method)(path, headers={"Authorization": f"Bearer {text}"} if text else {})
            assert answer.status_code == status, f"{method} {path}"
            hold(method.upper(), path, answer)
        opened = {
            scope
            for scope, program in lame.items()
            if getattr(program.client, method)(path, headers=program.headers()).status_code != 403
        }
        assert len(opened) == 1, f"{method} {path} opens to {opened}"


def test_no_session_begins_and_no_cookie_is_read(foreign):
    client = Client()
    client.cookies["sessionid"] = "x"
    answer = client.get("/api/v1/invoices", headers=foreign.headers())
    assert answer.status_code == 200
    assert not answer.cookies
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_what_is_refused_before_a_view_is_a_problem_too(foreign):
    client, headers = Client(), foreign.headers()
    assert client.get("/api/v1/nothing", headers=headers).json()["code"] == "not-found"
    assert client.put("/api/v1/invoices", headers=headers).json()["code"] == "method-not-allowed"
    assert client.get("/api/v1/invoices?number=%00", headers=headers).json()["code"] == "request-unreadable"
    refused = client.generic("TRACE", "/api/v1/invoices", headers=headers)
    assert (refused.status_code, refused.content) == (405, b"")
    assert client.get("/api/v1/invoices/%00", headers=headers).json()["code"] == "not-found"
