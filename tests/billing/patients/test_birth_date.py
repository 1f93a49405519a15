"""Correcting a wrong date of birth: two people, a reason, and the patient told."""

import io
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from billing.errors import Refused, Stale
from billing.models import AccessEvent, AuditEvent, BirthDateChange, OutboxMessage, Patient, StaffTask
from billing.patients import birth_date
from portal.intake.batch import import_file
from tests import factories
from tests.portal.intake.batches import AGB_CODE, batch, changed, invoice, written
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
WRONG, RIGHT, BY = "1980-02-29", "1980-03-01", "command:anna"
PAGE = "/beheer/billing/birthdatechange/"


@pytest.fixture(autouse=True)
def patient(db, tmp_path):
    factories.provider(agb_code=AGB_CODE)
    assert take_in(tmp_path, batch(invoice(1))).errors == []
    return Patient.objects.get()


def take_in(folder, content):
    return import_file(written(folder, content), dry_run=False, today=date(2026, 11, 16), by="import:test")


def with_date(place, born):
    return invoice(place, patient=changed(invoice(1)["patient"], ("date_of_birth",), born))


def asked(patient, born=RIGHT):
    return birth_date.ask(patient, date_of_birth=born, reason="the practice saw a passport", by=BY)


def test_it_counts_once_somebody_else_has_approved(patient, tmp_path):
    change = asked(patient)
    patient.refresh_from_db()
    assert patient.identity["date_of_birth"] == WRONG
    assert StaffTask.objects.get(closed_at=None).kind == "birth_date_waits"
    with pytest.raises(Refused, match="zelf"):
        birth_date.decide(change, approved=True, by="staff:Anna")
    birth_date.decide(change, approved=True, by="staff:bram")
    patient.refresh_from_db()
    assert patient.identity == {"date_of_birth": RIGHT, "insurer_uzovi": "3311", "insured_number": "123456789"}
    assert not StaffTask.objects.filter(closed_at=None).exists()
    acts = AuditEvent.objects.filter(action__startswith="birth_date").values_list("action", "by")
    assert list(acts) == [("birth_date_asked", BY), ("birth_date_approved", "staff:bram")]
    mail = OutboxMessage.objects.get()
    assert "uw geboortedatum" in mail.text
    assert "1980" not in mail.text
    with pytest.raises(Stale):
        birth_date.decide(change, approved=True, by="staff:carla")


def test_afterwards_batches_with_the_right_date_are_taken_and_with_the_wrong_one_refused(patient, tmp_path):
    assert take_in(tmp_path, batch(with_date(2, RIGHT))).errors[0].code == "patient-another-birth-date"
    birth_date.decide(asked(patient), approved=True, by="staff:bram")
    assert take_in(tmp_path, batch(with_date(2, RIGHT))).errors == []
    correction = [{"number": "P-1", "initials": "J.P."}]
    later = batch() | {"format": "invoice-batch/2", "invoices": [], "patients": correction}
    assert take_in(tmp_path, later).errors == [], "not compared with the invoice of before"
    assert take_in(tmp_path, batch(with_date(3, WRONG))).errors[0].code == "patient-another-birth-date"


def test_refused_it_changes_nothing(patient):
    change = asked(patient)
    birth_date.decide(change, approved=False, by="staff:anna")
    patient.refresh_from_db()
    assert patient.identity["date_of_birth"] == WRONG
    assert not OutboxMessage.objects.exists()


def test_a_second_request_supersedes_the_first(patient):
    first, second = asked(patient), asked(patient, "1980-04-01")
    with pytest.raises(Stale):
        birth_date.decide(first, approved=True, by="staff:bram")
    birth_date.decide(second, approved=True, by="staff:bram")


@pytest.mark.parametrize(("born", "reason"), [("1980-02-30", "x"), ("", "x"), (WRONG, "x"), (RIGHT, "  ")])
def test_what_is_wrong_is_refused_with_a_sentence(patient, born, reason):
    with pytest.raises(Refused):
        birth_date.ask(patient, date_of_birth=born, reason=reason, by=BY)
    assert not BirthDateChange.objects.exists()


def test_date_and_reason_are_sealed(patient):
    row = BirthDateChange.objects.filter(pk=asked(patient).pk).values().get()
    assert RIGHT.encode() not in bytes(row["sealed_facts"])
    assert b"passport" not in bytes(row["sealed_facts"])


def test_the_command_reads_what_nobody_may_find_in_a_history(patient, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{RIGHT}\nthe practice saw a passport\n"))
    call_command("correct_birth_date", AGB_CODE, "P-1")
    assert BirthDateChange.objects.get().facts["date_of_birth"] == RIGHT
    assert "/beheer/" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("correct_birth_date", AGB_CODE, "P-2")


def test_at_the_desk_it_is_approved_by_the_practice_after_a_look_that_is_written_down(patient):
    change = asked(patient)
    approver = signed_in(factories.staff(provider=patient.provider, role="approver"))
    page = approver.get(f"{PAGE}{change.pk}/change/").content.decode()
    assert "29 februari 1980" in page
    assert "1 maart 1980" in page
    assert "passport" in page
    assert AccessEvent.objects.filter(patient=patient).exists()
    approver.post(PAGE, {"action": "approve", "_selected_action": change.pk})
    patient.refresh_from_db()
    assert patient.identity["date_of_birth"] == RIGHT
    other = signed_in(factories.staff(provider=factories.provider(), role="approver"))
    assert other.get(f"{PAGE}{change.pk}/change/").status_code == 404
