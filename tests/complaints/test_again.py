"""A file that the patient sent in one room, used in the other; and the script that sends files one by one."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from complaints.file import proof
from complaints.models import ComplaintFile
from coulance import intake, specifications
from coulance.models import Specification
from tests import factories
from tests.complaints.test_files import fresh
from tests.complaints.test_pages import STORY
from tests.complaints.test_proof import photo
from tests.coulance.conftest import media  # noqa: F401
from tests.coulance.pages import patient as coulance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]
TODAY = timezone.localdate()


@pytest.mark.django_db(transaction=True)
def test_a_file_is_used_in_both_rooms_without_sending_it_twice(client, sandbox):
    invoice = factories.invoice(amount="200.00")
    intake.offer([invoice], today=TODAY, by="test")
    client.post("/", {"reference": invoice.payment_reference})
    row = coulance.checked(client, invoice, photo("brief.png").content)
    client.post(reverse("complain", args=[invoice.token]), {"subject": "coulance"})
    client.post(reverse("complain_story", args=[invoice.token]), {"story": STORY})
    page = reverse("complain_proof", args=[invoice.token])
    assert row.token in client.get(page).content.decode()
    stranger = Client()
    stranger.post("/", {"reference": invoice.payment_reference})
    stranger.cookies["complaint"] = client.cookies["complaint"].value
    assert row.token not in stranger.get(page).content.decode(), "not to who only knows the reference"
    assert stranger.post(page, {"again": row.token, "add": "1"}).status_code == 422
    assert client.post(page, {"again": "a" * 24, "add": "1"}).status_code == 422
    assert client.post(page, {"again": row.token, "add": "1"}).status_code == 303
    copy = ComplaintFile.objects.get()
    assert (copy.name, copy.sha256 != "", copy.status) == (row.name, True, "received")
    proof.check(copy.pk)
    client.post(reverse("complain_who", args=[invoice.token]), {"email": "iemand@post.example"})
    client.post(reverse("complain_check", args=[invoice.token]))
    specifications.take_back(row, today=TODAY)
    assert fresh(copy).stored_name, "each room keeps its own"
    back = coulance.address(invoice)
    assert copy.token in client.get(back).content.decode()
    assert client.post(back, {"again": copy.token}).status_code == 303
    assert Specification.objects.exclude(pk=row.pk).get().name == copy.name


def test_the_script_hears_of_each_file(client):
    client.post(reverse("complain_without_invoice"), {"subject": "service"})
    client.post(reverse("complain_story_without_invoice"), {"story": STORY})
    page, wants = reverse("complain_proof_without_invoice"), {"Accept": "application/json"}
    assert "upload.js" in client.get(page).content.decode()
    right = client.post(page, {"files": SimpleUploadedFile("x.png", photo().content)}, headers=wants)
    wrong = client.post(page, {"files": SimpleUploadedFile("x.exe", b"MZ")}, headers=wants)
    assert (right.json(), wrong.status_code) == ({"sent": True}, 409)
    assert "geen pdf" in wrong.json()["error"]
