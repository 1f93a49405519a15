"""People who are spared or represented: everything stops at once, and what was wrong since that day is undone."""

from datetime import date, timedelta

import pytest

from billing import ledger
from billing.dunning.blockers import blockers
from billing.errors import Refused
from billing.invoices.addressee import addressee
from billing.invoices.debtors import debtor_of, patients_of_debtor
from billing.ledger import verification
from billing.models import Hold, Invoice, OutboxMessage, Payer, Posting, ReminderStep, StaffTask
from billing.patients import registration
from billing.patients.age import is_minor
from forbearance import days, reports, rests
from forbearance.models import Forbearance
from forbearance.reports import Said
from tests import factories
from tests.billing.conftest import sink  # noqa: F401
from tests.billing.invoices.schedule_walk import (
    COSTS_ON,
    DUE,
    FINAL_ON,
    MONDAY,
    REMINDED,
    at,
    live,
    new_invoice,
    sent,
    until,
)

pytestmark = pytest.mark.django_db
Step, Status = ReminderStep.Step, ReminderStep.Status


@pytest.fixture(autouse=True)
def by_day(sink, settings):  # noqa: F811
    settings.NOTICE_HOURS = (7, 22)


def report(invoice, kind, since, *, today=None, **more):
    said = Said(kind=kind, since=since, why="De dochter belde.", **more)
    return reports.report(invoice.patient_id, said, by="staff:anna", today=today or since)


def reasons(invoice):
    return list(Hold.objects.filter(invoice=invoice, released_at=None).values_list("reason", flat=True))


def charged(invoice):
    rows = Posting.objects.filter(invoice=invoice, account__in=("costs", "interest"))
    return sum(row.amount for row in rows)


def test_after_a_death_all_invoices_stop_costs_since_then_are_off_and_nothing_goes_to_the_dead():
    died = COSTS_ON - timedelta(days=3)
    invoice = until(new_invoice(amount="100.00"), COSTS_ON)
    assert charged(invoice) > 0
    other = new_invoice(patient=invoice.patient)
    before = sent(invoice)
    row = report(invoice, "deceased", died, today=COSTS_ON + timedelta(days=1))
    assert charged(invoice) == 0
    assert ledger.outstanding(invoice.pk) == 100
    assert reasons(invoice) == reasons(other) == ["deceased"]
    newer = factories.invoice(patient=invoice.patient)
    rests.INTAKE.accept([(newer, None)], COSTS_ON, "import:x")
    assert reasons(newer) == ["deceased"]
    late = ReminderStep.objects.filter(invoice=invoice, letter__sent_on__gte=died, step__gte=Step.REMINDER)
    assert set(late.values_list("status", flat=True)) == {Status.VOID}
    live(FINAL_ON)
    assert sent(invoice) == before
    assert debtor_of(Invoice.objects.get(pk=invoice.pk).patient).name == "de erven van J. de Vries"
    assert addressee(Invoice.objects.get(pk=newer.pk)).email == ""
    reports.represent(row.pk, name="", email="dochter@post.example", by="staff:anna", today=FINAL_ON)
    assert reasons(invoice) == []
    invoice.refresh_from_db()
    assert invoice.due_on == FINAL_ON + timedelta(days=14)
    assert OutboxMessage.objects.get(kind="hold_ended", invoice=invoice).recipient == "dochter@post.example"
    assert list(verification.discrepancies()) == []


def test_heirs_who_are_known_hear_to_ask_a_notary_first():
    invoice = until(new_invoice(amount="100.00"), REMINDED)
    report(invoice, "deceased", REMINDED, email="dochter@post.example")
    mail = OutboxMessage.objects.get(kind="forbearance_heirs")
    assert mail.recipient == "dochter@post.example"
    assert "notaris" in mail.text
    assert "Vries" not in mail.text
    assert reasons(invoice) == ["deceased"], "until they have accepted the estate"


def test_an_administrator_gets_the_mail_from_a_new_last_day_whatever_the_practice_hands_in():
    invoice = until(new_invoice(amount="100.00"), COSTS_ON)
    ordered = COSTS_ON - timedelta(days=40)
    report(invoice, "administration", ordered, today=COSTS_ON, name="Bureau Balans", email="bureau@balans.example")
    assert reasons(invoice) == []
    assert charged(invoice) == 0, "letters to somebody under administration lead to nothing"
    invoice.refresh_from_db()
    assert invoice.due_on == COSTS_ON + timedelta(days=14)
    first = OutboxMessage.objects.get(kind="forbearance_represented")
    assert first.recipient == "bureau@balans.example"
    assert not OutboxMessage.objects.filter(kind="hold_ended").exists(), "they never heard that anything stood still"
    who = invoice.patient
    same = registration.NewPatient(who.number, {}, {}, payer=None)
    assert registration.correct(who.provider, [same], by="import:x") == 0
    assert addressee(invoice).email == "bureau@balans.example"
    assert patients_of_debtor(who) == [who.pk]
    assert not OutboxMessage.objects.filter(kind="contact_changed").exists()


