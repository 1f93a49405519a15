"""The rules for what becomes of a line, row by row."""

from decimal import Decimal
from typing import Any

import pytest

from banking.details import Details, counter_hash
from banking.matching.decide import Designation, Known, Why, designated, proposed
from banking.matching.references import Numbers, Place, Slip, written_in
from banking.matching.sorting import Sort, sort
from banking.models import BankLine
from billing.invoices.references import check_digit

NO_NUMBERS = Numbers({}, (), ())


def reference(body: str) -> str:
    return check_digit(body) + body


A, B = reference("123412341234123"), reference("987654321098765")


def invoice(ref: str, balance: str = "50.00", **other: Any) -> Known:
    return Known(int(ref[-4:]), ref, Decimal(balance), **other)


def booked(amount: str, *invoices: Known, text: str = "") -> list[tuple[str, str]]:
    """What is booked by itself of `amount`, when `text` (else the references of all) was written."""
    written = written_in([(Place.REMITTANCE, text or " en ".join(known.reference for known in invoices))])
    known = {one.reference: one for one in invoices}
    return [(d.invoice.reference, str(d.amount)) for d in designated(Decimal(amount), written.exact, known)]


@pytest.mark.parametrize("amount", ["50.00", "20.00", "70.00", "0.01"])
def test_one_exact_reference_books_all_of_it_whatever_the_amount(amount: str):
    assert booked(amount, invoice(A)) == [(A, amount)]


@pytest.mark.parametrize(
    "known", [invoice(A, "0.00"), invoice(A, "-10.00"), invoice(A, "0.00", withdrawn=True)], ids=str
)
def test_money_for_a_settled_or_withdrawn_invoice_is_booked_too(known: Known):
    assert booked("50.00", known) == [(A, "50.00")]


def test_money_for_an_erased_invoice_waits_for_a_person():
    known = invoice(A, erased=True)
    assert booked("50.00", known) == []
    assert [p.why for p in proposed(Decimal("50.00"), written_in([(Place.REMITTANCE, A)]), {A: known})] == [Why.ERASED]


def test_several_references_book_what_is_open_when_the_sum_is_exactly_that():
    assert booked("80.00", invoice(A, "50.00"), invoice(B, "30.00")) == [(A, "50.00"), (B, "30.00")]


@pytest.mark.parametrize("amount", ["79.99", "80.01", "50.00"])
def test_several_references_and_any_other_sum_wait_for_a_person(amount: str):
    first, second = invoice(A, "50.00"), invoice(B, "30.00")
    assert booked(amount, first, second) == []
    numbers = written_in([(Place.REMITTANCE, f"{A} {B}")])
    assert [p.why for p in proposed(Decimal(amount), numbers, {A: first, B: second})] == [Why.NAMED, Why.NAMED]


def test_several_references_one_of_them_settled_wait_for_a_person():
    assert booked("50.00", invoice(A, "50.00"), invoice(B, "0.00")) == []


def test_a_reference_that_nobody_has_books_nothing():
    assert booked("50.00", invoice(B), text=A) == []


def test_the_same_reference_in_two_places_is_one():
    written = written_in([(Place.STRUCTURED, A), (Place.REMITTANCE, f"BETALINGSKENM. {A}")])
    assert designated(Decimal("1.00"), written.exact, {A: invoice(A)}) == [Designation(invoice(A), Decimal("1.00"))]


@pytest.mark.parametrize(
    ("text", "slip"),
    [(A[:9] + str((int(A[9]) + 5) % 10) + A[10:], Slip.DIGIT), (A[:15], Slip.MISSING), (A[:14], Slip.CUT)],
)
def test_a_slip_is_proposed_and_never_booked(text: str, slip: Slip):
    assert booked("50.00", invoice(A), text=text) == []
    (found,) = proposed(Decimal("50.00"), written_in([(Place.REMITTANCE, text)]), {A: invoice(A)})
    assert (found.why, found.slip, found.same_amount) == (Why.SLIP, slip, True)


def test_a_slip_for_another_amount_says_so():
    (found,) = proposed(Decimal("49.00"), written_in([(Place.REMITTANCE, A[:15])]), {A: invoice(A)})
    assert not found.same_amount


def test_a_slip_of_a_settled_invoice_is_no_proposal():
    assert proposed(Decimal("50.00"), written_in([(Place.REMITTANCE, A[:15])]), {A: invoice(A, "0.00")}) == []


def test_the_same_amount_comes_first():
    numbers = Numbers({}, (A[:15], B[:15]), ())
    known = {A: invoice(A, "10.00"), B: invoice(B, "30.00")}
    assert [p.invoice.reference for p in proposed(Decimal("30.00"), numbers, known)] == [B, A]


