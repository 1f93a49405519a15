"""Care of a minor stays a debt of the parents, and care of an adult never becomes one, whatever day it is today."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from billing import ledger
from billing.errors import Refused
from billing.invoices import open_links
from billing.invoices.addressee import addressee
from billing.models import Invoice, OutboxMessage, Payer, PaymentPlan, StaffTask
from billing.patients import registration
from forbearance import days, reports, rests
from forbearance.models import Forbearance
from tests import factories
from tests.billing.conftest import sink  # noqa: F401
from tests.billing.invoices.schedule_walk import COSTS_ON, FINAL_ON, REMINDED, charged, live, new_invoice, sent, until
from tests.forbearance.test_reports import reasons, report
from tests.forbearance.test_representing import MOTHER, named

pytestmark = pytest.mark.django_db
AS_A_MINOR, OF_AGE = [factories.line(performed_on="2026-02-20")], date(2026, 6, 12)


@pytest.fixture(autouse=True)
def by_day(sink, settings):  # noqa: F811
    settings.NOTICE_HOURS = (7, 22)


def child(born="2008-06-12", payer=None):
    patient = factories.patient(identity={"date_of_birth": born, "insurer_uzovi": "3311", "insured_number": "1"})
    if payer:
        Payer.objects.create(patient=patient, **payer)
    return patient


def hand_in(patient, payer, **identity):
    return registration.correct(
        patient.provider, [registration.NewPatient(patient.number, {}, identity, payer=payer)], by="import:x"
    )


def take_in(patient, performed_on, *, on=OF_AGE + timedelta(days=3)):
    invoice = new_invoice(patient=patient, on=on, lines=[factories.line(performed_on=str(performed_on))])
    checked = SimpleNamespace(patient=patient.identity, lines=[{"performed_on": performed_on}])
    rests.INTAKE.accept([(invoice, checked)], on, "import:x")
    return invoice


@pytest.mark.parametrize(("performed_on", "owes"), [("2026-04-01", False), ("2026-04-02", True)])
def test_who_was_a_minor_when_the_care_was_given_is_never_put_in_default(performed_on, owes):
    line = [factories.line(performed_on=performed_on)]
    on = date(2026, 4, 2)
    invoice = new_invoice(patient=child("2008-04-02"), on=on, days=30, amount="100.00", lines=line)
    for day in (on, date(2026, 5, 11), date(2026, 5, 29), date(2026, 6, 22)):
        live(day)
    kinds = {kind for kind, _day in sent(invoice)}
    assert ("reminder" in kinds) == owes
    assert bool(charged(invoice)) == owes
    assert StaffTask.objects.filter(kind=StaffTask.Kind.MINOR_WITHOUT_PAYER).exists() != owes


def test_an_administrator_does_not_pay_out_of_a_young_adult_s_means_what_the_parents_owe():
    invoice = new_invoice(patient=child("2008-04-02"), amount="100.00", lines=AS_A_MINOR)
    report(invoice, "administration", REMINDED, email="bureau@balans.example")
    for days_later in (0, 25, 45):
        live(REMINDED + timedelta(days=days_later))
    assert not OutboxMessage.objects.filter(kind__in=("reminder", "final_notice")).exists()
    assert StaffTask.objects.filter(kind=StaffTask.Kind.MINOR_WITHOUT_PAYER).exists()


def test_at_18_the_parent_whom_the_practice_named_is_told_and_leaves():
    patient = child(payer=named(MOTHER))
    old = new_invoice(patient=patient, lines=AS_A_MINOR)
    days.run_day(OF_AGE - timedelta(days=1))
    assert Payer.objects.exists()
    for _again in range(2):
        days.run_day(OF_AGE)
    assert not Payer.objects.exists()
    mail = OutboxMessage.objects.get(kind="forbearance_of_age")
    assert (mail.recipient, old.number in mail.text) == (MOTHER, True)
    assert reasons(old) == ["parents"]
    assert StaffTask.objects.filter(kind=rests.PARENTS, invoice=old).exists()
    new = take_in(patient, OF_AGE)
    assert (reasons(new), addressee(new).email) == ([], patient.email)


@pytest.mark.parametrize("known", [True, False])
def test_of_a_parent_without_an_address_nobody_is_told_that_their_child_is_18(known):
    patient = child(payer=named("") if known else None)
    old = new_invoice(patient=patient, lines=AS_A_MINOR)
    if not known:
        report(old, "minor", REMINDED)
    days.run_day(OF_AGE)
    assert not OutboxMessage.objects.filter(kind="forbearance_of_age").exists()
    assert "parents" in reasons(old)
    assert StaffTask.objects.filter(kind=rests.PARENTS, invoice=old).exists()


def test_a_late_invoice_for_care_of_before_18_rests_with_a_task():
    patient = child()
    late = take_in(patient, OF_AGE - timedelta(days=1))
    assert reasons(late) == ["parents"]
    assert StaffTask.objects.filter(kind=rests.PARENTS, invoice=late).exists()
    for day in (FINAL_ON + timedelta(days=60), FINAL_ON + timedelta(days=90)):
        live(day)
    assert "reminder" not in dict(sent(late))


def test_the_next_batch_does_not_bring_a_parent_back_for_an_adult():
    patient = child("2008-01-12")
    assert hand_in(patient, named(MOTHER)) == 0
    assert hand_in(patient, named(MOTHER), date_of_birth="2008-01-12") == 0
    assert not Payer.objects.exists()
    assert not OutboxMessage.objects.filter(kind="contact_changed").exists()
    assert hand_in(patient, named("partner@post.example", "other")) == 1
    fresh = registration.NewPatient("P-NEW", {}, patient.identity, payer=named(MOTHER))
    registration.register(patient.provider, [fresh], by="import:x")
    assert not Payer.objects.filter(patient__number="P-NEW").exists()


def test_nor_does_the_end_of_a_ground():
    patient = child("2008-01-12", payer=named(MOTHER))
    invoice = until(new_invoice(patient=patient), REMINDED)
    row = report(invoice, "deceased", REMINDED)
    days.end(row.pk, by="staff:anna", today=COSTS_ON, written="Vergissing.")
    assert not Payer.objects.exists()
    assert addressee(Invoice.objects.get(pk=invoice.pk)).email == patient.email


def test_what_stays_the_parents_goes_to_them_and_staff_can_end_its_rest():
    patient = child(payer=named(MOTHER))
    old = new_invoice(patient=patient, amount="100.00", lines=AS_A_MINOR)
    live(OF_AGE)
    days.run_day(OF_AGE)
    new = take_in(patient, OF_AGE)
    row = Forbearance.objects.get(kind="of_parents", ended_at=None)
    assert [addressee(one).email for one in (old, new)] == [MOTHER, patient.email]
    assert not OutboxMessage.objects.filter(invoice=old).exclude(recipient=MOTHER).exists()
    late = take_in(patient, OF_AGE - timedelta(days=1))
    assert (addressee(late).email, reasons(late)) == (MOTHER, ["parents"])
    reports.represent(row.pk, name="", email=MOTHER, by="staff:anna", today=OF_AGE)
    assert (reasons(old), reasons(late)) == ([], [])
    assert not StaffTask.objects.filter(kind=rests.PARENTS, closed_at=None).exists()
    told = OutboxMessage.objects.get(kind="hold_ended", invoice=old)
    assert told.recipient == MOTHER
    old.refresh_from_db()
    assert old.due_on == OF_AGE + timedelta(days=14)
    assert open_links.on_mail(MOTHER) in open_links.rests(old.token)
    assert open_links.on_mail(patient.email) not in open_links.rests(old.token)
    hand_in(patient, None)
    registration.correct(
        patient.provider, [registration.NewPatient(patient.number, {"email": "new@post.example"}, {})], by="import:x"
    )
    assert OutboxMessage.objects.get(pk=told.pk).recipient == MOTHER


def test_a_rest_is_not_ended_while_the_young_adult_would_be_asked_for_it():
    patient = child()
    late = take_in(patient, OF_AGE - timedelta(days=1))
    row = Forbearance.objects.get()
    with pytest.raises(Refused):
        days.end(row.pk, by="staff:anna", today=OF_AGE, written="Klaar.")
    assert reasons(late) == ["parents"]
    reports.represent(row.pk, name="M. Moeder", email=MOTHER, by="staff:anna", today=OF_AGE)
    assert (reasons(late), addressee(late).email) == ([], MOTHER)
    days.end(row.pk, by="staff:anna", today=OF_AGE, written="Klaar.")
    assert addressee(late).email == MOTHER


def test_a_plan_of_the_parents_goes_on_when_the_child_is_18():
    patient = child(payer=named(MOTHER))
    old = new_invoice(patient=patient, amount="100.00", lines=AS_A_MINOR)
    PaymentPlan.objects.create(invoice=old, kind="installments", total=ledger.balance(old.pk), agreed_by="patient")
    days.run_day(OF_AGE)
    assert (reasons(old), addressee(old).email) == ([], MOTHER)
    assert not StaffTask.objects.filter(kind=rests.PARENTS).exists()
