"""What a guest sees of an invoice, and what never."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing import ledger
from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.invoices import holds
from billing.links import new_token
from billing.models import LedgerTransaction
from billing.models.ledger import Account
from tests import factories

pytestmark = pytest.mark.django_db


def open_in(client, invoice):
    response = client.post("/", {"reference": invoice.payment_reference})
    assert response.status_code == 303
    return response["Location"]


def page(client, invoice):
    response = client.get(open_in(client, invoice))
    assert response.status_code == 200
    return response.content.decode().replace("\xa0", " ")


def book(invoice, kind, amount, *, at=None):
    with transaction.atomic():
        ledger.post(
            ledger.lock_invoice(invoice.pk),
            kind,
            Decimal(amount),
            external_id=new_token(),
            occurred_at=at or timezone.now(),
            by="test",
        )


def test_an_open_invoice_says_how_much_when_to_whom_and_offers_to_pay(client):
    invoice = factories.invoice(amount="1234.50", insurer_paid="234.50")
    text = page(client, invoice)
    assert "€ 1.000,00" in text
    assert invoice.provider.name in text
    assert invoice.number in text
    reference = invoice.payment_reference
    assert " ".join(reference[i : i + 4] for i in range(0, 16, 4)) in text
    assert "(nog 30 dagen)" in text
    assert reverse("pay", args=[invoice.token]) in text


@pytest.mark.parametrize(("days", "words"), [(0, "(dat is vandaag)"), (1, "(nog 1 dag)"), (2, "(nog 2 dagen)")])
def test_the_days_that_are_left(client, days, words):
    today = timezone.localdate()
    invoice = factories.invoice(issued_on=today - timedelta(days=20), due_on=today + timedelta(days=days))
    assert words in page(client, invoice)


def test_too_late_is_said_kindly_and_can_be_paid(client):
    invoice = factories.invoice(issued_on=timezone.localdate() - timedelta(days=60))
    text = page(client, invoice)
    assert "Te laat, maar u kunt nog betalen" in text
    assert reverse("pay", args=[invoice.token]) in text


def test_on_hold_nothing_can_be_paid_and_the_page_says_why_and_until_when(client):
    invoice = factories.invoice()
    holds.place_hold(invoice, "awaiting_decision", by="test", until=timezone.localdate())
    text = page(client, invoice)
    assert "Betaal nog niet" in text
    assert "uw zorgaanbieder is het bedrag nog aan het uitrekenen" in text
    assert "uiterlijk tot" in text
    assert reverse("pay", args=[invoice.token]) not in text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (LedgerTransaction.Kind.PAYMENT, "met iDEAL | Wero. Dank u wel."),
        (LedgerTransaction.Kind.INSURER_PAID, "Betaald door uw zorgverzekeraar"),
        (LedgerTransaction.Kind.REDUCTION, "Uw zorgaanbieder heeft het bedrag verlaagd"),
    ],
)
def test_a_paid_invoice_says_when_and_how(client, kind, words):
    invoice = factories.invoice(amount="60.00")
    book(invoice, kind, "-60.00")
    text = page(client, invoice)
    assert "Niets meer te betalen" in text
    assert words in text
    assert reverse("pay", args=[invoice.token]) not in text


def test_when_the_insurer_paid_all_nothing_is_said_to_be_left(client):
    whole = page(client, factories.invoice(amount="60.00", insurer_paid="60.00"))
    part = page(Client(), factories.invoice(amount="60.00", insurer_paid="20.00"))
    assert ("Wat overblijft, is voor u" in whole, "Wat overblijft, is voor u" in part) == (False, True)


def test_an_invoice_paid_by_transfer_is_not_called_paid_by_ideal(client):
    invoice = factories.invoice(amount="60.00")
    now = timezone.now()
    ledger.post(
        invoice, LedgerTransaction.Kind.PAYMENT, Decimal("-60.00"), external_id="bank:1", occurred_at=now, by="test",
        through=Account.UNMATCHED,
    )  # fmt: skip
    text = page(client, invoice)
    assert "met een overschrijving. Dank u wel." in text
    assert "met iDEAL" not in text


def test_credit_is_named_and_explained(client):
    invoice = factories.invoice(amount="60.00")
    book(invoice, LedgerTransaction.Kind.PAYMENT, "-72.25")
    assert "Er is € 12,25 te veel betaald." in page(client, invoice)


def test_never_a_name_a_treatment_or_a_way_to_reach_somebody(client):
    line = factories.line(description="Wortelkanaalbehandeling", code="E13")
    invoice = factories.invoice(lines=[line])
    patient = invoice.patient
    # Without what is random, which may hold any few digits: the reference, the token, and the codes of forms.
    text = re.sub(r'\d{4}( ?\d{4}){3}|value="\w{64}"', "", page(client, invoice)).replace(invoice.token, "")
    secrets = ["Wortelkanaal", "E13", patient.email, patient.surname, patient.city, patient.street, patient.number]
    for secret in [*secrets, "12345678", "1980", "123456789", "3311", invoice.provider.iban]:
        assert secret not in text, secret


def test_without_having_entered_the_reference_one_sees_nothing(client, django_assert_num_queries):
    invoice = factories.invoice()
    for token in (invoice.token, new_token()):
        with django_assert_num_queries(0):
            response = client.get(f"/rekening/{token}/")
        assert (response.status_code, response["Location"]) == (303, "/")
        text = client.get("/").content.decode()
        assert "Voor uw privacy hebben wij de pagina van uw rekening gesloten" in text


def test_an_invoice_that_was_withdrawn_meanwhile_says_that_nobody_has_to_pay(client):
    invoice = factories.invoice(amount="100.00")
    address = open_in(client, invoice)
    book(invoice, LedgerTransaction.Kind.PAYMENT, "-60.00")
    given = NewCreditNote(number="C-7", issued_on=timezone.localdate(), reason="Verkeerde patiënt")
    credit_notes.take(invoice, given, by="staff:els")
    page = client.get(address).content.decode().replace("\xa0", " ")
    assert "U hoeft deze rekening niet te betalen." in page
    assert "U heeft € 60,00 betaald." in page
    assert "Creditnota C-7 van" in page
    assert "Verkeerde patiënt" not in page
    for path in ("betalen/", "uitstel/", "betalingsregeling/"):
        assert f'"{address}{path}"' not in page
        for ask in (client.post, client.get):
            response = ask(f"{address}{path}")
            assert (response.status_code, response["Location"]) == (303, address), path
    assert Client().get(address).status_code == 303, "for who did not open it nothing changes"


def test_an_invoice_that_was_lowered_says_so_and_can_be_paid(client):
    invoice = factories.invoice(amount="285.10")
    given = NewCreditNote(number="C-7", issued_on=timezone.localdate(), reason="typefout", amount=Decimal("256.59"))
    credit_notes.take(invoice, given, by="staff:els")
    page = client.get(open_in(client, invoice)).content.decode().replace("\xa0", " ")
    assert "Betaal € 28,51 met" in page
    assert "Creditnota C-7 van" in page
    assert "€ 256,59" in page


def test_one_invoice_opens_no_other(client):
    mine, other = factories.invoice(), factories.invoice()
    open_in(client, mine)
    assert client.get(f"/rekening/{other.token}/").status_code == 303


def test_done_ends_the_session_and_clears_the_browser(client):
    address = open_in(client, factories.invoice())
    cookie = client.cookies["zorgrekening"].value
    response = client.post(reverse("finish"))
    assert (response.status_code, response["Location"]) == (303, "/klaar/")
    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert "Klaar" in client.get("/klaar/").content.decode()
    client.cookies["zorgrekening"] = cookie  # the old cookie is worth nothing
    assert client.get(address).status_code == 303


def test_english_with_one_click_remembered(client):
    address = open_in(client, factories.invoice())
    assert '<html lang="nl">' in client.get(address).content.decode()
    response = client.post("/taal/", {"language": "en", "next": address})
    assert (response.status_code, response["Location"]) == (302, address)
    answer = client.get(address)
    assert '<html lang="en">' in answer.content.decode()
    assert answer["Content-Language"] == "en"
    assert "more days)" in answer.content.decode()
    assert response.cookies["language"]["max-age"] == 365 * 24 * 3600
    client.cookies["language"] = "xx"
    assert '<html lang="nl">' in client.get(address).content.decode()
