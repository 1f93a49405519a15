"""Guardianship, coming of age, the answer to whoever helps, and to whom the help is shown first."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from billing import ledger
from billing.invoices.addressee import addressee
from billing.models import Hold, OutboxMessage, Payer, PaymentPlan, StaffTask
from billing.outbox import delivery
from forbearance import days, doors, reports, rests
from forbearance.models import Forbearance
from tests import factories
from tests.billing.conftest import sink  # noqa: F401
from tests.billing.invoices.schedule_walk import COSTS_ON, DUE, FINAL_ON, REMINDED, live, new_invoice, sent, until
from tests.forbearance.test_reports import charged, reasons, report
from tests.portal.pages.test_invoice_page import open_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def by_day(sink, settings):  # noqa: F811
    settings.NOTICE_HOURS = (7, 22)


def test_under_guardianship_nothing_is_owed_until_the_guardian_agrees_and_only_they_get_mail():
    invoice = until(new_invoice(amount="100.00"), COSTS_ON)
    before = sent(invoice)
    ordered = COSTS_ON - timedelta(days=40)
    row = report(invoice, "guardianship", ordered, today=COSTS_ON, name="C. Curator", email="curator@post.example")
    assert (reasons(invoice), charged(invoice)) == (["guardian"], 0)
    newer = factories.invoice(patient=invoice.patient)
    rests.INTAKE.accept([(newer, None)], COSTS_ON, "import:x")
    assert reasons(newer) == ["guardian"]
    live(FINAL_ON)
    assert sent(invoice) == before
    assert Payer.objects.get().relation == "curator"
    assert addressee(newer).email == "curator@post.example"
    reports.represent(row.pk, name="", email="curator@post.example", by="staff:anna", today=FINAL_ON)
    assert (reasons(invoice), reasons(newer)) == ([], [])
    first = OutboxMessage.objects.get(kind="forbearance_represented", invoice=invoice)
    assert first.recipient == "curator@post.example"
    later = factories.invoice(patient=invoice.patient)
    rests.INTAKE.accept([(later, None)], FINAL_ON, "import:x")
    assert reasons(later) == []


@pytest.mark.parametrize(
    ("kind", "name", "reader"),
    [
        ("administration", "Bureau Balans", "Bureau Balans, bewindvoerder van J. de Vries"),
        ("guardianship", "", "de curator van J. de Vries"),
    ],
)
def test_letters_to_who_represents_say_whose_invoice_it_is_and_put_the_patient_in_default(kind, name, reader):
    invoice = until(new_invoice(amount="100.00"), REMINDED)
    row = report(invoice, kind, REMINDED, name=name, email="bureau@balans.example")
    reports.represent(row.pk, name=name, email="bureau@balans.example", by="staff:anna", today=REMINDED)
    before = OutboxMessage.objects.exclude(recipient="bureau@balans.example").count()
    for days_after in range(1, 46, 3):
        live(REMINDED + timedelta(days=days_after))
    assert OutboxMessage.objects.exclude(recipient="bureau@balans.example").count() == before
    mails = OutboxMessage.objects.filter(recipient="bureau@balans.example").exclude(status="canceled").order_by("pk")
    assert mails[0].kind == "forbearance_represented"
    assert {"reminder", "final_notice"} <= {mail.kind for mail in mails}
    for mail in mails:
        text = " ".join(mail.text.split())
        assert f"Deze e-mail is voor {reader}. De rekening is van J. de Vries, en niet van u." in text
        assert "U betaalt niets van uw eigen geld." in text
        assert "Geldfit" not in text
    claim = " ".join(mails.get(kind="final_notice").text.split())
    assert f"Aan: {reader}." in claim
    assert "J. de Vries is nu in verzuim." in claim
    assert "U bent nu in verzuim" not in claim


@pytest.mark.parametrize("owes", [True, False])
def test_at_18_new_invoices_go_to_the_young_adult_and_old_ones_stay_the_parents(owes):
    born = {"date_of_birth": "2008-06-12", "insurer_uzovi": "3311", "insured_number": "1"}
    child = factories.patient(identity=born)
    old = new_invoice(patient=child, lines=[factories.line(performed_on="2026-02-20")])
    row = report(old, "minor", REMINDED, name="R. de Vries", email="moeder@post.example")
    if not owes:
        kind = ledger.Kind.REDUCTION
        ledger.post(old, kind, -ledger.balance(old.pk), external_id="x", occurred_at=old.created_at, by="test")
    days.run_day(date(2026, 6, 11))
    assert Payer.objects.exists()
    for _again in range(2):
        days.run_day(date(2026, 6, 12))
    mail = OutboxMessage.objects.get(kind="forbearance_of_age")
    assert mail.recipient == "moeder@post.example"
    assert (old.number in mail.text) == owes
    delivery.deliver(mail.pk)
    mail.refresh_from_db()
    assert mail.status == "sent"
    assert child.surname not in mail.text
    assert reasons(old) == (["parents"] if owes else [])
    assert StaffTask.objects.filter(kind=rests.PARENTS, invoice=old).exists() == owes
    assert not Payer.objects.exists()
    assert Forbearance.objects.get(pk=row.pk).ended_at is not None
    new = factories.invoice(patient=child)
    rests.INTAKE.accept([(new, None)], date(2026, 6, 13), "import:x")
    assert (reasons(new), addressee(new).email) == ([], child.email)


def test_who_helps_is_answered_within_five_working_days_and_a_court_hears_of_old_claims():
    old = new_invoice(lines=[factories.line(performed_on="2026-02-20")])
    new = new_invoice(patient=old.patient, lines=[factories.line(performed_on="2026-03-20")])
    row = report(old, "wsnp", date(2026, 3, 10), today=DUE, email="bewind@post.example", reference="R-9")
    task = StaffTask.objects.get(kind=reports.TO_ANSWER)
    assert task.closed_at is None
    assert DUE + timedelta(days=7) <= date.fromisoformat(task.note) <= DUE + timedelta(days=12)
    reports.answer(row.pk, by="staff:anna", today=DUE)
    task.refresh_from_db()
    assert task.closed_at is not None
    mail = OutboxMessage.objects.get(kind="forbearance_balance")
    assert old.number in mail.text
    assert new.number not in mail.text, "new care is the patient's own"


def test_ended_before_it_was_answered_the_task_goes_too():
    row = report(new_invoice(), "debt_help", DUE)
    days.end(row.pk, by="staff:anna", today=DUE, written="Vergissing.")
    assert StaffTask.objects.get(kind=reports.TO_ANSWER).closed_at is not None


def test_the_help_is_shown_first_to_who_does_not_manage(client):
    invoice = factories.invoice(amount="100.00")
    open_in(client, invoice)
    page, door = reverse("invoice", args=[invoice.token]), reverse("cannot_pay_invoice", args=[invoice.token])
    assert "Is betalen moeilijk?" not in client.get(page).content.decode()
    assert not doors.help_first(invoice)
    others = [factories.invoice(patient=invoice.patient) for _ in range(doors.OPEN_INVOICES - 1)]
    text = client.get(page).content.decode()
    assert text.index("Is betalen moeilijk?") < text.index('<div class="panel bill')
    first = client.get(door).content.decode()
    assert first.index("Ik heb schulden") < first.index("later betalen, of in delen")
    Hold.objects.create(invoice=invoice, reason="debt_help", placed_by="test")
    assert "Is betalen moeilijk?" not in client.get(page).content.decode(), "it rests already"
    for other in others:
        type(other).objects.filter(pk=other.pk).update(settled_at=other.created_at)
    assert not doors.help_first(invoice)
    for _plan in range(doors.BROKEN_PLANS):
        PaymentPlan.objects.create(
            invoice=invoice, kind="deferral", total=ledger.balance(invoice.pk), agreed_by="patient", status="broken"
        )
    assert doors.help_first(invoice)


def test_after_the_second_reminder_too(client):
    invoice = until(new_invoice(amount="100.00"), COSTS_ON)
    assert doors.help_first(invoice)
