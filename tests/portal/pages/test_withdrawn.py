"""An invoice that was withdrawn: what was paid can still be proven, and nothing invites to claim it or to complain."""

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from billing.adjustments import credit_notes
from billing.documents import full_invoice, pdf
from billing.models import LedgerTransaction
from tests import factories
from tests.portal.pages.test_arrangement_pages import enter, text_of
from tests.portal.pages.test_invoice_page import book

pytestmark = pytest.mark.django_db


@pytest.fixture
def withdrawn():
    invoice = factories.invoice(amount="45.00")
    book(invoice, LedgerTransaction.Kind.PAYMENT, "-45.00")
    note = credit_notes.NewCreditNote(number="C-1", issued_on=timezone.localdate(), reason="Dubbel")
    credit_notes.take(invoice, note, by="staff:els")
    invoice.refresh_from_db()
    return invoice


def test_what_was_paid_is_proven_and_each_offer_leads_somewhere(client, withdrawn):
    enter(client, withdrawn)
    page = text_of(client.get(reverse("invoice", args=[withdrawn.token])))
    for name in ("proof", "proof_pdf", "statement", "code"):
        address = reverse(name, args=[withdrawn.token])
        assert name == "proof_pdf" or address in page
        assert client.get(address).status_code == (303 if name == "proof_pdf" else 200)  # a worker draws it
    assert reverse("complain", args=[withdrawn.token]) not in page
    assert "declareert" not in page


@pytest.mark.parametrize(("language", "says"), [("nl", "ingetrokken op"), ("en", "withdrawn on")])
def test_its_document_says_so_and_asks_nobody_to_claim_it(withdrawn, language, says):
    with translation.override(language):
        facts = full_invoice.facts(withdrawn)
    page = pdf.html(facts | {"qr": ""}, language=language)
    assert says in page
    assert "om de kosten te declareren" not in page
    assert "to claim it" not in page
