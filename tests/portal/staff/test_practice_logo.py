"""The logo of a practice: rewritten in isolation, small, public under an address that changes with it."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image, PngImagePlugin

from billing.invoices import state
from billing.models import PracticeChange, PracticeLogo, Provider, Staff
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/beheer/praktijk/logo/"


def a_png(size=(60, 20), secret=""):
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", secret)
    out = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(out, "PNG", pnginfo=note)
    return out.getvalue()


def send(client, content, name="logo.png"):
    return client.post(PAGE, {"logo": SimpleUploadedFile(name, content)})


def desk(practice, role=Staff.Role.APPROVER):
    return signed_in(factories.staff(provider=practice, role=role))


def test_a_picture_is_rewritten_and_shown_to_patients_until_it_is_removed():
    practice = factories.provider()
    invoice = factories.invoice(provider=practice)
    client = desk(practice)
    assert send(client, a_png(secret="made by Anna")).status_code == 303
    first = PracticeLogo.objects.get()
    assert b"Anna" not in bytes(first.content)
    assert state.look_at(invoice.token, today=timezone.localdate()).practice.logo == first.token
    shown = Client().get(f"/logo/{first.token}/")
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
    assert "immutable" in shown["Cache-Control"]
    assert Image.open(io.BytesIO(shown.content)).size == (60, 20)
    assert send(client, a_png()).status_code == 303
    assert Client().get(f"/logo/{first.token}/").status_code == 404
    assert client.post(PAGE, {"remove": "yes"}).status_code == 303
    assert not PracticeLogo.objects.exists()
    assert Provider.objects.get(pk=practice.pk).logo == ""
    assert PracticeChange.objects.filter(what="logo").count() == 3


def plain(size):
    """A picture of one colour: few bytes, and many dots to draw."""
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", b"%PDF-1.7 nothing", b"GIF89a", b"",
        a_png()[:40], a_png((700, 500)), plain((3500, 3500)), b"\x89PNG\r\n\x1a\n" + b"0" * 2_100_000,
    ],
    ids=["svg", "pdf", "gif", "empty", "cut off", "too large for a phone", "too many dots", "too large"],
)  # fmt: skip
def test_what_is_no_small_picture_is_refused_with_a_sentence(content):
    practice = factories.provider()
    answer = send(desk(practice), content)
    assert answer.status_code == 422
    assert 'class="errornote"' in answer.content.decode()
    assert not PracticeLogo.objects.exists()


def test_a_clerk_looks_and_changes_nothing():
    practice = factories.provider()
    client = desk(practice, Staff.Role.CLERK)
    assert client.get(PAGE).status_code == 200
    assert send(client, a_png()).status_code == 403
    assert client.post(PAGE, {"remove": "yes"}).status_code == 403
