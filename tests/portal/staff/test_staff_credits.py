"""The desk's pages of credit: the list by age, the acts on one invoice, and the limits that a practice chooses."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from billing import ledger
from billing.links import new_token
from billing.models import RefundRequest, Staff
from billing.payments import moves
from billing.payments.refunds import calls
from tests import factories
from tests.billing.payments import bank
from tests.billing.payments.credits import at_bank, paid_twice
from tests.portal.staff.staff_client import signed_in

Role, Status = Staff.Role, RefundRequest.Status
LIST, PRACTICE = "/beheer/tegoeden/", "/beheer/praktijk/"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]


@pytest.fixture
def invoice():
    invoice = factories.invoice(amount="100.00")
    paid_twice(invoice)
    return invoice


def desk(invoice, role=Role.APPROVER):
    return signed_in(factories.staff(provider=invoice.provider, role=role))


def page_of(invoice):
    return reverse("admin:billing_invoice_refund", args=[invoice.pk])


def text_of(response):
    return response.content.decode().replace("\xa0", " ")


def test_the_list_shows_own_credit_by_age_and_what_lies_too_long(invoice):
    factories.invoice(amount="10.00", provider=invoice.provider)  # owes, and has no credit
    stranger = factories.invoice(amount="50.00")
    paid_twice(stranger)
    page = text_of(desk(invoice, Role.CLERK).get(LIST))
    assert invoice.number in page
    assert "€ 100,00" in page
    assert stranger.number not in page
    assert "te lang" not in page


def test_credit_past_its_term_is_marked(invoice, settings):
    settings.CREDIT_TERM_DAYS = 0
    assert "te lang" in text_of(desk(invoice, Role.CLERK).get(LIST))


def test_an_approver_refunds_with_one_button(invoice):
    client = desk(invoice)
    page = text_of(client.get(page_of(invoice)))
    assert "€ 100,00 gaat via Mollie" in page
    answer = client.post(page_of(invoice), {"act": "approve", "seen": "€ 100,00"})
    assert (answer.status_code, answer["Location"]) == (303, page_of(invoice))
    calls.sweep()
    assert len(at_bank()) == 1
    assert "onderweg" in text_of(client.get(page_of(invoice)))


def test_a_clerk_and_a_stranger_do_not(invoice):
    for client, wanted in ((desk(invoice, Role.CLERK), 403), (signed_in(factories.staff(role=Role.APPROVER)), 404)):
        assert client.post(page_of(invoice), {"act": "approve", "seen": "100,00"}).status_code == wanted
    assert RefundRequest.objects.get().status == Status.ASKED


@pytest.mark.parametrize(
    "form",
    [
        {"act": "approve", "seen": "99,00"},
        {"act": "approve", "seen": "nonsense"},
        {"act": "refuse", "reason": " "},
        {"act": "move", "row": "1", "seen": "100,00", "reason": "x"},
        {"act": "paid", "row": "9" * 30, "reason": "x"},
        {"act": "paid", "row": "1", "on": "yesterday", "reason": "x"},
        {"act": "withdraw", "row": "1", "reason": "x"},
        {"act": "undo", "row": "1", "reason": "x"},
        {"act": "else"},
        {},
    ],
)
def test_what_can_not_be_is_refused_with_a_sentence_and_changes_nothing(invoice, form):
    answer = desk(invoice).post(page_of(invoice), form)
    assert answer.status_code == 422
    assert 'role="alert"' in text_of(answer)
    assert (RefundRequest.objects.get().status, ledger.balance(invoice.pk)) == (Status.ASKED, -100)


def test_staff_move_it_with_the_payers_consent_and_undo_it(invoice):
    target = factories.invoice(amount="60.00", patient=invoice.patient)
    client = desk(invoice)
    assert target.number in text_of(client.get(page_of(invoice)))
    form = {"act": "move", "row": target.pk, "seen": "60,00", "key": new_token(), "reason": "telephone 28 November"}
    assert client.post(page_of(invoice), form | {"reason": ""}).status_code == 422
    for _doubled in range(2):
        client.post(page_of(invoice), form)
    assert (ledger.balance(target.pk), ledger.balance(invoice.pk)) == (0, -40)
    (moved,) = moves.moves_of(invoice)
    assert moved.allocation_notes.get().text == "telephone 28 November"
    client.post(page_of(target), {"act": "undo", "row": moved.pk, "reason": "the other child"})
    assert (ledger.balance(target.pk), ledger.balance(invoice.pk)) == (60, -100)


def test_staff_book_what_they_paid_by_bank(invoice):
    long_ago = timezone.now() - timedelta(days=400)
    invoice.payments.update(paid_at=long_ago)
    client = desk(invoice)
    client.post(page_of(invoice), {"act": "approve", "seen": "100,00"})
    request = RefundRequest.objects.get()
    assert request.status == Status.BY_BANK
    form = {"act": "paid", "row": request.pk, "on": str(timezone.localdate()), "reason": "statement 12"}
    assert client.post(page_of(invoice), form).status_code == 303
    assert ledger.balance(invoice.pk) == 0


def test_the_page_of_the_invoice_leads_there_when_there_is_credit(invoice):
    client = desk(invoice)
    assert page_of(invoice) in text_of(client.get(f"/beheer/billing/invoice/{invoice.pk}/change/"))
    other = factories.invoice(amount="10.00", provider=invoice.provider)
    assert page_of(other) not in text_of(client.get(f"/beheer/billing/invoice/{other.pk}/change/"))


class TestLimits:
    def test_the_list_says_who_approves_and_where_to_change_it(self, invoice):
        page = text_of(desk(invoice, Role.CLERK).get(LIST))
        assert "boven € 250,00" in page
        assert 'href="/beheer/praktijk/#rules"' in page

    def test_small_credit_goes_by_itself_where_the_practice_chose_so(self, invoice):
        desk(invoice).post(PRACTICE, {"part": "rules", "rules-REFUND_AUTOMATICALLY_UP_TO": "10"})
        small = factories.invoice(amount="20.00", provider=invoice.provider)
        bank.paid(small)
        assert not RefundRequest.objects.filter(invoice=small).exists()
        small_twice = factories.invoice(amount="9.00", provider=invoice.provider)
        paid_twice(small_twice)
        assert RefundRequest.objects.get(invoice=small_twice).status == Status.APPROVED
        assert Decimal("9.00") == RefundRequest.objects.get(invoice=small_twice).amount
