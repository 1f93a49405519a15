"""Paying by bank transfer: on the page, in the QR code, on paper and in the letters; never where nothing is asked."""

import io
import re
import subprocess
from decimal import Decimal

import pytest
from django.core import checks
from django.urls import reverse
from pypdf import PdfReader

from billing.documents import full_invoice, qr
from billing.invoices import holds
from billing.invoices.transfers import Account, Transfer, account_for
from billing.ledger.breakdown import parts_of
from billing.models import Hold, Provider
from billing.outbox.facts import open_link_context
from billing.outbox.rendering import render
from portal.checks import check_operator
from tests import factories
from tests.billing.plans.test_plans import book
from tests.portal.pages.test_arrangement_pages import three_times
from tests.portal.pages.test_payment_pages import text_of

pytestmark = pytest.mark.django_db
OURS, THEIRS = "NL02ABNA0123456789", "NL20INGB0001234567"
FIELDS = ("IBAN", "Op naam van", "Bedrag", "Betalingskenmerk")


@pytest.fixture
def invoice(settings):
    settings.OPERATOR = settings.OPERATOR | {"iban": OURS, "name": "Rekeningdienst B.V."}
    return factories.invoice(amount="123.45", provider=factories.provider(iban=THEIRS))


def fours(invoice):
    reference = invoice.payment_reference
    return " ".join(reference[i : i + 4] for i in range(0, 16, 4))


def page(client, invoice):
    client.post("/", {"reference": invoice.payment_reference})
    return text_of(client.get(reverse("invoice", args=[invoice.token])))


def told(text):
    """The block's rows: what a payer copies into the app of a bank."""
    block = text.partition('<details class="part transfer">')[2].partition("</details>")[0]
    rows = dict(re.findall(r"<dt>([^<]+)</dt><dd[^>]*>([^<]+)</dd>", block))
    return tuple(rows.get(field, "") for field in FIELDS)


def code(client, invoice):
    return client.get(reverse("transfer_code", args=[invoice.token]))


def scanned(image, folder):
    """What the codes in a picture say, read by another program than the one that drew them."""
    (folder / "page.pdf").write_bytes(image)
    shot = ["pdftoppm", "-r", "200", "-png", "-singlefile", folder / "page.pdf", folder / "page"]
    subprocess.run(shot, check=True, capture_output=True)
    read = ["zbarimg", "--raw", "-q", "-Sdisable", "-Sqrcode.enable", folder / "page.png"]
    return subprocess.run(read, check=True, capture_output=True, text=True).stdout


def test_the_page_says_what_to_fill_in_and_the_code_says_the_same(client, invoice):
    expected = ("NL02 ABNA 0123 4567 89", "Rekeningdienst B.V.", "€ 123,45", fours(invoice))
    assert told(page(client, invoice)) == expected
    response = code(client, invoice)
    assert (response.status_code, response["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
    transfer = Transfer(
        Account(OURS, "Rekeningdienst B.V.", is_ours=True), Decimal("123.45"), invoice.payment_reference
    )
    assert response.content == qr.transfer_image(transfer, label="QR-code voor uw bank")


def test_both_codes_on_paper_can_be_scanned_and_say_what_the_standard_asks(invoice, tmp_path):
    """EPC069-12: version 002, UTF-8, no BIC, and the reference as text, for a Dutch one is no ISO 11649."""
    read = scanned(full_invoice.invoice_pdf(invoice, language="nl"), tmp_path)
    expected = f"BCD\n002\n1\nSCT\n\nRekeningdienst B.V.\n{OURS}\nEUR123.45\n\n\n{invoice.payment_reference}"
    assert expected in read
    assert "/openen/" in read


def test_the_practice_may_want_its_own_account(client, invoice):
    Provider.objects.update(transfers_to=Provider.TransfersTo.PRACTICE)
    assert told(page(client, invoice))[:2] == ("NL20 INGB 0001 2345 67", invoice.provider.name)
    assert "onze rekening bij de bank" not in page(client, invoice)


def test_without_our_account_it_is_that_of_the_practice_and_without_any_nothing(client, settings, invoice):
    settings.OPERATOR = settings.OPERATOR | {"iban": ""}
    assert account_for(invoice.provider) == Account(THEIRS, invoice.provider.name, is_ours=False)
    Provider.objects.update(iban="")
    assert told(page(client, invoice)) == ("", "", "", "")
    assert code(client, invoice).status_code == 404


def on_hold(invoice):
    holds.place_hold(invoice, Hold.STAFF, by="test")


def paid(invoice):
    book(invoice, "-123.45")


@pytest.mark.parametrize("stop", [on_hold, paid])
def test_nobody_is_asked_to_transfer_what_is_not_to_be_paid(client, invoice, stop):
    stop(invoice)
    assert told(page(client, invoice)) == ("", "", "", "")
    assert code(client, invoice).status_code == 404
    printed = paper(invoice)
    assert OURS not in printed.replace(" ", "")


def test_a_stranger_gets_no_code(client, invoice):
    assert code(client, invoice).status_code == 404


def test_in_a_plan_it_is_the_next_installment(client, invoice):
    three_times(invoice)
    assert told(page(client, invoice))[2] == "€ 41,15"
    assert "Of maak € 41,15 over:" in paper(invoice).replace("\xa0", " ")


def paper(invoice):
    pages = PdfReader(io.BytesIO(full_invoice.invoice_pdf(invoice, language="nl"))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_paper_says_the_amount_the_account_and_the_reference(invoice):
    printed = paper(invoice).replace("\xa0", " ")
    assert "Of maak € 123,45 over: scan de rechter code met de app van uw bank." in printed
    assert f"NL02 ABNA 0123 4567 89 Rekeningdienst B.V. {fours(invoice)}" in printed


@pytest.mark.parametrize("kind", ["plan_broken", "charges_taken_off"])
def test_a_letter_says_the_amount_and_the_whole_reference(invoice, kind):
    facts = {"outstanding": Decimal("98.70"), "amount": Decimal("24.75"), "due_on": invoice.due_on, "paid_on": None}
    facts |= {
        "on_hold": False,
        "plan": None,
        "start_again": False,
        "spared": False,
        "credit": Decimal(0),
        "parts": parts_of(invoice),
    }
    facts |= {"invoice_number": invoice.number, "reference_ending": invoice.payment_reference[-4:]}
    text = render(kind, language="nl", context=facts | open_link_context(invoice, until=invoice.due_on)).text
    block = text.replace("\xa0", " ").partition("Liever zelf overmaken?")[2]
    assert "IBAN: NL02 ABNA 0123 4567 89" in block
    assert "Bedrag: € 98,70" in block
    assert invoice.payment_reference in block.replace(" ", "")


@pytest.mark.parametrize(
    ("iban", "name", "wrong"), [(OURS, "B.V.", 0), ("NL00ABNA0123456789", "B.V.", 1), (OURS, "", 1)]
)
def test_a_wrong_account_of_ours_stops_the_deployment(settings, iban, name, wrong):
    settings.OPERATOR = settings.OPERATOR | {"iban": iban, "name": name}
    assert sum(found.level >= checks.ERROR for found in check_operator()) == wrong
