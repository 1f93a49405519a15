"""Withdrawing and lowering an invoice at /beheer/: who may, what is shown first, and that it is done once."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from billing import ledger
from billing.documents import drawing
from billing.models import AccessEvent, CreditNote, Invoice, LedgerTransaction, Staff
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice() -> Invoice:
    return factories.invoice(amount="285.10")


@pytest.fixture
def approver(invoice):
    return signed_in(factories.staff(role=Staff.Role.APPROVER, provider=invoice.provider, username="els"))


def address(invoice) -> str:
    return reverse("admin:billing_invoice_credit", args=[invoice.pk])


def words(response) -> str:
    return response.content.decode().replace("\xa0", " ")


def fields(response) -> dict[str, str]:
    """The hidden fields of the form that confirms."""
    form = response.content.decode().split('name="seen"')[0].rpartition("<form")[2]
    found = re.findall(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', form)
    seen = re.search(r'name="seen" value="([^"]*)"', response.content.decode())
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"} | {"seen": seen.group(1)}


WHOLE = {"what": "whole", "lowered_by": "", "reason": "Dubbel gestuurd", "number": "C-1"}


def test_first_it_shows_what_would_happen_and_changes_nothing(approver, invoice):
    page = reverse("admin:billing_invoice_change", args=[invoice.pk])
    assert f'href="{address(invoice)}"' in words(approver.get(page))
    assert "€ 285,10" in words(approver.get(address(invoice)))
    response = approver.post(address(invoice), WHOLE)
    assert "De rekening wordt ingetrokken." in words(response)
    assert "De patiënt moet € 285,10 minder betalen." in words(response)
    assert not CreditNote.objects.exists()
    done = approver.post(address(invoice), fields(response), follow=True)
    assert "De rekening is ingetrokken." in words(done)
    note = CreditNote.objects.get()
    assert (note.by, note.is_whole, note.content["reason"]) == ("staff:els", True, "Dubbel gestuurd")
    assert "rekening ingetrokken door een creditnota" in words(done).lower()
    assert f'href="{address(invoice)}"' not in words(done)


def test_lowering_by_an_amount(approver, invoice):
    response = approver.post(address(invoice), WHOLE | {"what": "part", "lowered_by": "€ 256,59"})
    assert "Nog te betalen: € 28,51." in words(response)
    approver.post(address(invoice), fields(response))
    assert ledger.balance(invoice.pk) == Decimal("28.51")


def test_what_changed_meanwhile_is_shown_again(approver, invoice):
    response = approver.post(address(invoice), WHOLE)
    with_payment = {"external_id": "x", "occurred_at": invoice.created_at, "by": "test"}
    ledger.post(invoice, LedgerTransaction.Kind.PAYMENT, Decimal("-10.00"), **with_payment)
    again = approver.post(address(invoice), fields(response))
    assert "Er is iets veranderd sinds u keek." in words(again)
    assert "€ 10,00 te veel betaald" in words(again)
    assert not CreditNote.objects.exists()
    approver.post(address(invoice), fields(again))
    assert CreditNote.objects.count() == 1


def test_pressing_twice_makes_one_note(approver, invoice):
    sent = fields(approver.post(address(invoice), WHOLE))
    approver.post(address(invoice), sent)
    assert approver.post(address(invoice), sent).status_code == 422
    assert CreditNote.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": " "},
        {"what": ""},
        {"what": "part", "lowered_by": ""},
        {"what": "part", "lowered_by": "285,11"},
        {"what": "part", "lowered_by": "0,00"},
        {"what": "part", "lowered_by": "0,001"},
        {"what": "part", "lowered_by": "-5,00"},
        {"what": "part", "lowered_by": "\u0663\u0664"},
        {"what": "part", "lowered_by": "1.000.000,00"},
        {"what": "whole", "lowered_by": "5,00"},
    ],
)
def test_what_can_not_be_is_explained_and_changes_nothing(approver, invoice, wrong):
    response = approver.post(address(invoice), WHOLE | wrong)
    assert response.status_code == 422
    assert "errornote" in words(response)
    assert 'name="seen"' not in words(response)
    assert not CreditNote.objects.exists()


def test_a_clerk_may_not_and_another_practice_finds_nothing(invoice):
    clerk = signed_in(factories.staff(provider=invoice.provider))
    assert clerk.get(address(invoice)).status_code == 403
    assert clerk.post(address(invoice), WHOLE).status_code == 403
    other = signed_in(factories.staff(role=Staff.Role.APPROVER))
    assert other.post(address(invoice), WHOLE).status_code == 404
    assert not CreditNote.objects.exists()


def test_staff_download_the_note_and_that_is_written_down(approver, invoice):
    approver.post(address(invoice), fields(approver.post(address(invoice), WHOLE)))
    at = reverse("admin:billing_invoice_credit_note", args=[invoice.pk, CreditNote.objects.get().pk])
    assert b"Het document wordt gemaakt" in approver.get(at).content
    drawing.sweep()
    assert approver.get(at).content.startswith(b"%PDF-")
    assert AccessEvent.objects.get(data="credit-note.pdf").who.startswith("staff:")
    assert approver.post(at).status_code == 405
