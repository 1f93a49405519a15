"""The same parameter twice: one value counts, the last, and an address never stands in for a form."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing.links import new_token
from billing.models import Payment, WebhookCall
from tests import factories
from tests.portal.staff.staff_client import code_of, enrolled

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


def test_of_two_references_the_last_is_looked_up_and_none_from_the_address():
    first, last = factories.invoice(), factories.invoice()
    client = Client()
    two = f"reference={first.payment_reference}&reference={last.payment_reference}"
    assert client.post("/", two, FORM)["Location"] == reverse("invoice", args=[last.token])
    assert client.get(reverse("invoice", args=[first.token])).status_code == 303
    stranger = Client()
    assert stranger.post(f"/?reference={first.payment_reference}", "", FORM).status_code == 200
    assert stranger.get(f"/?reference={first.payment_reference}").status_code == 200
    assert "invoices" not in stranger.session


@pytest.mark.parametrize(("passwords", "status"), [(("wrong", None), 302), ((None, "wrong"), 200)])
def test_of_two_passwords_the_last_counts(passwords, status):
    member, key = enrolled()
    said = "&".join(f"password={one or factories.PASSWORD}" for one in passwords)
    body = f"username={member.username}&{said}&code={code_of(key)}"
    assert Client().post("/beheer/login/", body, FORM).status_code == status
    in_the_address = f"/beheer/login/?password={factories.PASSWORD}&code={code_of(key, steps=1)}"
    assert Client().post(in_the_address, f"username={member.username}", FORM).status_code == 200


def test_of_two_ids_of_a_report_the_last_is_written_down():
    payment = Payment.objects.create(
        invoice=factories.invoice(),
        amount=Decimal("100.00"),
        status=Payment.Status.OPEN,
        mollie_id="tr_lastone1",
        token=new_token(),
        webhook_token=new_token(),
        idempotency_key="1",
    )
    address = reverse("mollie_webhook", args=[payment.webhook_token])
    assert Client().post(f"{address}?id=tr_inaddress", "id=tr_firstone&id=tr_lastone1", FORM).status_code == 200
    assert list(WebhookCall.objects.values_list("mollie_id", flat=True)) == ["tr_lastone1"]
