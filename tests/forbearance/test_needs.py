"""What helps a patient: with consent, for a year, seen and removed by them, shown to staff, and acted on."""

import io
import zipfile
from datetime import timedelta

import pypdfium2
import pytest
from django.urls import reverse
from django.utils import timezone

from billing.law.calendar import anniversary
from billing.models import AccessEvent, OutboxMessage, StaffTask
from forbearance import export, needs, rests, retention
from forbearance.models import Need
from portal.ops import patient_export
from tests import factories
from tests.accessible_pdf import faults_of
from tests.complaints.test_pages import let_in
from tests.drawn import downloaded
from tests.portal.pages.test_invoice_page import open_in
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def kinds(invoice):
    return {need.kind for need in needs.of(invoice.patient_id, today=TODAY)}


def test_the_patient_says_it_sees_it_and_takes_it_back_after_the_code_alone(client):
    invoice = factories.invoice()
    page = reverse("needs", args=[invoice.token])
    open_in(client, invoice)
    assert client.get(page).status_code == 303, "whoever knows the reference alone sees nothing"
    assert client.post(page, {"needs": ["paper"]}).status_code == 303
    assert kinds(invoice) == set()
    let_in(client, invoice)
    assert client.post(page, {"needs": ["paper", "phone"]}).status_code == 303
    assert kinds(invoice) == {"paper", "phone"}
    text = client.get(page).content.decode()
    assert 'id="needs-paper" checked' in text
    assert AccessEvent.objects.filter(data="needs", invoice=invoice).exists()
    assert client.post(page, {"needs": ["depressed"]}).status_code == 422
    client.post(page, {"needs": ["phone"]})
    assert kinds(invoice) == {"phone"}
    assert "bel" in str(export.of_invoice(invoice)).lower()


def test_whoever_asks_for_all_we_have_about_them_reads_what_helps_them(tmp_path):
    invoice = factories.invoice()
    needs.keep(invoice.patient_id, ["interpreter"], by="patient", today=TODAY)
    path = tmp_path / "patient.zip"
    patient_export.export_patient(
        invoice.provider.agb_code, invoice.patient.number, path, by="test", now=timezone.now()
    )
    with zipfile.ZipFile(path) as pack:
        facts = pack.read(patient_export.FACTS).decode()
    assert f'"{TODAY} een tolk"' in facts


def test_it_lasts_twelve_months():
    invoice = factories.invoice()
    needs.keep(invoice.patient_id, ["helper"], by="patient", today=TODAY)
    until = anniversary(TODAY, 1) - timedelta(days=1)
    assert Need.objects.get().until == until
    assert retention.run_day(until)["needs"] == 0
    assert retention.run_day(until + timedelta(days=1))["needs"] == 1


def test_staff_note_it_with_consent_alone_and_see_it_where_they_act():
    invoice = factories.invoice()
    desk, page = signed_in(factories.staff(provider=invoice.provider)), reverse("admin:forbearance_needs")
    given = {"reference": invoice.payment_reference, "needs": ["interpreter"]}
    assert desk.post(page, given).status_code == 422
    assert signed_in(factories.staff()).post(page, given | {"agreed": "yes"}).status_code == 422
    assert kinds(invoice) == set()
    assert desk.post(page, given | {"agreed": "yes"}).status_code == 303
    assert kinds(invoice) == {"interpreter"}
    assert "tolk" in desk.get(reverse("admin:billing_invoice_change", args=[invoice.pk])).content.decode()


def test_who_needs_more_time_gets_it_on_new_invoices_and_after_a_rest(settings):
    invoice, other = factories.invoice(), factories.invoice()
    needs.keep(invoice.patient_id, ["more_time"], by="patient", today=TODAY)
    before = {row.pk: row.due_on for row in (invoice, other)}
    rests.INTAKE.accept([(invoice, None), (other, None)], TODAY, "import:x")
    for row in (invoice, other):
        row.refresh_from_db()
    assert invoice.due_on == before[invoice.pk] + timedelta(days=settings.MORE_TIME_DAYS)
    assert other.due_on == before[other.pk]


def test_a_letter_of_who_wants_paper_becomes_a_task_and_a_page_to_print():
    invoice, other = factories.invoice(), factories.invoice()
    needs.keep(invoice.patient_id, ["paper", "large_print"], by="patient", today=TODAY)
    body = {"subject": "Herinnering", "text": "Betaal 100,00.\n\nDank u wel.", "html": "<p>", "language": "nl"}
    facts = body | {"kind": "reminder", "status": "sent", "sent_at": timezone.now(), "recipient": "x@post.example"}
    letters = [OutboxMessage.objects.create(invoice=row, dedupe_key=str(row.pk), **facts) for row in (invoice, other)]
    for _again in range(2):
        needs.run_day(TODAY)
    task = StaffTask.objects.get(kind=needs.TO_PRINT)
    assert task.invoice == invoice
    address = reverse("admin:forbearance_printed", args=[letters[0].pk])
    assert signed_in(factories.staff()).get(address).status_code == 404
    drawn = downloaded(signed_in(factories.staff(provider=invoice.provider)), address)
    assert faults_of(drawn.content) == []
    pages = pypdfium2.PdfDocument(io.BytesIO(drawn.content))
    text = "".join(page.get_textpage().get_text_range() for page in pages)
    for words in ("Herinnering", "Betaal 100,00.", "Dank u wel.", invoice.patient.street):
        assert words in text
