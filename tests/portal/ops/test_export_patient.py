"""Everything that is held of one patient, for that patient: complete, of nobody else, and written down first."""

import getpass
import json
import zipfile
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from billing.documents import full_invoice
from billing.invoices import holds
from billing.models import AccessEvent, AuditEvent, Hold, Invoice, OutboxMessage, Patient, Payment, PaymentPlan
from billing.privacy import access_log
from billing.privacy import export as billing_export
from coulance import cases
from coulance import export as coulance_export
from coulance.models import CoulanceCase
from tests import factories
from tests.coulance.desk import desk_cases

pytestmark = pytest.mark.django_db
# Tables of the rooms that tell of no patient.
OF_NOBODY = {
    "Provider", "Staff", "AccessChain", "PracticeRules", "DayFigure", "StoredFile", "IbanChange", "SubmittedBatch",
    "FailedTry", "BounceIntake", "DayClock", "Comparison", "LastRun", "IntakeChoice", "SubmittedFile", "ClerkRight",
    "Membership", "Invitation", "AgbChange", "PracticeChange", "DetailsChange",
    "NoteTemplate", "PracticeLogo", "Alert", "AlertNotice",
}  # fmt: skip
# Files of a moment: what stands in them is made of rows that are exported, and gone within an hour.
COPIES = {"DrawingOrder"}


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path


def export(patient, path) -> tuple[dict, dict[str, bytes]]:
    """What stands in the zip: the facts, and the other files."""
    call_command("export_patient", patient.provider.agb_code, patient.number, "--out", str(path))
    with zipfile.ZipFile(path) as pack:
        content = {name: pack.read(name) for name in pack.namelist()}
    return json.loads(content.pop("patient.json")), content


@pytest.fixture
def case():
    """A patient with an invoice, a document, a payment, a plan, a mail, a hold, and a case with a file and a word."""
    case = desk_cases.at_desk()
    invoice = case.invoice
    full_invoice.invoice_pdf(invoice, language="nl")
    tokens = {name: f"secret-{name}" for name in ("token", "webhook_token", "idempotency_key")}
    Payment.objects.create(invoice=invoice, amount=Decimal("12.34"), status="failed", mollie_id="tr_known", **tokens)
    PaymentPlan.objects.create(invoice=invoice, kind="deferral", total=Decimal("5.00"), agreed_by="patient")
    holds.place_hold(invoice, Hold.STAFF, by="staff:jansen", written="belde op maandag")
    content = {"subject": "Uw bewijs", "text": "Wij ontvingen uw betaling.", "html": "<p>", "dedupe_key": "secret-key"}
    OutboxMessage.objects.create(
        kind="receipt", invoice=invoice, language="nl", recipient="oud@post.example", **content
    )
    desk_cases.picture_of(case)
    cases.write_message(case.pk, "Ik heb een vraag over mijn kies.")
    return case


def test_it_holds_everything_in_words(case, place):
    facts, files = export(case.invoice.patient, place / "out.zip")
    text = json.dumps(facts, ensure_ascii=False)
    patient = case.invoice.patient
    for known in (
        patient.surname, patient.email, "1980-02-29", "123456789", case.invoice.number, case.invoice.payment_reference,
        "Periodieke controle", "tr_known", "belde op maandag", "oud@post.example", "Wij ontvingen uw betaling.",
        "specificatie.png", "Ik heb een vraag over mijn kies.",
    ):  # fmt: skip
        assert str(known) in text, known
    (invoice,) = facts["rekeningen"]
    assert invoice["coulancezaak"]["status"] == "bij de zorgaanbieder"
    assert facts["patiënt"]["achternaam"] == "Vries"
    assert sorted(content[:4] for content in files.values()) == [b"%PDF", b"\x89PNG"]


def test_it_holds_no_secret_and_no_name_of_staff(case, place):
    facts, _files = export(case.invoice.patient, place / "out.zip")
    text = json.dumps(facts, ensure_ascii=False)
    for secret in ("secret-", case.invoice.token, "jansen", f"command:{getpass.getuser()}"):
        assert secret not in text, secret
    assert '"staff"' in text


