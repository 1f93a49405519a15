"""invoice-batch/2: corrections of patients, somebody else who pays, credit notes, dates of birth known in part."""

import io
from datetime import date
from typing import Any

import pytest
from django.utils import translation
from pypdf import PdfReader

from billing.documents import full_invoice
from billing.models import AuditEvent, Invoice, OutboxMessage, Patient, Payer
from billing.outbox.queue import queue_message
from portal.intake.batch import import_file
from tests import factories
from tests.billing.outbox.test_messages import FACTS
from tests.portal.intake.batches import AGB_CODE, INVOICE, batch, invoice, written
from tests.portal.intake.test_batch import everything

TODAY = date(2026, 11, 16)
pytestmark = [pytest.mark.django_db]
ADDRESS = INVOICE["patient"]["address"]
MOTHER = {
    "relation": "parent",
    "name": "A. de Vries-Jansen",
    "email": "mother@example.org",
    "language": "en",
    "address": ADDRESS | {"street": "Moederlaan"},
}

CHILD = INVOICE["patient"] | {"number": "P-1", "date_of_birth": "2015-02-28"}


@pytest.fixture(autouse=True)
def practice(db):
    with translation.override("en"):
        yield factories.provider(agb_code=AGB_CODE)


def take_in(folder: Any, content: Any, *, dry_run: bool = False) -> Any:
    return import_file(written(folder, content), dry_run=dry_run, today=TODAY, by="import:test")


def batch_2(*invoices: Any, **parts: Any) -> dict[str, Any]:
    made = batch(*invoices) | {"format": "invoice-batch/2"} | parts
    if not invoices:
        del made["invoices"]
    return made


def with_payer(place: int, payer: Any, **patient: Any) -> dict[str, Any]:
    return invoice(place, patient=CHILD | {"payer": payer} | patient)


def codes(result: Any) -> list[tuple[str, str]]:
    return [(error.path, error.code) for error in result.errors]


# --- corrections ------------------------------------------------------------------------------------


def test_only_what_is_written_is_corrected(tmp_path):
    take_in(tmp_path, batch(invoice(1)))
    correction = {"number": "P-1", "email": "new@example.org", "infix": None, "address": ADDRESS | {"city": "Elders"}}
    result = take_in(tmp_path, batch_2(patients=[correction]))
    assert (result.errors, result.patients_updated, result.new) == ([], 1, 0)
    patient = Patient.objects.get()
    assert (patient.email, patient.infix, patient.city) == ("new@example.org", "", "Elders")
    assert (patient.surname, str(patient.mobile), patient.initials) == ("Vries", "+31612345678", "J.")
    assert AuditEvent.objects.filter(action="patient_corrected").count() == 1
    assert OutboxMessage.objects.get().recipient == "p1@example.org"


@pytest.mark.parametrize(
    ("correction", "path", "code"),
    [
        ({"number": "P-9", "email": "a@example.org"}, "patients[0].number", "patient-unknown"),
        ({"number": "P-1"}, "patients[0]", "correction-empty"),
        ({"number": "P-1", "surname": None}, "patients[0].surname", "missing"),
        ({"number": "P-1", "surname": ""}, "patients[0].surname", "missing"),
        ({"number": "P-1", "initials": None}, "patients[0].initials", "missing"),
        ({"number": "P-1", "initials": ""}, "patients[0].initials", "missing"),
        ({"number": "P-1", "email": "a,b@example.org"}, "patients[0].email", "email-invalid"),
        ({"number": "P-1", "address": {"street": "Weg"}}, "patients[0].address.house_number", "missing"),
        ({"number": "P-1", "date_of_birth": "1999-01-01"}, "patients[0].date_of_birth", "patient-another-birth-date"),
        ({"number": "P-1", "initials": "K."}, "patients[0].initials", "patient-another-person"),
        ({"number": "P-1", "bsn": "111222333"}, "patients[0].bsn", "unknown-field"),
        ({"number": "P-1", "payer": {"relation": "aunt"}}, "patients[0].payer.relation", "relation-unknown"),
        ("P-1", "patients[0]", "not-an-object"),
    ],
)
def test_a_wrong_correction_changes_nothing(tmp_path, correction, path, code):
    take_in(tmp_path, batch(invoice(1)))
    before = everything()
    found = codes(take_in(tmp_path, batch_2(invoice(2), patients=[correction])))
    assert (path, code) in found
    assert everything() == before


