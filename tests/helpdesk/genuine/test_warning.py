"""A warning of false messages: operations switch it on and off, everybody reads it, and it goes by itself."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from billing.models import AuditEvent, Staff
from helpdesk.genuine import warnings
from helpdesk.models import FraudWarning
from tests import factories
from tests.portal.staff.staff_client import signed_in

TEXT = {"text_nl": "Er zijn valse e-mails met een blauwe knop.", "text_en": "There are false mails with a blue button."}

pytestmark = pytest.mark.django_db


@pytest.fixture
def operations():
    return signed_in(factories.staff(role=Staff.Role.OPERATIONS, provider=None))


def shown(client, address="/", **headers):
    return client.get(address, headers=headers).content.decode()


def test_it_stands_on_the_page_of_looking_up_and_goes_again(client, operations):
    assert "Let op:" not in shown(client)
    page = reverse("admin:fraud_warning")
    assert operations.post(page, TEXT).status_code == 303
    assert TEXT["text_nl"] in shown(client)
    assert TEXT["text_nl"] in shown(client, "/echt/")
    assert TEXT["text_en"] in shown(client, **{"Accept-Language": "en"})
    assert TEXT["text_nl"] in operations.get(page).content.decode()
    operations.post(page, {"end": "yes"})
    assert TEXT["text_nl"] not in shown(client)
    actions = AuditEvent.objects.filter(action__startswith="fraud_warning").order_by("pk")
    assert [event.action for event in actions] == ["fraud_warning_begun", "fraud_warning_ended"]


def test_on_a_page_in_another_language_it_says_that_it_is_dutch(client, operations):
    operations.post(reverse("admin:fraud_warning"), TEXT)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ar"
    assert f'<bdi lang="nl" dir="ltr">{TEXT["text_nl"]}</bdi>' in shown(client)


def test_a_new_one_takes_the_place_of_the_one_before():
    warnings.begin(text_nl="een", text_en="one", by="test")
    warnings.begin(text_nl="twee", text_en="two", by="test")
    assert warnings.text() == "twee"
    assert warnings.end(by="test")
    assert not warnings.end(by="test")
    assert warnings.text() == ""


def test_it_goes_by_itself_after_its_days():
    warning = warnings.begin(**TEXT, by="test")
    assert warning.until == timezone.localdate() + timedelta(days=settings.FRAUD_WARNING_DAYS)
    FraudWarning.objects.update(until=timezone.localdate())
    assert warnings.active() == warning
    FraudWarning.objects.update(until=timezone.localdate() - timedelta(days=1))
    assert warnings.active() is None


def test_its_text_is_no_markup_and_is_written_in_both_languages(client, operations):
    page = reverse("admin:fraud_warning")
    for wrong in ({"text_nl": "x"}, {"text_nl": "x", "text_en": ""}, TEXT | {"text_en": "x" * 301}):
        assert operations.post(page, wrong).status_code == 422
    assert not FraudWarning.objects.exists()
    operations.post(page, TEXT | {"text_nl": "<script>alert(1)</script>"})
    assert "<script>alert" not in shown(client)


@pytest.mark.parametrize("role", [Staff.Role.CLERK, Staff.Role.APPROVER])
def test_a_practice_has_no_such_page(role):
    client = signed_in(factories.staff(role=role))
    assert client.post(reverse("admin:fraud_warning"), TEXT).status_code == 403
    assert not FraudWarning.objects.exists()
