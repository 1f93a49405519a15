"""An invoice that is handed in again, written differently: the same when it means the same."""

from datetime import date
from typing import Any

import pytest
from django.utils import translation

from billing.models import Invoice, Patient
from portal.intake.batch import import_file
from tests import factories
from tests.portal.intake.batches import AGB_CODE, LEFT_OUT, batch, changed, invoice, written

TODAY = date(2026, 11, 16)
pytestmark = [pytest.mark.django_db]
FIRST = changed(batch(invoice(1)), ("invoices", 0, "patient", "surname"), "Zo\u00eb")


@pytest.fixture(autouse=True)
def practice(db):
    with translation.override("en"):
        yield factories.provider(agb_code=AGB_CODE)


def take_in(folder: Any, content: Any) -> Any:
    return import_file(written(folder, content), dry_run=False, today=TODAY, by="import:test")


SAME = [
    (("due_on",), LEFT_OUT),
    (("due_on",), "2026-12-02"),  # what the payment term makes of it
    (("coulance",), LEFT_OUT),
    (("insurer_paid",), LEFT_OUT),
    (("insurer_paid",), "0"),
    (("lines", 0, "code"), "c002"),
    (("patient", "address", "postcode"), "1234ab"),
    (("patient", "address", "country"), LEFT_OUT),
    (("patient", "mobile"), "06-12345678"),
    (("patient", "mobile"), "0031 6 12345678"),
    (("patient", "language"), LEFT_OUT),
    (("patient", "surname"), "Zoe\u0308"),
    (("patient", "surname"), "Zo\u00eb "),
    (("patient", "number"), " P-1 "),
    (("patient", "number"), "P\u20111"),
    (("number",), "2026-00001 "),
    (("number",), "\uff12\uff10\uff12\uff16-00001"),
    (("lines", 0, "quantity"), LEFT_OUT),
    (("lines", 0, "quantity"), 1.0),
    (("lines", 0, "unit_price"), "28.510".rstrip("0")),
    (("lines", 0, "tooth"), LEFT_OUT),
    (("lines", 0, "description"), "Periodieke  controle"),
    (("lines", 0, "description"), "Periodieke\u00a0controle"),
    (("lines", 0, "description"), "Perio\u00addieke controle"),
]


@pytest.mark.parametrize(("steps", "value"), SAME)
def test_written_differently_it_is_the_same_invoice(tmp_path, steps, value):
    take_in(tmp_path, FIRST)
    result = take_in(tmp_path, changed(FIRST, ("invoices", 0, *steps), value))
    assert (result.errors, result.new, result.known, result.outdated) == ([], 0, 1, set())
    assert (Invoice.objects.count(), Patient.objects.count()) == (1, 1)


OTHER = [
    (("due_on",), "2026-12-03"),
    (("issued_on",), "2026-11-03"),
    (("coulance",), True),
    (("insurer_paid",), "0.01"),
    (("patient", "number"), "P-9"),
    (("lines", 0, "quantity"), 2),
    (("lines", 0, "unit_price"), "28.52"),
    (("lines", 0, "tooth"), "36"),
    (("lines", 0, "description"), "Periodieke controles"),
    (("lines", 0, "performed_on"), "2026-10-27"),
]


@pytest.mark.parametrize(("steps", "value"), OTHER)
def test_what_means_something_else_is_refused(tmp_path, steps, value):
    take_in(tmp_path, FIRST)
    result = take_in(tmp_path, changed(FIRST, ("invoices", 0, *steps), value))
    assert [(error.path, error.code) for error in result.errors] == [("invoices[0].number", "invoice-differs")]


def test_other_facts_about_the_patient_are_said_and_change_nothing(tmp_path):
    take_in(tmp_path, FIRST)
    result = take_in(tmp_path, changed(FIRST, ("invoices", 0, "patient", "email"), "new@example.org"))
    assert (result.errors, result.known, result.outdated) == ([], 1, {"P-1"})
    assert Patient.objects.get().email == "p1@example.org"


def test_a_mobile_number_with_a_leading_zero_stays_exact(tmp_path):
    content = changed(batch(invoice(1)), ("invoices", 0, "patient", "mobile"), "+2250712345678")
    take_in(tmp_path, content)
    assert Patient.objects.get().mobile.as_e164 == "+2250712345678"


def test_the_same_name_in_two_spellings_is_one_patient_of_a_file(tmp_path):
    two = batch(invoice(1), invoice(2, patient=invoice(1)["patient"]))
    two = changed(two, ("invoices", 0, "patient", "surname"), "Zo\u00eb")
    two = changed(two, ("invoices", 1, "patient", "surname"), "Zoe\u0308")
    assert take_in(tmp_path, two).errors == []
    assert Patient.objects.get().surname == "Zo\u00eb"


def test_lines_in_another_order_are_the_same_invoice(tmp_path):
    two = batch(invoice(1))
    two["invoices"][0]["lines"].append(two["invoices"][0]["lines"][0] | {"tooth": "36"})
    take_in(tmp_path, two)
    two["invoices"][0]["lines"].reverse()
    result = take_in(tmp_path, two)
    assert (result.errors, result.known) == ([], 1)
