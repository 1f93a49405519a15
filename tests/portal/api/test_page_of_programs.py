"""The page of keys and webhooks at the desk: for approvers of the practice alone."""

import base64
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from billing.models import AuditEvent, Staff
from portal.api import keys
from portal.models import ApiKey, WebhookDelivery, WebhookEndpoint
from portal.webhooks import endpoints
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/beheer/programmas/"


@pytest.fixture
def member():
    return factories.staff(role=Staff.Role.APPROVER)


@pytest.fixture
def desk(member):
    return signed_in(member)


def test_a_key_is_shown_once_and_works(desk, member):
    asked = {"act": "make_key", "name": "Exquise", "scope": ["invoices:read"]}
    assert desk.post(PAGE, asked).status_code == 303
    desk.head(PAGE)
    answer = desk.get(PAGE)
    text = re.search(r"zk_test_[a-z2-7]{12}_[\w-]{43}", answer.content.decode())[0]
    assert "no-store" in answer.headers["Cache-Control"]
    row = ApiKey.objects.get()
    assert (row.provider, row.created_by, row.scopes) == (
        member.provider,
        f"staff:{member.username}",
        ["invoices:read"],
    )
    assert keys.find(text, now=timezone.now()) == row
    assert text not in desk.get(PAGE).content.decode()
    assert ApiKey.objects.count() == 1  # loading the page again shows no key, and makes none
    answer = desk.post(PAGE, {"act": "rotate_key", "row": row.pk}, follow=True)
    new = re.search(r"zk_test_[a-z2-7]{12}_[\w-]{43}", answer.content.decode())[0]
    assert {keys.find(one, now=timezone.now()) is not None for one in (text, new)} == {True}
    assert desk.post(PAGE, {"act": "revoke_key", "row": row.pk}).status_code == 200, "a question comes first"
    assert keys.find(text, now=timezone.now()) is not None
    assert desk.post(PAGE, {"act": "revoke_key", "row": row.pk, "sure": "1"}).status_code == 303
    assert keys.find(text, now=timezone.now()) is None
    page = desk.get(PAGE).content.decode()
    assert "ingetrokken op" in page


def test_what_is_wrong_is_said_and_nothing_is_made(desk):
    answer = desk.post(PAGE, {"act": "make_key", "name": "Exquise"})
    assert answer.status_code == 422
    assert "Kies wat het programma mag doen." in answer.content.decode()
    assert 'value="Exquise"' in answer.content.decode()
    assert desk.post(PAGE, {"act": "add_hook", "url": "https://10.0.0.1/"}).status_code == 422
    assert desk.post(PAGE, {"act": "else"}).status_code == 400
    assert not ApiKey.objects.exists()
    assert not WebhookEndpoint.objects.exists()


def test_a_webhook_is_set_up_tried_and_removed(desk):
    answer = desk.post(PAGE, {"act": "add_hook", "url": "https://praktijk.nl/hook"}, follow=True)
    secret = re.search(r"whsec_[\w+/=]{44}", answer.content.decode())[0]
    hook = WebhookEndpoint.objects.get()
    assert hook.text == secret
    assert desk.post(PAGE, {"act": "test_hook", "row": hook.pk}).status_code == 303
    assert WebhookDelivery.objects.get().event is None
    answer = desk.post(PAGE, {"act": "rotate_hook", "row": hook.pk}, follow=True)
    assert re.search(r"whsec_[\w+/=]{44}", answer.content.decode())[0] != secret
    WebhookEndpoint.objects.update(stopped_at=timezone.now(), failing_since=timezone.now() - timedelta(days=6))
    assert "Gestopt op" in desk.get(PAGE).content.decode()
    desk.post(PAGE, {"act": "resume_hook", "row": hook.pk})
    assert WebhookEndpoint.objects.get().stopped_at is None
    WebhookDelivery.objects.update(status="delivered")
    desk.post(PAGE, {"act": "replay_hook", "row": hook.pk})
    assert WebhookDelivery.objects.get().status == "delivered", "a question comes first"
    desk.post(PAGE, {"act": "replay_hook", "row": hook.pk, "sure": "1"})
    assert WebhookDelivery.objects.get().status == "waiting"
    asked = desk.post(PAGE, {"act": "remove_hook", "row": hook.pk}).content.decode()
    assert f'name="row" value="{hook.pk}"' in asked
    assert "https://praktijk.nl/hook" in desk.get(PAGE).content.decode()
    desk.post(PAGE, {"act": "remove_hook", "row": hook.pk, "sure": "1"})
    assert "https://praktijk.nl/hook" not in desk.get(PAGE).content.decode().replace('class="messagelist"', "")


