"""Another payer, as staff are told: who is told, what of letters that are out, and what stays as it is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.errors import Refused
from billing.invoices import holds
from billing.invoices.addressee import addressee
from billing.models import AccessEvent, AuditEvent, Hold, Invoice, OutboxMessage, Payer
from billing.patients import payer
from billing.patients.contact import Wrong
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
MOTHER = {
    "relation": "administrator", "name": "M. Bakker", "email": "bakker@post.example", "language": "nl",
    "street": "Kerkstraat", "house_number": "3", "postcode": "3512 AB", "city": "Utrecht", "country": "NL",
}  # fmt: skip


@pytest.fixture
def invoice():
    return factories.invoice()


def change(invoice, typed=MOTHER):
    return payer.change(invoice.patient, typed, by="staff:an")


def to(kind):
    return [message.recipient for message in OutboxMessage.objects.filter(kind=kind)]


def test_the_old_address_is_told_and_the_new_one_gets_the_link_and_time(invoice):
    before, today = invoice.patient.email, timezone.localdate()
    late = {"issued_on": today - timedelta(days=40), "due_on": today - timedelta(days=5)}
    Invoice.objects.filter(pk=invoice.pk).update(**late)
    assert change(invoice)
    assert to("contact_changed") == [before]
    assert to("invoice_again") == ["bakker@post.example"]
    assert addressee(invoice).email == "bakker@post.example"
    assert Invoice.objects.get(pk=invoice.pk).due_on > timezone.localdate()
    assert AuditEvent.objects.get(action="patient_corrected").details["fields"] == ["payer"]
    assert not change(invoice)
    assert to("contact_changed") == [before]


def test_the_patient_pays_again(invoice):
    change(invoice)
    assert change(invoice, None)
    assert not Payer.objects.exists()
    assert to("contact_changed") == [invoice.patient.email, "bakker@post.example"]


def test_what_rests_goes_on_resting(invoice):
    holds.place_hold(invoice, Hold.STAFF, by="staff:an", written="klacht")
    due = Invoice.objects.get(pk=invoice.pk).due_on
    assert change(invoice)
    assert Invoice.objects.get(pk=invoice.pk).due_on == due
    assert to("invoice_again") == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"email": "geen adres"}, "email"),
        ({"relation": "estate"}, "relation"),
        ({"city": ""}, "city"),
    ],
)
def test_what_is_wrong_is_said_by_field_and_changes_nothing(wrong, field, invoice):
    with pytest.raises(Wrong) as raised:
        change(invoice, MOTHER | wrong)
    assert field in raised.value.errors
    assert not Payer.objects.exists()


def test_who_speaks_by_law_is_not_changed_here(invoice):
    Payer.objects.create(patient=invoice.patient, relation="curator", name="C. Jansen", by_law=True)
    with pytest.raises(Refused):
        change(invoice)
    assert Payer.objects.get().name == "C. Jansen"


def test_a_parent_of_an_adult_is_no_payer(invoice):
    assert not change(invoice, MOTHER | {"relation": "parent"})
    assert not Payer.objects.exists()


def test_the_page(invoice):
    path = f"/beheer/patient/{invoice.patient_id}/betaler/"
    client = signed_in(factories.staff(provider=invoice.provider, role="approver"))
    assert "1 rekening staat open" in client.get(path).content.decode()
    assert AccessEvent.objects.filter(patient=invoice.patient, data="patient page").exists()
    assert client.post(path, MOTHER | {"email": "geen adres"}).status_code == 422
    assert client.post(path, MOTHER).status_code == 303
    assert Payer.objects.get().name == "M. Bakker"
    assert client.post(path, {"relation": "", "language": "nl"}).status_code == 303
    assert not Payer.objects.exists()
    clerk = signed_in(factories.staff(provider=invoice.provider))
    assert clerk.get(path).status_code == 403
