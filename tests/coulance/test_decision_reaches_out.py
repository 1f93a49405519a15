"""What a decision changes outside the desk: the printed invoice, and what the bank is asked for."""

import io
import json
import re

import pytest
from pypdf import PdfReader

from billing.documents import full_invoice
from billing.payments import attempts
from coulance import decisions
from tests.billing.payments import bank
from tests.coulance.desk.desk_cases import REASON, at_desk, granted, staff_of

pytestmark = pytest.mark.django_db(transaction=True)


def decide(case, due, act=decisions.approve):
    case.refresh_from_db()
    act(case, outcome=granted(due), reason=REASON, version=case.version, by=staff_of(case))


def printed(case, language="nl"):
    document = full_invoice.invoice_pdf(case.invoice, language=language)
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(document)).pages).split())


def test_the_pdf_shows_the_reduction_and_what_is_left_and_follows_a_correction():
    case = at_desk()
    before = printed(case)
    assert re.search(r"1\.000,00", before)
    assert "250,00" not in before
    decide(case, "750.00")
    after = printed(case)
    assert re.search(r"[-−] ?(€ ?)?250,00|€ ?[-−] ?250,00", after), after
    assert "750,00" in after
    decide(case, "600.00", decisions.correct)
    corrected = printed(case)
    assert "600,00" in corrected
    assert "750,00" not in corrected
    assert "600.00" in printed(case, "en")
    assert REASON not in corrected


def test_the_bank_is_asked_for_exactly_the_new_total(sandbox):
    case = at_desk()
    decide(case, "750.00")
    first = bank.start(case.invoice)
    assert json.loads(first.request_body)["amount"] == {"currency": "EUR", "value": "750.00"}
    assert bank.row(first).amount_cents == 75_000
    decide(case, "600.00", decisions.correct)
    second = bank.start(case.invoice)
    assert bank.row(second).amount_cents == 60_000
    first.refresh_from_db()
    assert first.superseded_at
    bank.end(second, "paid")
    attempts.sync_payment(second.pk)
    assert bank.balance(case.invoice) == 0
