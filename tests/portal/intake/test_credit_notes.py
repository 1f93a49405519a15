"""Credit notes in a batch: booked once, refused with a sentence that says what is wrong, and nothing in between."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from billing import ledger
from billing.models import CreditNote, Invoice
from portal.intake.batch import import_file
from portal.intake.result import BatchResult
from tests import factories
from tests.portal.intake.batches import AGB_CODE, INVOICE, batch, invoice

TODAY = date(2026, 11, 16)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def practice(db):
    with translation.override("en"):
        yield factories.provider(agb_code=AGB_CODE)


@pytest.fixture
def take_in(tmp_path):
    def take(*notes: dict[str, Any], invoices: tuple[dict[str, Any], ...] = (), dry_run: bool = False) -> BatchResult:
        content = batch(*invoices) | {"format": "invoice-batch/2", "credit_notes": list(notes)}
        path = tmp_path / "batch.json"
        path.write_text(json.dumps(content if notes else batch(*invoices)))
        return import_file(path, dry_run=dry_run, today=TODAY, by="import:test")

    take(invoices=(invoice(1), invoice(2)))
    return take


def note(number="C-1", credits="2026-00001", **fields):
    given = {"number": number, "credits": credits, "issued_on": "2026-11-10", "reason": "Double"}
    return given | fields


def lines(*prices):
    return [INVOICE["lines"][0] | {"unit_price": price} for price in prices]


def owed(number="2026-00001"):
    return ledger.balance(Invoice.objects.get(number=number).pk)


def codes(result):
    return [(error.path, error.code) for error in result.errors]


def test_whole_and_in_part_beside_a_new_invoice(take_in):
    result = take_in(note(), note("C-2", "2026-00002", lines=lines("20.00")), invoices=(invoice(3),))
    assert (result.errors, result.new, result.credited) == ([], 1, 2)
    assert (owed(), owed("2026-00002"), owed("2026-00003")) == (0, Decimal("8.51"), Decimal("28.51"))
    assert Invoice.objects.get(number="2026-00001").withdrawn_at
    booked = CreditNote.objects.get(number="C-2")
    assert (booked.by, booked.content["reason"], len(booked.content["lines"])) == ("import:test", "Double", 1)


def test_only_checked_changes_nothing(take_in):
    result = take_in(note(), dry_run=True)
    assert (result.errors, result.credited) == ([], 1)
    assert not CreditNote.objects.exists()


def test_the_same_again_is_known_whatever_the_spaces(take_in):
    take_in(note(lines=lines("20.00")))
    result = take_in(note(lines=lines("20.0"), reason=" Double "))
    assert (result.errors, result.credited, owed()) == ([], 0, Decimal("8.51"))
    other = take_in(note(lines=lines("21.00")))
    assert codes(other) == [("credit_notes[0].number", "credit-note-differs")]
    assert owed() == Decimal("8.51")


@pytest.mark.parametrize(
    ("notes", "wrong"),
    [
        ([note(credits="2026-00099")], ("credit_notes[0].credits", "credits-unknown")),
        ([note("2026-00002")], ("credit_notes[0].number", "number-twice")),
        ([note(lines=lines("28.52"))], ("credit_notes[0].lines", "credit-refused")),
        ([note(lines=lines("20.00")), note("C-2", lines=lines("20.00"))], ("credit_notes[1].lines", "credit-refused")),
        ([note(), note("C-2")], ("credit_notes[1].credits", "credit-refused")),
    ],
)
def test_what_can_not_be_credited_is_refused_and_nothing_of_the_file_is_done(take_in, notes, wrong):
    result = take_in(*notes, invoices=(invoice(3),))
    assert wrong in codes(result)
    assert not CreditNote.objects.exists()
    assert Invoice.objects.count() == 2


def test_the_invoice_of_another_practice_is_unknown(take_in):
    factories.invoice(number="2026-00077")
    assert codes(take_in(note(credits="2026-00077"))) == [("credit_notes[0].credits", "credits-unknown")]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"code": "C003"}, "Line 2 of this credit note is not on the invoice"),
        ({"performed_on": "2026-10-27"}, "Line 2 of this credit note is not on the invoice"),
        ({"tooth": "11"}, "Line 2 of this credit note is not on the invoice"),
        ({"unit_price": "9.52"}, "Line 2 of this credit note takes more off than is left"),
    ],
)
def test_a_line_that_is_not_on_the_invoice_is_refused_by_its_number(take_in, change, sentence):
    other = INVOICE["lines"][0] | {"code": "V11", "unit_price": "50.00"}
    take_in(invoices=(invoice(3, lines=[INVOICE["lines"][0], other]),))
    given = lines("20.00", "8.51")
    given[1] |= change
    result = take_in(note(credits="2026-00003", lines=given))
    assert codes(result) == [("credit_notes[0].lines[1]", "credit-line")]
    assert result.errors[0].sentence.startswith(sentence)
    assert not CreditNote.objects.exists()


def test_of_a_line_no_more_is_credited_than_it_is_by_several_notes(take_in):
    other = INVOICE["lines"][0] | {"code": "V11", "unit_price": "50.00"}
    take_in(invoices=(invoice(3, lines=[INVOICE["lines"][0], other]),))
    again = {"credits": "2026-00003", "lines": lines("20.00")}
    assert codes(take_in(note(**again), note("C-2", **again))) == [("credit_notes[1].lines[0]", "credit-line")]
    assert take_in(note(**again)).credited == 1
    assert codes(take_in(note("C-2", **again))) == [("credit_notes[0].lines[0]", "credit-line")]
    spelt = [lines("8.51")[0] | {"description": "Controle, in other words"}]
    assert take_in(note("C-3", "2026-00003", lines=spelt)).credited == 1


@pytest.mark.parametrize("when", ["before", "beside"])
def test_an_invoice_and_a_credit_note_never_share_a_number(take_in, when):
    if when == "before":
        assert take_in(note("2026-00003")).credited == 1
        result = take_in(invoices=(invoice(3),))
        assert codes(result) == [("invoices[0].number", "number-twice")]
    else:
        result = take_in(note("2026-00003"), invoices=(invoice(3),))
        assert codes(result) == [("credit_notes[0].number", "number-twice")]
    assert not Invoice.objects.filter(number="2026-00003").exists()