def test_without_a_number_the_invoices_of_whom_the_account_paid_for_are_proposed():
    of_payer = [(invoice(A), 3), (invoice(B, "0.00"), 3)]
    (found,) = proposed(Decimal("50.00"), NO_NUMBERS, {}, of_payer)
    assert (found.invoice.reference, found.why, found.paid_before) == (A, Why.PAYER, 3)


def test_an_invoice_number_is_proposed_and_never_booked():
    ours, others = invoice(A, "50.00", number="2026-00123"), invoice(B, "30.00", number="2026-00123")
    assert booked("50.00", ours, text="factuur 2026-00123") == []
    found = proposed(Decimal("30.00"), NO_NUMBERS, {}, [(invoice(A), 2)], [ours, others])
    assert [(p.invoice.reference, p.why, p.same_amount) for p in found] == [
        (B, Why.NUMBER, True),
        (A, Why.NUMBER, False),
    ], "with whose amount it is first, and each once"
    assert proposed(Decimal("30.00"), NO_NUMBERS, {}, [], [invoice(A, "0.00", number="2026-00123")]) == []


def test_a_short_number_is_proposed_with_its_amount_alone():
    short = invoice(A, "50.00", number="1234")
    assert [p.why for p in proposed(Decimal("50.00"), NO_NUMBERS, {}, [], [short])] == [Why.NUMBER]
    assert proposed(Decimal("49.00"), NO_NUMBERS, {}, [], [short]) == []


def test_few_of_many_practices_with_one_number_are_proposed():
    many = [invoice(reference(f"{n:015d}"), "10.00", number="2026-00123") for n in range(40)]
    assert len(proposed(Decimal("9.00"), NO_NUMBERS, {}, [], many)) == 5


def test_a_name_or_an_amount_alone_is_no_proposal():
    assert proposed(Decimal("50.00"), written_in([(Place.REMITTANCE, "J. de Vries tandarts")]), {A: invoice(A)}) == []


# --- what a line is, before anybody looks for an invoice in it ------------------------------------

OURS, MOLLIE = "NL91ABNA0417164300", "NL02ABNA0123456789"


def sorted_as(amount: str, kind: str = "transfer", **said: str) -> Sort:
    line = BankLine(amount=Decimal(amount), kind=kind, counter_hash=counter_hash(said.get("iban", "")))
    return sort(
        line,
        Details(structured=A, text=A, **said),
        own_accounts={counter_hash(OURS)},
        gateways={counter_hash(MOLLIE)},
        is_our_order=lambda reference: reference.startswith("ZR"),
    )


@pytest.mark.parametrize(
    ("amount", "kind", "said", "wanted"),
    [
        ("10.00", "transfer", {}, Sort.RECEIPT),
        ("10.00", "returned", {}, Sort.CAME_BACK),
        ("10.00", "reversal", {}, Sort.CAME_BACK),
        ("10.00", "transfer", {"return_code": "AC04"}, Sort.CAME_BACK),
        ("10.00", "transfer", {"end_to_end": "ZR123"}, Sort.CAME_BACK),
        ("10.00", "transfer", {"batch": "ZR123"}, Sort.CAME_BACK),
        ("-10.00", "returned", {}, Sort.TAKEN_BACK),
        ("-10.00", "reversal", {}, Sort.TAKEN_BACK),
        ("-10.00", "transfer", {"end_to_end": "ZR123"}, Sort.OUR_ORDER),
        ("-10.00", "batch", {"batch": "ZR123"}, Sort.OUR_ORDER),
        ("10.00", "transfer", {"iban": OURS}, Sort.OWN_TRANSFER),
        ("-10.00", "transfer", {"iban": OURS}, Sort.OWN_TRANSFER),
        ("10.00", "transfer", {"iban": MOLLIE}, Sort.GATEWAY),
        ("-10.00", "charges", {}, Sort.CHARGES),
        ("10.00", "interest", {}, Sort.INTEREST),
        ("-10.00", "transfer", {}, Sort.UNKNOWN_DEBIT),
        ("-10.00", "direct_debit", {}, Sort.UNKNOWN_DEBIT),
        ("10.00", "cash", {}, Sort.CASH),
        ("10.00", "batch", {}, Sort.BATCH),
    ],
)
def test_what_a_line_is_although_it_names_an_invoice(amount: str, kind: str, said: dict[str, str], wanted: Sort):
    assert sorted_as(amount, kind, **said) == wanted