def test_it_is_of_this_patient_alone(case, place):
    other = factories.invoice(patient=factories.patient(provider=case.invoice.provider, surname="Anders"))
    same_number = factories.patient(number=case.invoice.patient.number, surname="Elders")
    facts, _files = export(case.invoice.patient, place / "out.zip")
    text = json.dumps(facts, ensure_ascii=False)
    for foreign in ("Anders", "Elders", other.number, other.payment_reference, other.patient.number, same_number.email):
        assert foreign not in text, foreign


def test_english_for_who_reads_english(place):
    invoice = factories.invoice(patient=factories.patient(language="en"))
    facts, _files = export(invoice.patient, place / "out.zip")
    assert facts["invoices"][0]["invoice number"] == invoice.number


def test_every_table_is_exported():
    """Also one that is made tomorrow: it hangs on a patient or an invoice, or it stands in OF_NOBODY."""

    def below(model, but=()):
        for relation in billing_export.children(model, but):
            yield relation.related_model
            yield from below(relation.related_model, (*but, model))

    exported = {Patient, Invoice, CoulanceCase, *below(Patient, (Invoice,)), *below(Invoice), *below(CoulanceCase)}
    exported |= {
        model._meta.get_field(name).related_model for model in exported for name in getattr(model, "EXPORTED_WITH", ())
    }
    ours = {model for room in ("billing", "coulance") for model in apps.get_app_config(room).get_models()}
    ours = {model for model in ours if model._meta.managed}
    assert {model.__name__ for model in ours - exported} <= OF_NOBODY


def test_every_sealed_column_is_opened():
    opened = billing_export.SEALED | coulance_export.SEALED
    for room in ("billing", "coulance"):
        for model in apps.get_app_config(room).get_models():
            if model.__name__ in OF_NOBODY | COPIES:
                continue
            sealed = {field.name for field in model._meta.fields if field.name.startswith("sealed_")}
            assert sealed == set(opened.get(model.__name__, {})), model


def test_the_file_is_private_whole_and_never_over_another(case, place):
    path = place / "out.zip"
    export(case.invoice.patient, path)
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    events = AccessEvent.objects.count()
    with pytest.raises(CommandError, match="exists already"):
        export(case.invoice.patient, path)
    assert path.read_bytes() == before
    assert AccessEvent.objects.count() == events
    assert [one.name for one in place.iterdir() if one.name.endswith(".part")] == []


def test_it_is_written_down_for_each_invoice(case, place):
    second = factories.invoice(patient=case.invoice.patient)
    facts, _files = export(case.invoice.patient, place / "out.zip")
    for invoice in (case.invoice, second):
        event = AccessEvent.objects.get(invoice=invoice, act=AccessEvent.Act.EXPORT)
        assert (event.role, event.grounds, event.data) == ("operations", "avg-art-15", "patient export")
        assert event.who.startswith("command:")
        assert AuditEvent.objects.filter(invoice=invoice, action="patient_exported").count() == 1
        assert invoice in [one.invoice for one in access_log.of_invoice(invoice)]  # the patient can read it
    assert list(access_log.breaks()) == []
    assert len(facts["rekeningen"]) == 2


def test_what_can_not_be_written_down_is_not_exported(case, place, monkeypatch):
    def broken(*args, **kwargs):
        raise DatabaseError

    monkeypatch.setattr(access_log, "record", broken)
    with pytest.raises(DatabaseError):
        export(case.invoice.patient, place / "out.zip")
    assert [one for one in place.iterdir() if one.is_file()] == []


@pytest.mark.parametrize("unknown", ["provider", "number"])
def test_an_unknown_patient_is_a_sentence(case, place, unknown):
    arguments = {"provider": case.invoice.provider.agb_code, "number": case.invoice.patient.number, unknown: "00000000"}
    with pytest.raises(CommandError, match=r"no patient with this number.*Nothing was exported"):
        call_command("export_patient", *arguments.values(), "--out", str(place / "out.zip"))
    assert not (place / "out.zip").exists()
