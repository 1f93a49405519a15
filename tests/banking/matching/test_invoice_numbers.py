"""Finding what may be an invoice number in the words of a payer, as practices and payers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banking.matching import lines
from banking.matching.decide import Why
from banking.matching.invoice_numbers import numbers_in
from banking.matching.references import Place
from banking.models import BankLine, LineMatch
from tests import factories
from tests.banking.matching.payments import paid, settled


def found(text: str, place: Place = Place.REMITTANCE) -> tuple[str, ...]:
    return numbers_in([(place, text)])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("factuur 2026-00123", "2026-00123"),
        ("Factuurnr.:2026-00123, mvg", "2026-00123"),
        ("nr.2026-00123", "2026-00123"),
        ("202600123", "2026-00123"),
        ("2026 00123 tandarts", "2026-00123"),
        ("2026/00123", "2026-00123"),
        ("2026-00123.", "2026-00123"),
        ("rekening 2026-00\n123", "2026-00123"),
        ("rekening\n2026-00123", "2026-00123"),
        ("(f-20260012)", "F-20260012"),
        ("F 20260012", "F20260012"),
        ("INV.2026.17", "INV.2026.17"),
        ("nota 4711", "4711"),
        ("P12/2026/0099 en bedankt", "P12-2026-0099"),
    ],
)
def test_a_number_is_found_as_people_write_it(text: str, number: str):
    assert number in found(text)


@pytest.mark.parametrize(
    "text", ["", "tandarts, bedankt", "28-11-2026", "2026", "2026-11-28", "7777444422220000", "nr 12", "wk 3/4"]
)
def test_dates_years_and_payment_references_are_none(text: str):
    assert found(text) == ()


def test_what_the_bank_says_once_more_is_not_read():
    assert found("/TRTP/SEPA/IBAN/NL20INGB0001234567/REMI/2026-00123", Place.ADDITIONAL) == ()


@given(text=st.text(max_size=600))
def test_any_text_gives_a_few_short_numbers(text: str):
    numbers = found(text)
    assert len(numbers) <= 60
    assert all(len(number) <= 40 for number in numbers)


@pytest.mark.django_db(transaction=True)
def test_it_is_proposed_with_its_reason_and_booked_by_a_person():
    invoice, same = factories.invoice(amount="50.00", number="2026-00123"), factories.invoice(number="2026-00123")
    line = paid("50.00", "factuur 202600123")
    assert settled(line).proposed == 1
    assert line.status == BankLine.Status.PROPOSED
    proposals = lines.read_line(line).proposals
    assert [(p.invoice.invoice_id, p.why) for p in proposals] == [(invoice.pk, Why.NUMBER), (same.pk, Why.NUMBER)]
    assert not LineMatch.objects.exists()
