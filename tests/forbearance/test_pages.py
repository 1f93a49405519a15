"""The page of whoever can't pay now: three doors, no question why, and the state afterwards."""

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.errors import Refused
from billing.models import Hold
from forbearance import letters, reports
from forbearance.doors import BODIES
from forbearance.models import Forbearance
from guests.files.receiving import Upload
from tests import factories
from tests.coulance.conftest import media  # noqa: F401
from tests.guests.files import hostile
from tests.portal.pages.test_invoice_page import open_in

pytestmark = pytest.mark.django_db


def page_of(client, invoice):
    return client.get(reverse("cannot_pay_invoice", args=[invoice.token])).content.decode()


def test_from_the_invoice_to_a_breathing_space_and_its_last_day(client):
    invoice = factories.invoice(amount="100.00")
    address = open_in(client, invoice)
    own = reverse("cannot_pay_invoice", args=[invoice.token])
    assert own in client.get(address).content.decode()
    doors = page_of(client, invoice)
    for way in ("deferral", "plan"):
        assert reverse(way, args=[invoice.token]) in doors
    assert reverse("help_with_debts") in doors
    assert "Adempauze beginnen" in doors
    response = client.post(own)
    assert (response.status_code, response["Location"]) == (303, own)
    row = Forbearance.objects.get()
    confirmed = page_of(client, invoice)
    assert "U heeft rust tot en met" in confirmed
    assert "Adempauze beginnen" not in confirmed
    page = client.get(address).content.decode()
    assert "Uw adempauze" in page
    assert reverse("pay", args=[invoice.token]) in page, "paying stays possible"
    assert Hold.objects.get().until == row.until


def test_a_second_one_is_refused_with_the_day_of_the_next(client):
    invoice = factories.invoice(amount="100.00")
    open_in(client, invoice)
    client.post(reverse("cannot_pay_invoice", args=[invoice.token]))
    Forbearance.objects.update(ended_at="2026-01-01T00:00Z")
    assert "één keer per 12 maanden" in page_of(client, invoice)
    response = client.post(reverse("cannot_pay_invoice", args=[invoice.token]))
    assert response.status_code == 409
    assert Forbearance.objects.count() == 1


def test_who_did_not_open_the_invoice_gets_nothing(client):
    invoice = factories.invoice(amount="100.00")
    response = client.post(reverse("cannot_pay_invoice", args=[invoice.token]))
    assert (response.status_code, response["Location"]) == (303, "/")
    assert not Forbearance.objects.exists()


def test_without_an_invoice_it_says_what_is_possible_and_who_helps(client):
    general = client.get("/niet-kunnen-betalen/")
    assert general.status_code == 200
    assert reverse("lookup") in general.content.decode()
    helping = client.get(reverse("help_with_debts")).content.decode()
    assert "tel:08008115" in helping
    assert {body.url for body in BODIES} == {"https://geldfit.nl/", "https://organisaties.overheid.nl/Gemeenten/"}
    assert all(f'href="{body.url}"' in helping for body in BODIES)


def test_after_a_death_it_speaks_to_heirs_and_opens_no_second_ground(client, media):  # noqa: F811
    invoice = factories.invoice(amount="100.00")
    open_in(client, invoice)
    said = reports.Said(kind="deceased", since=timezone.localdate(), why="De dochter belde.")
    reports.report(invoice.patient_id, said, by="staff:anna")
    page = page_of(client, invoice)
    assert "Vraag eerst een notaris" in page
    for other in ("schuldhulpverlener", "Adempauze beginnen", reverse("needs", args=[invoice.token])):
        assert other not in page
    with pytest.raises(Refused):
        letters.receive(invoice.pk, [Upload("brief.png", hostile.picture("PNG", (300, 400)))])
    assert list(Forbearance.objects.values_list("kind", flat=True)) == ["deceased"]


def test_what_is_paid_offers_nothing(client):
    invoice = factories.invoice(amount="100.00", insurer_paid="100.00")
    open_in(client, invoice)
    page = page_of(client, invoice)
    assert "Adempauze beginnen" not in page
    assert "Er is niets meer te betalen" in page or "niets meer" in page
