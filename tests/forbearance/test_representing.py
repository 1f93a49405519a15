"""Who is written to when several grounds name somebody, and who when they have ended."""

from datetime import timedelta

import pytest

from billing.invoices.addressee import addressee
from billing.models import Invoice, OutboxMessage, Payer
from billing.patients import registration
from forbearance import days, reports
from tests import factories
from tests.billing.conftest import sink  # noqa: F401
from tests.billing.invoices.schedule_walk import REMINDED, live, new_invoice, until
from tests.forbearance.test_reports import reasons, report

pytestmark = pytest.mark.django_db
BUREAU, HEIR, MOTHER = "bureau@balans.example", "dochter@post.example", "moeder@post.example"


@pytest.fixture(autouse=True)
def by_day(sink, settings):  # noqa: F811
    settings.NOTICE_HOURS = (7, 22)


def written_to(invoice):
    return addressee(Invoice.objects.get(pk=invoice.pk)).email


def named(email, relation="parent"):
    return dict.fromkeys(Payer.FIELDS, "") | {
        "relation": relation, "name": "M. Moeder", "email": email, "language": "nl", "country": "NL"
    }  # fmt: skip


def test_when_the_administration_of_the_dead_ends_the_heirs_stay_and_the_dead_get_nothing():
    invoice = until(new_invoice(amount="100.00"), REMINDED)
    older = report(invoice, "administration", REMINDED, name="Bureau", email=BUREAU)
    death = report(invoice, "deceased", REMINDED, email=HEIR)
    reports.represent(older.pk, name="Bureau", email=BUREAU, by="staff:anna", today=REMINDED)
    assert written_to(invoice) == HEIR, "an older ground does not take the place of the heirs"
    reports.represent(death.pk, name="", email=HEIR, by="staff:anna", today=REMINDED)
    before = OutboxMessage.objects.filter(recipient=invoice.patient.email).count()
    days.end(older.pk, by="staff:anna", today=REMINDED, written="Bewind eindigt bij overlijden.")
    assert (written_to(invoice), Payer.objects.get().relation) == (HEIR, "estate")
    for day in (15, 22, 23, 40):
        live(REMINDED + timedelta(days=day))
    assert OutboxMessage.objects.filter(recipient=HEIR, kind="reminder", status="sent").exists()
    assert OutboxMessage.objects.filter(recipient=invoice.patient.email).count() == before


def test_guardianship_comes_before_administration_whichever_was_reported_first():
    invoice = new_invoice()
    guardian = report(invoice, "guardianship", REMINDED, name="C. Curator", email="curator@post.example")
    report(invoice, "administration", REMINDED, name="Bureau", email=BUREAU)
    assert written_to(invoice) == "curator@post.example"
    days.end(guardian.pk, by="staff:anna", today=REMINDED, written="Opgeheven.")
    assert written_to(invoice) == BUREAU


@pytest.mark.parametrize("relation", ["other", "parent"])
def test_when_a_wrong_report_ends_the_payer_of_the_practice_comes_back(relation):
    patient = factories.patient(identity={"date_of_birth": "2018-06-12", "insurer_uzovi": "", "insured_number": ""})
    Payer.objects.create(patient=patient, **named(MOTHER, relation))
    invoice = until(new_invoice(amount="100.00", patient=patient), REMINDED)
    wrong = [report(invoice, kind, REMINDED) for kind in ("administration", "deceased")]
    assert written_to(invoice) == ""
    for row in wrong:
        days.end(row.pk, by="staff:anna", today=REMINDED, written="Vergissing.")
    payer = Payer.objects.get()
    assert (payer.email, payer.relation, payer.by_law, payer.given) == (MOTHER, relation, False, None)
    assert reasons(invoice) == []
    assert OutboxMessage.objects.filter(kind="hold_ended", status="queued").last().recipient == MOTHER


@pytest.mark.parametrize("later", [named("vader@post.example"), None])
def test_what_the_practice_names_meanwhile_counts_when_the_ground_ends(later):
    patient = factories.patient(identity={"date_of_birth": "2018-06-12", "insurer_uzovi": "", "insured_number": ""})
    Payer.objects.create(patient=patient, **named(MOTHER))
    invoice = new_invoice(patient=patient)
    row = report(invoice, "administration", REMINDED, email=BUREAU)
    same = registration.NewPatient(patient.number, {}, {}, payer=later)
    assert [registration.correct(patient.provider, [same], by="import:x") for _again in range(2)] == [1, 0]
    assert written_to(invoice) == BUREAU
    assert not OutboxMessage.objects.filter(kind="contact_changed").exists()
    days.end(row.pk, by="staff:anna", today=REMINDED, written="Opgeheven.")
    assert written_to(invoice) == (later["email"] if later else patient.email)
