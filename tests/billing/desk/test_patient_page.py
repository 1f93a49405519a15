"""The patient's page of the desk, and the correction of how a patient is reached."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.dunning import staff_acts
from billing.errors import Refused
from billing.invoices import holds
from billing.models import AccessEvent, AuditEvent, Hold, OutboxMessage, Patient, Payer, Staff
from billing.patients import contact
from complaints import filing
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def patient():
    return factories.patient(surname="Bakker", infix="", email="oud@post.example")


@pytest.fixture
def clerk(patient):
    return factories.staff(provider=patient.provider, role=Staff.Role.CLERK)


@pytest.fixture
def desk(clerk):
    return signed_in(clerk)


def page_of(patient: Patient) -> str:
    return f"/beheer/billing/patient/{patient.pk}/change/"


def typed(patient: Patient, **changed: str) -> dict[str, str]:
    return {name: str(getattr(patient, name)) for name in contact.REACHED_BY} | changed


def test_the_page_shows_who_it_is_and_all_that_there_is(desk, patient):
    one = factories.invoice(patient=patient, amount="86.50")
    other = factories.invoice(patient=patient, amount="13.50")
    holds.place_hold(one, Hold.STAFF, by="staff:anna")
    staff_acts.write_note(other, by="staff:anna", note="belt morgen terug")
    complaint = filing.file(filing.Said("te duur", email="k@post.example"), subject="price", invoice_id=one.pk)
    Payer.objects.create(patient=patient, relation="parent", name="Kees Mol", email="kees@post.example")
    shown = desk.get(page_of(patient)).content.decode()
    for fact in (
        "J. Bakker", "29 februari 1980", "oud@post.example", "Kees Mol", one.number, other.number, "€\xa0100,00",
        "anna", "belt morgen terug", complaint.number, "Dorpsstraat 1a",
    ):  # fmt: skip
        assert fact in shown, fact
    assert {event.data for event in AccessEvent.objects.filter(patient=patient)} == {"patient page", "staff notes"}


def test_staff_of_another_practice_do_not_get_in(patient):
    stranger = signed_in(factories.staff(role=Staff.Role.APPROVER))
    for page in (page_of(patient), f"/beheer/billing/patient/{patient.pk}/gegevens/"):
        assert stranger.get(page).status_code == 404
    assert set(AccessEvent.objects.values_list("outcome", flat=True)) == {AccessEvent.Outcome.REFUSED}


def test_a_correction_is_told_at_the_old_address_and_pauses_codes(desk, clerk, patient):
    factories.invoice(patient=patient)
    new = typed(patient, email="nieuw@post.example", mobile="06 87654321", postcode="3511ln")
    answer = desk.post(f"/beheer/billing/patient/{patient.pk}/gegevens/", new)
    assert (answer.status_code, answer["Location"]) == (303, page_of(patient))
    patient.refresh_from_db()
    assert (patient.email, str(patient.mobile), patient.postcode) == ("nieuw@post.example", "+31687654321", "3511 LN")
    told = OutboxMessage.objects.get(kind="contact_changed")
    assert told.recipient == "oud@post.example"
    now = timezone.now()
    assert contact.codes_from(patient, now=now)
    assert contact.codes_from(patient, now=now + timedelta(days=1, minutes=1)) is None
    shown = desk.get(page_of(patient)).content.decode()
    assert "e-mail (" in shown
    assert clerk.username in shown
    assert AuditEvent.objects.filter(action="patient_corrected").count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "geen adres"),
        ("mobile", "0201234567"),
        ("postcode", "12 AB"),
        ("country", "Nederland"),
        ("street", ""),
    ],
)
def test_what_can_not_be_right_changes_nothing_and_says_so(desk, patient, field, value):
    answer = desk.post(f"/beheer/billing/patient/{patient.pk}/gegevens/", typed(patient, **{field: value}))
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    before = dict(Patient.objects.filter(pk=patient.pk).values().get())
    assert before["email"] == "oud@post.example"
    assert not AuditEvent.objects.filter(action="patient_corrected").exists()


def test_a_correction_of_many_invoices_stands_once_in_the_history(patient):
    for _each in range(3):
        factories.invoice(patient=patient)
    assert contact.correct(patient, typed(patient, email=""), by="staff:anna")
    assert not contact.correct(Patient.objects.get(pk=patient.pk), typed(patient, email=""), by="staff:anna")
    [event] = contact.history(patient)
    assert contact.in_words(event).startswith("e-mail")


def test_the_lines_of_an_invoice_are_written_down_before_they_are_shown(desk, patient):
    invoice = factories.invoice(patient=patient, amount="100.00")
    page = desk.get(f"/beheer/rekening/{invoice.pk}/regels/").content.decode()
    assert "Periodieke controle" in page
    assert "J. Bakker" in page
    assert [event.data for event in AccessEvent.objects.filter(invoice=invoice)] == ["invoice lines"]
    foreign = factories.invoice()
    assert desk.get(f"/beheer/rekening/{foreign.pk}/regels/").status_code == 404
    assert AccessEvent.objects.get(invoice=foreign).outcome == AccessEvent.Outcome.REFUSED


def test_the_page_of_an_invoice_names_the_patient_and_takes_a_note_of_a_clerk(desk, patient):
    invoice = factories.invoice(patient=patient)
    address = f"/beheer/billing/invoice/{invoice.pk}/change/"
    note = {"action": "write_note", "_selected_action": invoice.pk, "from_page": invoice.pk, "index": 0}
    desk.post("/beheer/billing/invoice/", note | {"note": "belt morgen terug"})
    shown = desk.get(address).content.decode()
    assert "J. Bakker" in shown
    assert page_of(patient) in shown
    assert "belt morgen terug" in shown
    assert shown.index("belt morgen terug") < shown.index("Rekening ontvangen")  # the newest first
    assert AccessEvent.objects.filter(invoice=invoice, data="staff notes").exists()


def test_an_invoice_is_sent_again_once_a_day(desk, patient):
    invoice = factories.invoice(patient=patient)
    again = {"action": "send_link", "_selected_action": invoice.pk, "from_page": invoice.pk, "index": 0}
    for _each in range(2):
        shown = desk.post("/beheer/billing/invoice/", again, follow=True).content.decode()
    assert "vandaag" in shown
    mail = OutboxMessage.objects.get(kind="invoice_again")
    assert (mail.recipient, mail.invoice) == ("oud@post.example", invoice)
    Patient.objects.filter(pk=patient.pk).update(email="")
    other = factories.invoice(patient=Patient.objects.get(pk=patient.pk))
    with pytest.raises(Refused):
        staff_acts.send_link(other, by="staff:anna")