def test_without_an_address_of_the_administrator_everything_waits_until_it_is_known():
    invoice = until(new_invoice(amount="100.00"), REMINDED)
    row = report(invoice, "administration", REMINDED)
    assert reasons(invoice) == ["representative"]
    assert addressee(invoice).email == ""
    with pytest.raises(Refused):
        reports.represent(row.pk, name="", email="", by="staff:anna", today=REMINDED)
    reports.represent(row.pk, name="Bureau", email="bureau@balans.example", by="staff:anna", today=REMINDED)
    assert reasons(invoice) == []
    days.end(row.pk, by="staff:anna", today=REMINDED, written="Vergissing.")
    assert not Payer.objects.exists()
    assert addressee(invoice).email == invoice.patient.email


@pytest.mark.parametrize("kind", ["wsnp", "moratorium"])
def test_a_court_spares_what_is_older_than_its_order(kind):
    old = new_invoice(lines=[factories.line(performed_on="2026-02-20")])
    new = new_invoice(patient=old.patient, lines=[factories.line(performed_on="2026-03-20")])
    row = report(old, kind, date(2026, 3, 10), today=DUE)
    assert (reasons(old), reasons(new)) == (["insolvency"], [])
    assert row.until == (date(2026, 9, 10) if kind == "moratorium" else None)


def test_two_grounds_with_one_hold_end_when_both_have():
    invoice = new_invoice(lines=[factories.line(performed_on="2026-02-20")])
    first, second = (report(invoice, kind, MONDAY) for kind in ("moratorium", "wsnp"))
    days.end(first.pk, by="staff:anna", today=DUE)
    assert reasons(invoice) == ["insolvency"]
    days.end(second.pk, by="staff:anna", today=DUE)
    assert reasons(invoice) == []


def test_help_with_debts_lasts_four_months_and_once_four_more():
    invoice = new_invoice(on=date(2026, 10, 20))
    noticed = date(2026, 10, 31)
    row = report(invoice, "debt_help", noticed, email="hulp@gemeente.example", reference="SHV-7")
    assert row.until == date(2027, 2, 28)
    reports.answer(row.pk, by="staff:anna", today=noticed)
    mail = OutboxMessage.objects.get(kind="forbearance_balance")
    assert mail.recipient == "hulp@gemeente.example"
    assert "SHV-7" in mail.subject
    assert "100,00" in mail.text
    assert "Vries" not in mail.text
    assert reports.extend(row.pk, by="staff:anna") == date(2027, 6, 30)
    assert Hold.objects.get(invoice=invoice).until == date(2027, 6, 30)
    with pytest.raises(Refused):
        reports.extend(row.pk, by="staff:anna")
    days.run_day(date(2027, 6, 30))
    assert reasons(invoice) == ["debt_help"]
    days.run_day(date(2027, 7, 1))
    assert reasons(invoice) == []


def test_a_child_is_never_put_in_default_in_its_own_name():
    born = {"date_of_birth": "2018-06-12", "insurer_uzovi": "3311", "insured_number": "1"}
    child = factories.patient(identity=born)
    invoice = until(new_invoice(patient=child), REMINDED)
    assert [kind for kind, _day in sent(invoice)] == ["invoice_notice", "friendly_note"]
    assert StaffTask.objects.get().kind == StaffTask.Kind.MINOR_WITHOUT_PAYER
    report(invoice, "minor", REMINDED, name="R. de Vries", email="moeder@post.example")
    invoice.refresh_from_db()
    assert Payer.objects.get().relation == "parent"
    assert invoice.due_on == REMINDED + timedelta(days=14)
    assert OutboxMessage.objects.get(kind="hold_ended").recipient == "moeder@post.example"
    later = invoice.due_on + timedelta(days=7)
    assert "minor" not in {found.reason for found in blockers(invoice, Step.REMINDER, now=at(later), today=later)}


@pytest.mark.parametrize(("born", "minor"), [("2008-04-02", True), ("2008-04-01", False), ("2008-00-00", True)])
def test_of_a_date_known_in_part_the_last_day_counts(born, minor):
    who = factories.patient(identity={"date_of_birth": born, "insurer_uzovi": "", "insured_number": ""})
    assert is_minor(who, today=date(2026, 4, 1)) == minor


@pytest.mark.parametrize(
    ("kind", "since", "why"),
    [("deceased", REMINDED, " "), ("deceased", REMINDED + timedelta(days=1), "x"), ("breathing_space", REMINDED, "x"),
     ("debt_help", date(2025, 1, 1), "x")],
)  # fmt: skip
def test_what_can_not_be_is_refused_and_changes_nothing(kind, since, why):
    invoice = new_invoice()
    with pytest.raises(Refused):
        reports.report(invoice.patient_id, Said(kind=kind, since=since, why=why), by="staff:anna", today=REMINDED)
    assert reasons(invoice) == []
    assert not Forbearance.objects.exists()


def test_reported_twice_it_is_known_already():
    invoice = new_invoice()
    report(invoice, "deceased", REMINDED)
    with pytest.raises(Refused):
        report(invoice, "deceased", REMINDED)
