"""A patient number that we know: corrections, and that nobody ever gets to read about somebody else's care."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone, translation
from pypdf import PdfReader

from billing.documents import full_invoice
from billing.errors import Refused
from billing.models import AuditEvent, CareDetail, Invoice, OutboxMessage, Patient, StaffTask
from billing.outbox import delivery
from billing.outbox.queue import queue_message
from billing.patients import registration
from billing.privacy import export, rotation
from guests import sms_code
from portal.intake.batch import import_file
from tests import factories
from tests.billing.outbox.test_messages import FACTS
from tests.billing.test_encryption import key
from tests.portal.intake.batches import AGB_CODE, batch, changed, invoice, written
from tests.portal.intake.test_batch import everything

TODAY = date(2026, 11, 16)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def practice(db):
    with translation.override("en"):
        yield factories.provider(agb_code=AGB_CODE, phone="+31201234567")


def take_in(folder: Any, content: Any) -> Any:
    return import_file(written(folder, content), dry_run=False, today=TODAY, by="import:test")


def with_patient(place: int, *facts: tuple[tuple[str, ...], str]) -> dict[str, Any]:
    """An invoice of the patient P-1 with other facts about them."""
    patient = invoice(1)["patient"]
    for steps, value in facts:
        patient = changed(patient, steps, value)
    return invoice(place, patient=patient)


SOMEBODY_ELSE = (
    (("surname",), "Bakker"),
    (("date_of_birth",), "1999-01-01"),
    (("mobile",), "+31687654321"),
    (("email",), "stranger@example.org"),
)


def test_another_person_under_a_known_number_changes_nothing(tmp_path):
    take_in(tmp_path, batch(invoice(1), invoice(7)))
    before = everything()
    result = take_in(tmp_path, batch(invoice(8), with_patient(2, *SOMEBODY_ELSE)))
    assert [error.path for error in result.errors] == ["invoices[1].patient.date_of_birth"]
    assert "a number of their own" in result.errors[0].sentence
    assert everything() == before


def test_a_twin_under_a_known_number_is_refused(tmp_path):
    take_in(tmp_path, batch(invoice(1)))
    result = take_in(tmp_path, batch(with_patient(2, (("initials",), "K."))))
    assert [error.path for error in result.errors] == ["invoices[0].patient.initials"]
    assert Invoice.objects.count() == 1


def test_a_dry_run_says_so_too(tmp_path):
    take_in(tmp_path, batch(invoice(1)))
    path = written(tmp_path, batch(with_patient(2, *SOMEBODY_ELSE)))
    assert import_file(path, dry_run=True, today=TODAY, by="import:test").error_count == 1


def test_the_same_number_at_another_practice_is_another_person(tmp_path):
    take_in(tmp_path, batch(invoice(1)))
    factories.provider(agb_code="04000001")
    content = batch(with_patient(2, *SOMEBODY_ELSE)) | {"provider": {"agb_code": "04000001"}}
    assert take_in(tmp_path, content).patients_created == 1
    assert {row.surname for row in Patient.objects.all()} == {"Vries", "Bakker"}


def test_an_invoice_stays_in_the_name_in_which_it_was_handed_in(tmp_path):
    take_in(tmp_path, batch(invoice(1)))
    moved = ((("surname",), "Jansen"), (("address", "city"), "Elders"), (("insurer_uzovi",), "7095"))
    take_in(tmp_path, batch(with_patient(2, *moved)))
    texts = []
    for number in ("2026-00001", "2026-00002"):
        pdf = full_invoice.invoice_pdf(Invoice.objects.get(number=number), language="nl")
        texts.append(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))
    assert all(fact in texts[0] for fact in ("de Vries", "Ons Dorp", "3311", "29 februari 1980", "P-1"))
    assert all(fact in texts[1] for fact in ("de Jansen", "Elders", "7095", "29 februari 1980", "P-1"))
    assert "Jansen" not in texts[0]


def test_the_frozen_person_is_sealed_exported_and_sealed_again_with_a_new_key(tmp_path, settings):
    take_in(tmp_path, batch(invoice(1)))
    care = CareDetail.objects.get()
    assert care.person == {
        "number": "P-1", "initials": "J.", "infix": "de", "surname": "Vries", "street": "Dorpsstraat",
        "house_number": "1a", "postcode": "1234 AB", "city": "Ons Dorp", "country": "NL", "date_of_birth": "1980-02-29",
        "insurer_uzovi": "3311", "insured_number": "123456789",
    }  # fmt: skip
    assert b"Vries" not in bytes(care.sealed_person)
    assert care.person in [facts["person"] for facts in export.of_invoice(care.invoice)["care details"]]
    settings.FIELD_KEYS = f"{key(9)},{settings.FIELD_KEYS}"
    assert rotation.rotate(CareDetail) == 2
    again = CareDetail.objects.get()
    assert bytes(again.sealed_person)[0] == 9
    assert again.person == care.person


def test_a_correction_is_recorded_with_endings_only_and_told_to_the_old_address(tmp_path):
    take_in(tmp_path, batch(invoice(1)))
    new = ((("surname",), "Jansen"), (("email",), "new@other.example"), (("mobile",), "+31687654321"))
    assert take_in(tmp_path, batch(with_patient(2, *new))).patients_updated == 1
    event = AuditEvent.objects.get(action="patient_corrected")
    assert event.invoice.number == "2026-00001"
    assert event.details == {
        "fields": ["email", "mobile", "surname"],
        "endings": {"mobile": ["78", "21"], "email": ["p1@ex", "ew@ot"]},
    }
    message = OutboxMessage.objects.get()
    assert (message.kind, message.recipient, message.language) == ("contact_changed", "p1@example.org", "nl")
    for line in ("uw e-mailadres", "uw mobiele nummer", "uw naam"):
        assert line in message.text
    for secret in ("Jansen", "new@other", "87654321", "2026-00001"):
        assert secret not in message.text + message.subject


def test_what_waits_for_the_old_address_goes_to_the_new_one(tmp_path):
    take_in(tmp_path, batch(invoice(1)))
    row = Invoice.objects.get()
    waiting = queue_message("receipt", invoice=row, context=FACTS["receipt"], dedupe_key="r")
    take_in(tmp_path, batch(with_patient(2, (("email",), "new@other.example"))))
    waiting.refresh_from_db()
    assert waiting.recipient == "new@other.example"


def corrected(folder: Any, **fields: Any) -> Any:
    content = batch() | {"format": "invoice-batch/2", "invoices": [], "patients": [{"number": "P-1"} | fields]}
    return take_in(folder, content)


def test_nothing_leaves_for_an_address_that_was_removed(tmp_path):
    take_in(tmp_path, batch(invoice(1)))
    row = Invoice.objects.get()
    waiting = queue_message("receipt", invoice=row, context=FACTS["receipt"], dedupe_key="r")
    assert corrected(tmp_path, email=None).errors == []
    waiting.refresh_from_db()
    assert (waiting.status, waiting.recipient) == (OutboxMessage.Status.FAILED, "")
    assert StaffTask.objects.get(kind="message_failed").invoice == row
    assert {message.kind for message in OutboxMessage.objects.filter(status="queued")} == {"contact_changed"}
    with pytest.raises(Refused, match="was removed"):
        delivery.send_again(waiting, by="staff:a")
    assert corrected(tmp_path, email="new@other.example").errors == []
    waiting.refresh_from_db()
    delivery.send_again(waiting, by="staff:a")
    assert waiting.recipient == "new@other.example"


def test_what_failed_is_sent_again_to_the_address_that_counts(tmp_path):
    take_in(tmp_path, batch(invoice(1)))
    row = Invoice.objects.get()
    failed = queue_message("receipt", invoice=row, context=FACTS["receipt"], dedupe_key="r")
    OutboxMessage.objects.update(status=OutboxMessage.Status.FAILED)
    corrected(tmp_path, email="new@other.example")
    failed.refresh_from_db()
    assert failed.recipient == "new@other.example"


def test_three_small_corrections_do_not_lead_to_another_person(tmp_path):
    take_in(tmp_path, batch(invoice(1)))
    assert corrected(tmp_path, initials="J.P.").errors == []
    result = corrected(tmp_path, initials="P.")
    assert [error.code for error in result.errors] == ["patient-another-person"]
    assert Patient.objects.get().initials == "J.P."
    assert take_in(tmp_path, batch(with_patient(2, (("initials",), "P.")))).errors[0].code == "patient-another-person"
    assert corrected(tmp_path, initials="J.").errors == [], "back to where it began"


def test_without_the_first_invoice_each_step_would_pass(tmp_path, monkeypatch):
    """The twin: compared with the last correction only."""
    take_in(tmp_path, batch(invoice(1)))
    monkeypatch.setattr(registration, "drift", lambda first, given: None)
    assert corrected(tmp_path, initials="J.P.").errors == []
    assert corrected(tmp_path, initials="P.").errors == []


def test_an_unchanged_patient_is_told_nothing(tmp_path):
    take_in(tmp_path, batch(invoice(1)))
    take_in(tmp_path, batch(with_patient(2)))
    assert not OutboxMessage.objects.exists()
    assert not AuditEvent.objects.filter(action="patient_corrected").exists()


@pytest.mark.parametrize("had", ["+31612345678", ""])
def test_no_code_goes_to_a_changed_number_for_a_day(tmp_path, had, sandbox):
    take_in(tmp_path, batch(with_patient(1, (("mobile",), had))))
    take_in(tmp_path, batch(with_patient(2, (("mobile",), "+31687654321"))))
    row = Invoice.objects.select_related("patient").get(number="2026-00001")
    asked = {"holder": "a" * 64, "network": "192.0.2.1"}
    now = timezone.now()
    assert "another mobile number" in sms_code.next_code(row, network="192.0.2.1", by_link=False, now=now)
    with pytest.raises(sms_code.TooOften, match="we wait a day") as refusal:
        sms_code.send_code(row, now=now, **asked)
    assert 86_000 < refusal.value.wait_seconds <= 86_400
    assert sms_code.send_code(row, now=now + timedelta(days=1, minutes=1), **asked)
