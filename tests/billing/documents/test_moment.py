"""Files that a worker draws for who asked, and only for them, for an hour; a web process can't draw."""

import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.channels import breaker
from billing.documents import drawing, pdf
from billing.models import DrawingOrder, FailedTry, Staff, StaffTask
from billing.privacy import retention, rotation
from portal import serving
from tests import factories
from tests.drawn import downloaded
from tests.portal.pages.test_statement import address, looked_up
from tests.portal.staff.staff_client import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
ROOT = Path(__file__).resolve().parents[3]
MAY_DRAW = {"billing/documents/pdf.py", "billing/documents/drawing.py"}  # and what `drawing` alone calls
DRAWN_BY_IT = {"billing/documents/full_invoice.py", "billing/documents/credit_note.py"}


@pytest.fixture
def invoice():
    return factories.invoice()


@pytest.fixture
def client(invoice):
    return looked_up(invoice)


@pytest.fixture
def its_address(client, invoice):
    """The address that gives the file out."""
    return client.get(address(invoice, "statement_pdf"))["Location"]


def test_it_says_that_it_is_being_made_and_then_is_the_file(client, invoice):
    response = downloaded(client, address(invoice, "statement_pdf"))
    assert response.content.startswith(b"%PDF")
    assert 'filename="overzicht.pdf"' in response["Content-Disposition"]
    assert not DrawingOrder.objects.get().sealed_source, "what it was made of is gone"


def test_nobody_else_gets_it_who_knows_the_address(its_address, client):
    drawing.sweep()
    assert client.get(its_address)["Content-Type"] == "application/pdf"
    assert Client().get(its_address)["Location"] == "/"
    assert looked_up(factories.invoice()).get(its_address)["Location"] == "/"


def test_it_is_there_no_longer_than_the_page_is_open_from_which_it_was_asked(its_address, client, monkeypatch):
    drawing.sweep()
    asked = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: asked + timedelta(minutes=14))
    assert client.get(its_address)["Content-Type"] == "application/pdf"
    monkeypatch.setattr(timezone, "now", lambda: asked + timedelta(minutes=16))
    assert client.get(its_address)["Location"] == "/", "as that page, which asks for the reference again"


def test_the_page_of_guests_gives_out_nothing_of_the_desk(invoice):
    """Whoever comes to the desk after an hour is signed out, and a page of guests asks nobody to sign in."""
    clerk = signed_in(factories.staff(provider=invoice.provider, role=Staff.Role.CLERK))
    page = clerk.get(reverse("admin:billing_invoice_statement_pdf", args=[invoice.pk]))["Location"]
    drawing.sweep()
    assert clerk.get(page)["Content-Type"] == "application/pdf"
    assert clerk.get(page.removeprefix("/beheer"))["Location"] == "/"


def test_who_may_have_the_file_and_not_the_invoice_is_not_told_its_address(its_address, client, invoice):
    assert invoice.token in client.get(its_address).content.decode()
    session = client.session
    del session["invoices"]  # as of who speaks for a patient about a complaint
    session.save()
    waits = client.get(its_address)
    assert waits.status_code == 200
    assert invoice.token not in waits.content.decode()


def test_it_is_sealed_and_in_this_row_only(its_address):
    order, other = DrawingOrder.objects.get(), DrawingOrder(token="another")
    assert order.source.startswith("<!doctype html>")
    assert b"doctype" not in bytes(order.sealed_source)
    other.sealed_source = order.sealed_source
    with pytest.raises(rotation.Unreadable):
        _ = other.source
    drawing.sweep()
    order.refresh_from_db()
    assert b"%PDF" not in bytes(order.sealed_pdf)


def test_after_an_hour_and_with_its_invoice_it_is_gone(its_address, client, invoice):
    later = timezone.now() + drawing.FILE_KEPT_FOR
    drawing.sweep(now=later - timedelta(minutes=1))
    assert DrawingOrder.objects.exists()
    drawing.sweep(now=later + timedelta(minutes=1))
    assert not DrawingOrder.objects.exists()
    assert client.get(its_address)["Location"] == "/"
    client.get(address(invoice, "statement_pdf"))
    retention._delete_documents([invoice.pk])
    assert not DrawingOrder.objects.exists()


def test_one_that_can_not_be_drawn_is_told_to_a_person_who_still_finds_it_when_its_moment_is_over(its_address):
    order = DrawingOrder.objects.get()
    DrawingOrder.objects.update(sealed_source=bytes(order.sealed_source)[:-1])
    drawing.sweep()
    assert StaffTask.objects.get(kind=StaffTask.Kind.RULE_FAILED).closed_at is None
    drawing.sweep(now=timezone.now() + drawing.FILE_KEPT_FOR + timedelta(minutes=1))
    assert not DrawingOrder.objects.exists()
    assert not FailedTry.objects.exists()
    assert StaffTask.objects.get(kind=StaffTask.Kind.RULE_FAILED).closed_at is None, "nobody ever got that file"


def test_what_takes_longer_is_said_and_the_page_looks_no_more_by_itself(its_address, client):
    assert "refresh" in client.get(its_address).content.decode()
    DrawingOrder.objects.update(asked_at=timezone.now() - drawing.SLOW_AFTER - timedelta(seconds=1))
    assert "refresh" not in client.get(its_address).content.decode()


def test_the_full_invoice_and_a_file_of_the_same_invoice_wait_beside_each_other(its_address, invoice):
    drawing.begin(invoice, language="nl")
    drawing.begin(invoice, language="nl")
    assert DrawingOrder.objects.count() == 2
    drawing.sweep()
    assert [bool(order.sealed_pdf) for order in DrawingOrder.objects.all()] == [True]
    assert drawing.find(invoice, language="nl")


def test_a_web_process_draws_nothing_and_waits_for_no_drawing(client, invoice, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", sys.modules.get("weasyprint"))  # put back after the test
    monkeypatch.setattr(breaker, "_at_once", None)
    serving.post_worker_init(worker=None)
    with pytest.raises(ImportError):
        pdf.from_html("<p>")
    page = client.get(address(invoice, "statement_pdf"))["Location"]
    assert client.get(page).status_code == 200
    drawing.sweep()  # here it is as if a web process drew
    assert FailedTry.objects.get(rule=drawing.RULE)


def test_only_what_a_worker_calls_draws():
    """A view that drew would be found in production only, by its error."""
    draws = re.compile(r"\bfrom_html\(|\bpdf\.render\(|\binvoice_pdf\(|\bcredit_note_pdf\(|weasyprint import")
    ours = (path.relative_to(ROOT) for path in ROOT.glob("*/**/*.py"))
    product = [path for path in ours if path.parts[0] not in ("tests", ".venv", "var")]
    assert {str(path) for path in product if draws.search((ROOT / path).read_text())} == MAY_DRAW | DRAWN_BY_IT
