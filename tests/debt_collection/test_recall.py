"""The way back from an agency, to the cent (binding advice SKGZ 202501146, Zeist 18 May 2026)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from billing import ledger
from billing.adjustments import reallocation
from billing.law.calendar import begin_of
from billing.ledger import lock_invoice, verification
from billing.ledger.breakdown import parts_of
from billing.models import Hold, LedgerTransaction, OutboxMessage, ReminderStep, StaffTask
from debt_collection import days
from debt_collection.exchange import orders
from debt_collection.models import HandOver, Order
from debt_collection.running import recall, standing
from forbearance import reports
from tests import factories
from tests.billing.adjustments.test_reallocation import paid
from tests.debt_collection.cases import fresh, handed_over, ready, said

pytestmark = pytest.mark.django_db
RECALLED_ON = date(2026, 5, 18)


def two_claims():
    """A € 250.00 and B € 348.90 of one debtor, with costs of 15 % and 137 days of interest."""
    who = factories.patient(provider=factories.provider(term_agreed_in="betaalvoorwaarden, artikel 4"))
    days = {"today": RECALLED_ON, "issued_on": date(2025, 12, 1), "due_on": date(2025, 12, 31)}
    a = ready(amount="250.00", costs="37.50", interest="3.75", patient=who, **days)
    b = ready(amount="348.90", costs="52.34", interest="5.24", patient=who, **days)
    case = handed_over(a)
    HandOver.objects.update(offered_at=begin_of(RECALLED_ON))
    assert sum(ledger.balance(row.pk) for row in (a, b)) == Decimal("697.73")
    return case, a, b


def exported(case, tmp_path):
    orders.export(case.agency, tmp_path, by="test")


def open_of(*invoices):
    return sum((ledger.outstanding(row.pk) for row in invoices), Decimal(0))


def test_nothing_was_paid(tmp_path):
    case, a, b = two_claims()
    exported(case, tmp_path)
    assert recall.recall(case, reason="by_hand", by="staff:anna", today=RECALLED_ON)
    assert open_of(a, b) == Decimal("598.90")
    for invoice in (fresh(a), fresh(b)):
        parts = parts_of(invoice)
        assert (parts.costs, parts.interest) == (0, 0)
        assert invoice.due_on == date(2026, 6, 17)
        assert not ReminderStep.objects.filter(invoice=invoice, step__gte=3, status="taken").exists()
    assert not Hold.objects.filter(released_at=None).exists()
    mail = OutboxMessage.objects.get(kind="agency_recalled")
    for word in ("598,90", "17 juni 2026", "98,83"):
        assert word in mail.text
    assert Order.objects.filter(kind="recall").count() == 1
    assert not recall.recall(case, reason="by_hand", by="staff:anna", today=RECALLED_ON), "twice changes nothing"
    assert OutboxMessage.objects.filter(kind="agency_recalled").count() == 1
    assert list(verification.discrepancies()) == []


def test_a_hundred_euros_were_paid_to_the_agency(tmp_path):
    case, a, b = two_claims()
    exported(case, tmp_path)
    # The agency booked 89.84 costs, 8.99 interest and 1.17 principal.
    payments = [
        {"kind": "payment", "invoice": a.number, "amount": "41.25", "on": "2026-05-18"},
        {"kind": "payment", "invoice": b.number, "amount": "58.75", "on": "2026-05-18"},
    ]
    assert said(case, *payments) == {"done": 2}
    assert said(case, *payments) == {"known": 2}
    assert open_of(a, b) == Decimal("597.73")
    assert sum(parts_of(row).costs + parts_of(row).interest for row in (a, b)) == 0
    recall.recall(case, reason="by_hand", by="staff:anna", today=RECALLED_ON)
    assert open_of(a, b) == Decimal("498.90"), "all of it pays principal"


def test_everything_was_paid_to_the_agency(tmp_path):
    case, a, b = two_claims()
    exported(case, tmp_path)
    messages = [
        {"kind": "payment", "invoice": row.number, "amount": str(ledger.balance(row.pk)), "on": "2026-05-18"}
        for row in (a, b)
    ]
    assert said(case, *messages) == {"done": 2}
    assert fresh(case).status == HandOver.Status.PAID
    assert not Hold.objects.filter(released_at=None).exists()
    assert recall.recall(case, reason="by_hand", by="staff:anna", today=RECALLED_ON)
    assert sum(ledger.balance(row.pk) for row in (a, b)) == Decimal("-98.83"), "costs and interest are credit"
    assert all(fresh(row).settled_at for row in (a, b))
    assert StaffTask.objects.filter(kind=StaffTask.Kind.SURPLUS, closed_at=None).count() == 2
    assert "98,83" in OutboxMessage.objects.get(kind="agency_recalled").text
    assert not recall.recall(case, reason="by_hand", by="staff:anna", today=RECALLED_ON)


def test_the_arrears_of_the_advice_add_up():
    assert sum(map(Decimal, ("43.65", "157.70", "199.85", "199.85", "75.00"))) == Decimal("676.05")


def test_a_dossier_that_never_left_is_simply_not_sent(tmp_path):
    case, _a, _b = two_claims()
    recall.recall(case, reason="by_hand", by="staff:anna")
    assert orders.export(case.agency, tmp_path, by="test") == []
    assert not Order.objects.filter(kind="recall").exists()


def test_the_term_is_never_less_than_two_weeks_after_delivery(settings):
    settings.RECALL_TERM_DAYS = 3
    case, a, _b = two_claims()
    recall.recall(case, reason="by_hand", by="staff:anna", today=RECALLED_ON)
    assert fresh(a).due_on == RECALLED_ON + timedelta(days=15)


def test_who_has_no_claim_any_more_gets_nothing_of_it_again(tmp_path):
    case, _a, _b = two_claims()
    exported(case, tmp_path)
    recall.recall(case, reason="by_hand", by="staff:anna")
    assert [name for name in orders.export(case.agency, tmp_path, by="test") if "recall" not in name] == []
    for path in tmp_path.iterdir():  # an agency that reads by SFTP empties its folder
        path.unlink()
    names = orders.export(case.agency, tmp_path, by="test")
    assert names
    assert all("recall" in name for name in names)
    assert said(case, {"kind": "recall_confirmed"}) == {"done": 1}
    for path in tmp_path.iterdir():
        path.unlink()
    assert orders.export(case.agency, tmp_path, by="test") == []
    assert not case.orders.filter(confirmed_at=None).exists()


def test_of_a_paid_case_only_that_it_is_paid_is_told_and_not_for_ever(tmp_path):
    invoice = ready(costs="0", interest="0")
    case = handed_over(invoice)
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        kind = LedgerTransaction.Kind.PAYMENT
        ledger.post(locked, kind, -Decimal("100.00"), external_id="tr_p", occurred_at=timezone.now(), by="mollie")
    standing.sweep()
    assert fresh(case).status == HandOver.Status.PAID
    assert {name.split("-")[-1] for name in orders.export(case.agency, tmp_path, by="test")} == {
        "standing.json", "standing.json.sig"
    }  # fmt: skip
    HandOver.objects.update(closed_at=timezone.now() - timedelta(days=31))
    for path in tmp_path.iterdir():
        path.unlink()
    assert orders.export(case.agency, tmp_path, by="test") == []


def test_a_recall_that_nobody_confirms_is_an_alarm(tmp_path):
    case, _a, _b = two_claims()
    exported(case, tmp_path)
    recall.recall(case, reason="by_hand", by="staff:anna")
    order = Order.objects.get(kind="recall")
    days.run_day(days.confirm_by(order))
    assert not StaffTask.objects.filter(kind=days.UNCONFIRMED).exists()
    days.run_day(days.confirm_by(order) + timedelta(days=1))
    assert StaffTask.objects.filter(kind=days.UNCONFIRMED, closed_at=None).count() == 1
    assert said(case, {"kind": "recall_confirmed"}) == {"done": 1}
    assert not StaffTask.objects.filter(kind=days.UNCONFIRMED, closed_at=None).exists()
    assert said(case, {"kind": "active", "id": "late"}) == {"done": 1}, "it crossed our order"
    assert fresh(case).status == HandOver.Status.RECALLED


def test_a_case_that_nobody_answers_for_a_day_is_a_task():
    case = handed_over()
    days.run_day(timezone.localdate())
    assert not StaffTask.objects.filter(kind=days.UNANSWERED).exists()
    Order.objects.update(created_at=timezone.now() - timedelta(hours=25))
    days.run_day(timezone.localdate())
    assert StaffTask.objects.get(kind=days.UNANSWERED).invoice == case.claims.get().invoice


def test_one_invoice_of_a_case_comes_back_and_the_other_stays(tmp_path):
    case, a, b = two_claims()
    exported(case, tmp_path)
    assert recall.stands(a)
    assert recall.recall_invoices([lock_invoice(a.pk)], "complaint", "staff:anna", RECALLED_ON)
    assert not recall.recall_invoices([lock_invoice(a.pk)], "complaint", "staff:anna", RECALLED_ON)
    assert (open_of(a), open_of(b)) == (Decimal("250.00"), Decimal("406.48"))
    assert fresh(case).status == HandOver.Status.OFFERED
    assert list(fresh(case).told["claims"]) == [b.number]
    assert recall.recall_invoices([lock_invoice(b.pk)], "complaint", "staff:anna", RECALLED_ON)
    assert fresh(case).status == HandOver.Status.RECALLED


def test_a_report_brings_all_invoices_of_a_patient_back_with_one_mail(tmp_path):
    case, a, b = two_claims()
    exported(case, tmp_path)
    said = reports.Said(kind="deceased", since=RECALLED_ON, why="De dochter belde.", email="dochter@post.example")
    reports.report(a.patient_id, said, by="staff:anna", today=timezone.localdate())
    assert fresh(case).status == HandOver.Status.RECALLED
    [mail] = OutboxMessage.objects.filter(kind="agency_recalled")
    assert all(number in mail.text for number in (a.number, b.number))


def test_money_that_had_been_booked_elsewhere_brings_the_invoice_back(tmp_path):
    who = factories.patient()
    wrong = factories.invoice(amount="90.00", patient=who)
    with_money = paid({wrong: "90.00"}, days_ago=100)
    invoice = ready(patient=who)
    case = handed_over(invoice)
    exported(case, tmp_path)
    staff = factories.staff(role="approver", provider=who.provider)
    reallocation.ask(with_money, {invoice.pk: Decimal("90.00")}, reason="Verkeerd geboekt.", by=staff, key="k")
    assert fresh(case).status == HandOver.Status.RECALLED
    assert ledger.balance(invoice.pk) == Decimal("10.00")
    assert Order.objects.filter(kind="recall").exists()
