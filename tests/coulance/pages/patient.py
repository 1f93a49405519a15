"""What a patient does on the pages of coulance, and the fixtures for it."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from coulance import intake, specifications
from coulance.models import CoulanceCase, Specification
from sandbox.models import Message
from tests import factories
from tests.guests.files import hostile


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def invoice():
    row = factories.invoice(amount="200.00")
    intake.offer([row], today=timezone.localdate(), by="test")
    return row


@pytest.fixture
def guest(client, invoice):
    assert client.post("/", {"reference": invoice.payment_reference}).status_code == 303
    return client


def address(invoice, name="coulance", *more):
    return reverse(name, args=[invoice.token, *more])


def page(guest, invoice):
    response = guest.get(address(invoice))
    assert response.status_code == 200
    return response.content.decode().replace("\xa0", " ")


def send(guest, invoice, *contents, name="specificatie.pdf", **headers):
    files = [SimpleUploadedFile(name, content) for content in contents]
    return guest.post(address(invoice), {"files": files}, headers=headers)


def checked(guest, invoice, content=None):
    send(guest, invoice, content or hostile.pdf())
    row = Specification.objects.get()
    specifications.check(row.pk)
    row.refresh_from_db()
    return row


def prove(guest, invoice):
    guest.post(address(invoice, "code"), {"send": "first"})
    code = re.search(r"\b\d{6}\b", Message.objects.order_by("-pk").first().text).group()
    assert guest.post(address(invoice, "code"), {"code": code}).status_code == 303


def junk_file(text):
    return f"%PDF-1.7\n{text}".encode()


def case_of(invoice):
    return CoulanceCase.objects.get(invoice=invoice)
