"""The patient's page of credit: where it is, asking for it, and paying another invoice with it. By reference alone."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing import ledger
from billing.links import new_token
from billing.models import RefundRequest
from billing.payments import attempts, refunds
from sandbox.models import Refund as BankRefund
from tests import factories
from tests.billing.payments import bank
from tests.billing.payments.credits import paid_twice, send

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]


@pytest.fixture
def invoice():
    invoice = factories.invoice(amount="100.00")
    paid_twice(invoice)
    return invoice


def open_in(client, invoice):
    assert client.post("/", {"reference": invoice.payment_reference}).status_code == 303
    return client


@pytest.fixture
def guest(client, invoice):
    return open_in(client, invoice)


def text_of(response):
    return response.content.decode().replace("\xa0", " ")


def test_the_invoice_says_what_is_owed_to_its_payer_and_by_when(guest, invoice):
    page = text_of(guest.get(reverse("invoice", args=[invoice.token])))
    assert "€ 100,00 te veel betaald" in page
    assert reverse("credit", args=[invoice.token]) in page
    assert "uiterlijk op" in page


def test_asking_starts_the_refund_and_the_page_follows_it_to_its_end(guest, invoice):
    address = reverse("credit", args=[invoice.token])
    assert 'name="amount" value="100.00"' in text_of(guest.get(address))
    answer = guest.post(reverse("credit_back", args=[invoice.token]), {"amount": "100.00"})
    assert (answer.status_code, answer["Location"]) == (303, address)
    assert "onderweg" in text_of(guest.get(address))
    request = send(RefundRequest.objects.get())
    assert "onderweg" in text_of(guest.get(reverse("invoice", args=[invoice.token])))
    bank.settle_refund(BankRefund.objects.get(), "refunded")
    attempts.sync_payment(request.payment_id)
    page = text_of(guest.get(address))
    assert "€ 100,00 is terugbetaald" in page
    assert "Uw tegoed" in page


@pytest.mark.parametrize("amount", ["", "99.99", "1e2", "-100", "١٠٠", "100,00"])
def test_another_amount_than_was_shown_is_refused_and_changes_nothing(guest, invoice, amount):
    answer = guest.post(reverse("credit_back", args=[invoice.token]), {"amount": amount})
    assert answer.status_code == 409
    assert RefundRequest.objects.get().status == RefundRequest.Status.ASKED


def test_much_money_waits_for_staff_and_the_page_says_until_when(client):
    invoice = factories.invoice(amount="300.00")
    paid_twice(invoice)
    guest = open_in(client, invoice)
    guest.post(reverse("credit_back", args=[invoice.token]), {"amount": "300.00"})
    page = text_of(guest.get(reverse("credit", args=[invoice.token])))
    assert "medewerker" in page
    assert 'action="' + reverse("credit_back", args=[invoice.token]) not in page


def test_an_invoice_that_is_open_in_this_browser_may_be_paid_with_it(guest, invoice):
    other = factories.invoice(amount="60.00", patient=invoice.patient)
    address = reverse("credit", args=[invoice.token])
    assert other.number not in text_of(guest.get(address)), "who knows one reference learns of no other invoice"
    form = {"amount": "60.00", "invoice": other.token, "key": new_token()}
    assert guest.post(reverse("credit_use", args=[invoice.token]), form).status_code == 409
    open_in(guest, other)
    assert other.number in text_of(guest.get(address))
    assert guest.post(reverse("credit_use", args=[invoice.token]), form).status_code == 303
    assert (ledger.balance(other.pk), ledger.balance(invoice.pk)) == (0, -40)
    page = text_of(guest.get(reverse("invoice", args=[other.token])))
    assert "tegoed van een andere rekening" in page


def test_somebody_elses_invoice_is_not_paid_with_it(guest, invoice):
    stranger = open_in(guest, factories.invoice(amount="60.00"))
    page = text_of(stranger.get(reverse("credit", args=[invoice.token])))
    assert "credit_use" not in page
    assert 'name="invoice"' not in page


def test_nobody_sees_it_without_the_reference(invoice):
    for name in ("credit", "credit_back", "credit_use"):
        assert Client().get(reverse(name, args=[invoice.token])).status_code == 303
        assert "Uw tegoed" not in text_of(Client().get(reverse(name, args=[invoice.token]), follow=True))
    Client().post(reverse("credit_back", args=[invoice.token]), {"amount": "100.00"})
    assert RefundRequest.objects.get().status == RefundRequest.Status.ASKED


def test_without_credit_the_page_leads_back(client):
    invoice = factories.invoice(amount="100.00")
    guest = open_in(client, invoice)
    assert guest.get(reverse("credit", args=[invoice.token]))["Location"] == reverse("invoice", args=[invoice.token])


def test_a_proof_of_payment_shows_what_went_back(guest, invoice):
    refunds.ask(invoice.pk, seen=Decimal("100.00"))
    send(RefundRequest.objects.get())
    page = text_of(guest.get(reverse("proof", args=[invoice.token])))
    assert "Wij betaalden geld aan u terug" in page