def test_whoever_blocks_a_colleague_reads_which_keys_they_have(desk, member):
    colleague = factories.staff(role=Staff.Role.APPROVER, provider=member.provider)
    made, _text = keys.make(member.provider, "Exquise", by=f"staff:{colleague.username}")
    keys.make(member.provider, "Ander pakket", by=f"staff:{member.username}")
    answer = desk.post(
        "/beheer/collegas/", {"act": "block", "row": colleague.pk, "sure": "1", "why": "other_work"}, follow=True
    )
    said = answer.content.decode()
    assert f"Exquise (…{made.public_id}…)" in said
    assert "Ander pakket" not in said


@pytest.mark.parametrize("role", [Staff.Role.CLERK, Staff.Role.OPERATIONS])
def test_others_may_not(role):
    client = signed_in(factories.staff(role=role))
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"act": "make_key", "name": "x", "scope": ["invoices:read"]}).status_code == 403
    assert not ApiKey.objects.exists()


def test_what_is_of_another_practice_is_unknown(desk):
    foreign, _text = keys.make(factories.provider(), "KANARIEPIET", by="staff:b")
    hook, _secret = endpoints.add(factories.provider(), "https://kanariepiet.nl/", by="staff:b")
    of_hook = ("remove_hook", "test_hook", "rotate_hook", "resume_hook", "replay_hook")
    for act, row in (("rotate_key", foreign), ("revoke_key", foreign), *((act, hook) for act in of_hook)):
        assert desk.post(PAGE, {"act": act, "row": row.pk}).status_code == 404
    for row in ("", "x", "9" * 30, "²"):
        assert desk.post(PAGE, {"act": "revoke_key", "row": row}).status_code == 404
    assert "anariepiet" not in desk.get(PAGE).content.decode().casefold()
    foreign.refresh_from_db()
    assert foreign.is_valid(timezone.now())


# --- operations -----------------------------------------------------------------------------------------
KEYS = "/beheer/sleutels/"


def test_what_is_kept_for_one_look_is_sealed_and_of_one_person(desk):
    desk.post(PAGE, {"act": "make_key", "name": "Exquise", "scope": ["invoices:read"]})
    kept = desk.session["shown_once"]
    assert b"zk_test_" not in base64.b64decode(kept)
    other = signed_in(factories.staff(role=Staff.Role.APPROVER))
    session = other.session
    session["shown_once"] = kept
    session.save()
    assert "zk_test_" not in other.get(PAGE).content.decode().replace("zk_test_ ", "")
    assert re.search(r"zk_test_[a-z2-7]{12}_", desk.get(PAGE).content.decode())


def test_operations_see_the_keys_of_all_practices_and_revoke_one():
    first, _text = keys.make(factories.provider(name="De Linde"), "Exquise", by="staff:a")
    second, text = keys.make(factories.provider(name="De Eik"), "Ander pakket", by="staff:b")
    member = factories.staff(role=Staff.Role.OPERATIONS)
    operations = signed_in(member)
    page = operations.get(KEYS).content.decode()
    assert all(each in page for each in ("De Linde", "De Eik", first.public_id, second.public_id, "staff:b"))
    for sought in ("eik", second.provider.agb_code, second.public_id.upper()):
        page = operations.get(KEYS, {"practice": sought}).content.decode()
        assert "De Eik" in page
        assert "De Linde" not in page
    asked = operations.post(f"{KEYS}?practice=eik", {"key": second.public_id}).content.decode()
    assert "De Eik" in asked
    assert keys.find(text, now=timezone.now()) is not None
    answer = operations.post(f"{KEYS}?practice=eik", {"key": second.public_id, "sure": "1"}, follow=True)
    assert answer.redirect_chain == [(f"{KEYS}?practice=eik", 303)]
    assert f"door staff:{member.username}" in answer.content.decode()
    assert keys.find(text, now=timezone.now()) is None
    trail = AuditEvent.objects.get(action="api_key_revoked")
    assert (trail.by, trail.details["number"]) == (f"staff:{member.username}", second.public_id)
    assert "al eerder" in operations.post(KEYS, {"key": second.public_id, "sure": "1"}, follow=True).content.decode()
    assert AuditEvent.objects.filter(action="api_key_revoked").count() == 1
    for wrong in ("", "x", "²" * 200):
        assert operations.post(KEYS, {"key": wrong}).status_code == 404
    assert "Er is geen sleutel gevonden." in operations.get(KEYS, {"practice": "nergens"}).content.decode()


@pytest.mark.parametrize("role", [Staff.Role.CLERK, Staff.Role.APPROVER])
def test_nobody_of_a_practice_opens_the_page_of_operations(role):
    row, _text = keys.make(factories.provider(), "Exquise", by="staff:a")
    client = signed_in(factories.staff(role=role, provider=row.provider))
    assert client.get(KEYS).status_code == 403
    assert client.post(KEYS, {"key": row.public_id}).status_code == 403
    row.refresh_from_db()
    assert row.revoked_at is None
