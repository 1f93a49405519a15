"""The page of keys and webhooks at the desk: for approvers of the practice alone."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from billing.models import Staff
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
    answer = desk.post(PAGE, {"act": "make_key", "name": "Exquise", "scope": ["invoices:read"]})
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
    answer = desk.post(PAGE, {"act": "rotate_key", "row": row.pk})
    new = re.search(r"zk_test_[a-z2-7]{12}_[\w-]{43}", answer.content.decode())[0]
    assert {keys.find(one, now=timezone.now()) is not None for one in (text, new)} == {True}
    assert desk.post(PAGE, {"act": "revoke_key", "row": row.pk}).status_code == 303
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
    answer = desk.post(PAGE, {"act": "add_hook", "url": "https://praktijk.nl/hook"})
    secret = re.search(r"whsec_[\w+/=]{44}", answer.content.decode())[0]
    hook = WebhookEndpoint.objects.get()
    assert hook.text == secret
    assert desk.post(PAGE, {"act": "test_hook", "row": hook.pk}).status_code == 303
    assert WebhookDelivery.objects.get().event is None
    answer = desk.post(PAGE, {"act": "rotate_hook", "row": hook.pk})
    assert re.search(r"whsec_[\w+/=]{44}", answer.content.decode())[0] != secret
    WebhookEndpoint.objects.update(stopped_at=timezone.now(), failing_since=timezone.now() - timedelta(days=6))
    assert "Gestopt op" in desk.get(PAGE).content.decode()
    desk.post(PAGE, {"act": "resume_hook", "row": hook.pk})
    assert WebhookEndpoint.objects.get().stopped_at is None
    WebhookDelivery.objects.update(status="delivered")
    desk.post(PAGE, {"act": "replay_hook", "row": hook.pk})
    assert WebhookDelivery.objects.get().status == "waiting"
    desk.post(PAGE, {"act": "remove_hook", "row": hook.pk})
    assert "https://praktijk.nl/hook" not in desk.get(PAGE).content.decode().replace('class="messagelist"', "")


def test_whoever_blocks_a_colleague_reads_which_keys_they_have(desk, member):
    colleague = factories.staff(role=Staff.Role.APPROVER, provider=member.provider)
    made, _text = keys.make(member.provider, "Exquise", by=f"staff:{colleague.username}")
    keys.make(member.provider, "Ander pakket", by=f"staff:{member.username}")
    answer = desk.post("/beheer/collegas/", {"act": "block", "row": colleague.pk}, follow=True)
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