@pytest.mark.parametrize("first", ["invoices", "patients"])
def test_a_patient_stands_once_in_a_file(tmp_path, first):
    take_in(tmp_path, batch(invoice(1)))
    content = batch_2(invoice(2, patient=invoice(1)["patient"]), patients=[{"number": "P-1", "email": None}])
    turned = {name: content[name] for name in sorted(content, key=lambda name: name != first)}
    assert [code for _path, code in codes(take_in(tmp_path, turned))] == ["patient-twice"]


# --- who pays ---------------------------------------------------------------------------------------


def test_messages_go_to_whoever_pays_and_the_invoice_names_them(tmp_path):
    take_in(tmp_path, batch_2(with_payer(1, MOTHER)))
    payer = Payer.objects.get()
    assert (payer.patient.number, payer.relation, payer.street) == ("P-1", "parent", "Moederlaan")
    row = Invoice.objects.get()
    message = queue_message("receipt", invoice=row, context=FACTS["receipt"], dedupe_key="r")
    assert (message.recipient, message.language) == ("mother@example.org", "en")
    pdf = " ".join(
        page.extract_text() for page in PdfReader(io.BytesIO(full_invoice.invoice_pdf(row, language="nl"))).pages
    )
    assert "A. de Vries-Jansen" in pdf
    assert "Moederlaan" in pdf


def test_another_payer_is_a_correction_told_to_the_one_before(tmp_path):
    take_in(tmp_path, batch_2(with_payer(1, MOTHER)))
    father = MOTHER | {"name": "B. de Vries", "email": "father@example.org"}
    take_in(tmp_path, batch_2(with_payer(2, father)))
    assert Payer.objects.get().email == "father@example.org"
    message = OutboxMessage.objects.get(kind="contact_changed")
    assert (message.recipient, message.language) == ("mother@example.org", "en")
    assert "who pays the invoices" in message.text


def test_batch_2_without_a_payer_ends_it_and_batch_1_knows_nothing_of_it(tmp_path):
    take_in(tmp_path, batch_2(with_payer(1, MOTHER)))
    take_in(tmp_path, batch(invoice(2, patient=CHILD)))
    assert Payer.objects.count() == 1
    take_in(tmp_path, batch_2(invoice(3, patient=CHILD)))
    assert Payer.objects.count() == 0


def test_a_correction_may_name_or_end_a_payer(tmp_path):
    take_in(tmp_path, batch(invoice(1, patient=CHILD)))
    take_in(tmp_path, batch_2(patients=[{"number": "P-1", "payer": MOTHER}]))
    assert Payer.objects.get().name == "A. de Vries-Jansen"
    take_in(tmp_path, batch_2(patients=[{"number": "P-1", "payer": None}]))
    assert not Payer.objects.exists()


def test_batch_1_has_no_payer(tmp_path):
    result = take_in(tmp_path, batch(with_payer(1, MOTHER)))
    assert codes(result) == [("invoices[0].patient.payer", "unknown-field")]


# --- dates of birth known in part -------------------------------------------------------------------


def test_a_date_of_birth_known_in_part_is_printed_so_and_may_become_more_exact(tmp_path):
    take_in(tmp_path, batch(invoice(1, patient=invoice(1)["patient"] | {"date_of_birth": "1960-00-00"})))
    pdf = full_invoice.invoice_pdf(Invoice.objects.get(), language="nl")
    assert "1960" in " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    exact = invoice(2, patient=invoice(1)["patient"] | {"date_of_birth": "1960-05-04"})
    assert take_in(tmp_path, batch(exact)).patients_updated == 1
    assert Patient.objects.get().identity["date_of_birth"] == "1960-05-04"
    other = invoice(3, patient=invoice(1)["patient"] | {"date_of_birth": "1960-06-00"})
    assert codes(take_in(tmp_path, batch(other))) == [
        ("invoices[0].patient.date_of_birth", "patient-another-birth-date")
    ]


# --- what an error says -----------------------------------------------------------------------------


def test_each_error_names_what_it_is_about_as_people_count(tmp_path):
    wrong = invoice(4, issued_on="x")
    content = batch_2(invoice(3), wrong, patients=[{"number": "P-9", "email": None}])
    first, second = take_in(tmp_path, content, dry_run=True).errors
    assert (first.path, first.code) == ("invoices[1].issued_on", "date-invalid")
    assert "invoice 2026-00004, number 2 in the file, patient P-4" in str(first)
    assert "patient P-9, number 1 of the patients in the file" in str(second)
