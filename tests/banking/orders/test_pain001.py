"""The payment file is valid for the official schema, whatever the names; no address stands in it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sepaxml
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from banking.models.orders import OURS, new_batch_reference, new_order_reference
from banking.orders import pain001, payees, target_days
from billing.errors import Refused

IBAN = "NL91ABNA0417164300"
AT = datetime(2026, 11, 28, 18, 0, tzinfo=UTC)
_XSD = Path(sepaxml.__file__).parent / "schemas" / "pain.001.001.09.xsd"


@pytest.fixture(scope="module")
def schema():
    return xmlschema.XMLSchema(_XSD)


def _file(*payments):
    return pain001.write(
        "ZR-B-1", payments, name="Zorgrekening", iban=IBAN, created_at=AT, execute_on=date(2026, 11, 30)
    )


def _payment(name="A. de Vries", text="Terugbetaling rekening 2026-1", amount="12.34"):
    return pain001.Payment(new_order_reference(), Decimal(amount), payees.right(name, "NL02ABNA0123456789", text))


def test_the_file_is_valid_and_adds_up(schema):
    content = _file(_payment(), _payment(text="", amount="0.01"))
    schema.validate(content.decode().partition("?>")[2])
    for part in (
        b"<CtrlSum>12.35</CtrlSum>",
        b"<NbOfTxs>2</NbOfTxs>",
        b"<PmtInfId>ZR-B-1</PmtInfId>",
        b"SEPA",
        b"SLEV",
    ):
        assert part in content
    assert b"PstlAdr" not in content


def test_the_schema_would_notice(schema):
    wrong = _file(_payment()).replace(b"<PmtMtd>TRF</PmtMtd>", b"<PmtMtd>X</PmtMtd>")
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema.validate(wrong.decode().partition("?>")[2])


@given(name=st.text(max_size=200), text=st.text(max_size=300))
def test_any_name_and_text_gives_a_file_that_banks_take(name, text):
    try:
        payee = payees.right(name, "NL02ABNA0123456789", text)
    except Refused:
        return
    for written, most in ((payee.name, 70), (payee.text, 140)):
        assert len(written) <= most
        assert "//" not in written
        assert not written.startswith("/")
        assert not written.endswith("/")
        assert all(c.isascii() and (c.isalnum() or c in "/-?:().,'+ ") for c in written)


def test_the_same_facts_are_the_same_bytes():
    payment = _payment(name="Renée Çelik-Øst & Zn.")
    assert payment.payee.name == "Renee Celik-Ost Zn."
    assert _file(payment) == _file(payment)


def test_references_are_ours_and_fit():
    for make in (new_order_reference, new_batch_reference):
        made = {make() for _number in range(200)}
        assert len(made) == 200
        assert all(OURS.fullmatch(reference) and len(reference) <= 35 for reference in made)
    assert not OURS.fullmatch("1234567890123456")


@pytest.mark.parametrize(
    ("day", "settles"),
    [
        (date(2026, 12, 25), False),
        (date(2026, 4, 3), False),  # Good Friday
        (date(2026, 4, 27), True),  # King's Day: Dutch banks settle in euros
        (date(2026, 11, 28), False),  # Saturday
        (date(2026, 12, 31), True),
    ],
)
def test_target_days(day, settles):
    assert target_days.is_target_day(day) is settles


def test_terms_are_counted_in_target_days():
    assert target_days.target_day_from(date(2026, 12, 25)) == date(2026, 12, 28)
    assert target_days.target_days_after(date(2026, 12, 24), 1) == date(2026, 12, 28)
