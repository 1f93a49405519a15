"""The letter of a debt counsellor: sent by the patient it stops everything at once, and staff read it afterwards."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from billing.errors import Refused
from billing.models import AccessEvent, Hold, StaffTask
from forbearance import breathing_space, days, export, letters, retention
from forbearance.models import CounsellorLetter, Forbearance
from guests.files.receiving import Upload
from tests import factories
from tests.coulance.conftest import media  # noqa: F401
from tests.guests.files import hostile
from tests.portal.pages.test_invoice_page import open_in
from tests.portal.staff.staff_client import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
PHOTO = hostile.picture("PNG", (300, 400))


def test_a_photo_of_the_letter_stops_everything_and_staff_read_it(client):
    invoice = factories.invoice(amount="100.00")
    open_in(client, invoice)
    address = reverse("counsellor_letter", args=[invoice.token])
    assert client.post(address, {}).status_code == 422
    response = client.post(address, {"files": SimpleUploadedFile("brief.png", PHOTO)})
    assert response.status_code == 303
    row = CounsellorLetter.objects.get()
    assert row.forbearance.kind == Forbearance.Kind.DEBT_HELP
    assert Hold.objects.get().reason == "debt_help"
    letters.check(row.pk)
    shown = client.get(address).content.decode()
    assert "brief.png" in shown
    assert "Dan vervalt die aanmaning." in shown
    task = StaffTask.objects.get()
    assert (task.kind, task.invoice) == (letters.TO_READ, invoice)
    desk = signed_in(factories.staff(provider=invoice.provider))
    read = reverse("admin:forbearance_forbearance_letter", args=[row.forbearance_id, row.pk])
    assert read in desk.get(reverse("admin:forbearance_forbearance_ground", args=[row.forbearance_id])).content.decode()
    assert desk.get(read).content
    assert AccessEvent.objects.filter(act=AccessEvent.Act.DOWNLOAD).get().data == f"letter-{row.pk}.png"
    assert signed_in(factories.staff()).get(read).status_code == 404


def test_that_there_is_help_with_debts_is_told_in_the_browser_that_sent_it_alone(client):
    invoice = factories.invoice(amount="100.00")
    letters.receive(invoice.pk, [Upload("brief.png", PHOTO)])
    address = open_in(client, invoice)
    pages = (address, reverse("counsellor_letter", args=[invoice.token]))
    seen = "".join(client.get(page).content.decode() for page in pages)
    assert "brief.png" not in seen
    assert "Uw brief is bij ons" not in seen
    assert "schuldhulp" not in client.get(address).content.decode()


def test_who_has_rest_already_does_not_use_up_the_breathing_space_of_the_year():
    invoice = factories.invoice(amount="100.00")
    letters.receive(invoice.pk, [Upload("brief.png", PHOTO)])
    with pytest.raises(Refused):
        breathing_space.take(invoice.pk)
    assert Forbearance.objects.count() == 1


def test_after_staff_ended_it_the_same_way_opens_no_second_rest():
    invoice = factories.invoice(amount="100.00")
    (row,) = letters.receive(invoice.pk, [Upload("kat.png", PHOTO)])
    days.end(row.forbearance_id, by="staff:anna", today=timezone.localdate(), written="Een foto van een kat.")
    with pytest.raises(Refused):
        letters.receive(invoice.pk, [Upload("kat2.png", hostile.picture("PNG", (301, 400)))])
    assert not Hold.objects.filter(released_at=None).exists()


def test_it_is_exported_and_goes_after_its_term():
    invoice = factories.invoice(amount="100.00")
    (row,) = letters.receive(invoice.pk, [Upload("brief.png", PHOTO)])
    letters.check(row.pk)
    assert [name for name, _content in export.documents(invoice)] == [f"letter-{row.pk}.png"]
    today = timezone.localdate()
    days.end(row.forbearance_id, by="staff:anna", today=today)
    assert retention.run_day(today + timedelta(days=725)) == {"forbearances": 0, "counsellor_letters": 0, "needs": 0}
    assert retention.run_day(today + timedelta(days=735)) == {"forbearances": 1, "counsellor_letters": 1, "needs": 0}
    assert not CounsellorLetter.objects.exists()
