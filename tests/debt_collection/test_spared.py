"""Who must be spared is at no agency: claims come back in the transaction of the report, and a pause holds there."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override

from billing import ledger
from billing.dunning.blockers import REASONS
from billing.invoices.holds import place_hold, release_hold
from billing.law import calendar
from billing.law.calendar import DAY, begin_of
from billing.ledger.breakdown import parts_of
from billing.models import Hold, LedgerTransaction, OutboxMessage, Payer, StaffTask
from debt_collection import days as collection_days
from debt_collection import handing_over
from debt_collection.models import HandOver, Order
from debt_collection.running import recall, standing
from forbearance import breathing_space, days, reports
from tests import factories
from tests.complaints.test_files import filed
from tests.debt_collection.cases import fresh, handed_over, ready, said

pytestmark = pytest.mark.django_db


def report(invoice, kind, **more):
    since = more.pop("since", timezone.localdate() - timedelta(days=1))
    said = reports.Said(kind=kind, since=since, why="De familie belde.", **more)
    return reports.report(invoice.patient_id, said, by="staff:anna")


def exported(invoice):
    case = handed_over(invoice)
    Order.objects.update(exported_at=timezone.now())
    return case


def why_not(invoice):
    return handing_over.candidates(invoice, now=timezone.now())[0].why_not


@pytest.mark.parametrize("kind", ["administration", "guardianship", "deceased", "minor", "wsnp", "moratorium"])
def test_who_comes_to_be_spared_is_recalled_at_once(kind):
    invoice = ready()
    case = exported(invoice)
    report(invoice, kind)
    assert fresh(case).status == HandOver.Status.RECALLED
    assert case.orders.filter(kind="recall").count() == 1
    assert ledger.balance(invoice.pk) == Decimal("100.00")
    hold = Hold.objects.get(invoice=invoice, released_at=None)
    assert hold.reason != handing_over.HOLD
    assert not OutboxMessage.objects.filter(kind="hold_ended").exists()


def test_the_administrator_hears_once_that_the_agency_is_gone_and_until_when_to_pay():
    invoice = ready()
    exported(invoice)
    report(invoice, "administration", name="Bureau Balans", email="bureau@balans.example")
    mails = list(OutboxMessage.objects.filter(invoice=invoice).exclude(kind="final_notice").order_by("pk"))
    assert [mail.kind for mail in mails] == ["agency_handed_over", "agency_recalled"]
    mail = mails[-1]
    assert mail.recipient == "bureau@balans.example"
    row = fresh(invoice)
    assert row.due_on == timezone.localdate() + timedelta(days=30)
    assert "100,00" in mail.text
    assert "40,50" in mail.text, "what was taken off"
    assert not Hold.objects.filter(invoice=invoice, released_at=None).exists()


def test_heirs_who_accept_are_not_written_to_by_an_agency():
    invoice = ready()
    case = exported(invoice)
    ground = report(invoice, "deceased", email="dochter@post.example")
    mail = OutboxMessage.objects.get(kind="agency_recalled")
    assert mail.recipient == "dochter@post.example"
    assert "Betaal daar nu nog niets voor" in mail.text
    reports.represent(ground.pk, name="", email="dochter@post.example", by="staff:anna")
    assert [order.kind for order in case.orders.order_by("pk")] == ["dossier", "recall"]
    assert OutboxMessage.objects.get(kind="hold_ended").recipient == "dochter@post.example"


def test_an_administrator_whom_the_practice_handed_in_takes_it_back_the_same_day():
    invoice, other = ready(), ready()
    case, left = exported(invoice), exported(other)
    Payer.objects.create(patient=invoice.patient, relation="administrator", name="Bureau", email="b@balans.example")
    collection_days.run_day(timezone.localdate())
    assert fresh(case).status == HandOver.Status.RECALLED
    assert OutboxMessage.objects.get(kind="agency_recalled").recipient == "b@balans.example"
    assert fresh(left).is_live


def test_help_with_debts_stays_a_pause_at_the_agency():
    invoice = ready()
    case = exported(invoice)
    report(invoice, "debt_help")
    assert fresh(case).is_live


def test_a_recall_while_a_complaint_is_open_names_no_day_to_pay():
    invoice = ready()
    case = exported(invoice)
    filed(invoice)
    recall.recall(case, reason="by_hand", by="staff:anna")
    text = OutboxMessage.objects.get(kind="agency_recalled").text
    assert "Betaal daar nu nog niets voor" in text
    assert "Nieuwe laatste dag" not in text
    assert "uiterlijk" not in text
    assert "niets meer te betalen" not in text.replace("niet meer te betalen", "")


def test_care_of_a_minor_never_goes_in_the_name_of_who_is_of_age_now():
    born = calendar.anniversary(timezone.localdate(), -18)
    who = factories.patient(identity={"date_of_birth": born.isoformat(), "insurer_uzovi": "", "insured_number": ""})
    invoice = ready(patient=who)
    assert why_not(invoice) == (str(REASONS["minor"]),)
    Payer.objects.create(patient=who, relation="parent", name="A. Ouder", email="ouder@post.example")
    assert not why_not(fresh(invoice))


def test_new_care_of_somebody_under_wsnp_goes_to_no_agency():
    invoice = ready()
    report(invoice, "wsnp", since=timezone.localdate() - timedelta(days=2000))
    assert why_not(invoice), "for a person to decide"


# --- a pause holds at the agency too ------------------------------------------------------------------


def dutch(day):
    with override("nl"):
        return date_format(day, "j F Y")


def last_file(case, kind):
    order = case.orders.filter(kind=kind).last()
    return json.loads(order.facts["files"][f"{order}-{kind}.json"])


def test_after_a_pause_the_agency_goes_on_after_the_new_last_day_which_the_patient_was_told():
    invoice = ready()
    case = exported(invoice)
    breathing_space.take(invoice.pk)
    standing.sweep(everything=True)
    over = timezone.localdate() + timedelta(days=31)
    noon = begin_of(over) + timedelta(hours=12)
    days.run_day(over)
    standing.sweep(now=noon, everything=True)
    standing.sweep(now=noon, everything=True)
    assert [order.kind for order in case.orders.order_by("pk")] == ["dossier", "pause", "resume"]
    due_on = fresh(invoice).due_on
    assert due_on >= over + timedelta(days=14)
    told = last_file(case, "resume")
    assert (told["not_before"], told["claims"][0]["due_date"]) == (due_on.isoformat(), due_on.isoformat())
    mail = OutboxMessage.objects.get(kind="agency_resumed")
    assert "NL20 INGB 0001 2345 67" in mail.text
    assert dutch(due_on) in mail.text

    late = calendar.next_sending_moment(noon + timedelta(days=20))
    assert standing.may_send_resumed(mail, late) == "changed", "a mail that waited names a day of its own"
    assert fresh(invoice).due_on >= timezone.localdate(late) + timedelta(days=14)
    newer = OutboxMessage.objects.filter(kind="agency_resumed").latest("pk")
    assert last_file(case, "resume")["not_before"] == fresh(invoice).due_on.isoformat()
    assert standing.may_send_resumed(newer, late) is None
    place_hold(invoice, "dispute", by="patient", tell=False)
    assert standing.may_send_resumed(newer, late) == "on_hold"


def test_a_pause_that_nobody_saw_is_told_too():
    invoice = ready()
    case = exported(invoice)
    place_hold(invoice, "dispute", by="patient", tell=False)
    release_hold(invoice, "dispute", by="staff:anna", due_on=timezone.localdate() + timedelta(days=14))
    standing.sweep()
    assert [order.kind for order in case.orders.order_by("pk")] == ["dossier", "resume"]
    assert OutboxMessage.objects.filter(kind="agency_resumed").count() == 1


def test_while_it_waits_the_agency_adds_nothing():
    who = factories.patient(provider=factories.provider(term_agreed_in="betaalvoorwaarden, artikel 4"))
    old = {"today": date(2026, 5, 18), "issued_on": date(2025, 12, 1), "due_on": date(2025, 12, 31)}
    invoice = ready(interest="0", patient=who, **old)
    case = exported(invoice)
    charge = {"kind": "charges", "invoice": invoice.number, "interest": "0.10"}
    assert said(case, charge | {"id": "before"}) == {"done": 1}
    filed(invoice)
    assert said(case, {"kind": "paused"}) == {"done": 1}, "the answer to our pause, before any other"
    assert said(case, charge | {"id": "meanwhile"}) == {"refused": 1}
    assert parts_of(fresh(invoice)).interest == Decimal("0.10")
    assert case.replies.get(message_id="meanwhile").refused_because == "waits"


def test_a_payment_of_before_the_hand_over_is_refused():
    invoice = ready()
    case = exported(invoice)
    on = (timezone.localdate() - DAY).isoformat()
    assert said(case, {"kind": "payment", "invoice": invoice.number, "amount": "10.00", "on": on}) == {"refused": 1}
    assert ledger.balance(invoice.pk) == Decimal("140.50")


@pytest.mark.parametrize("told", ["payment", "paid", "us"])
def test_nobody_collects_the_last_cents(told):
    invoice = ready()
    case = exported(invoice)
    today = timezone.localdate()
    payment = {"kind": "payment", "invoice": invoice.number, "amount": "140.00", "on": today.isoformat()}
    if told == "payment":
        assert said(case, payment, {"kind": "paid"}) == {"done": 2}
    else:
        kind = LedgerTransaction.Kind.PAYMENT
        ledger.post(invoice, kind, Decimal("-140.00"), external_id="tr_1", occurred_at=timezone.now(), by="mollie")
        if told == "paid":
            assert said(case, {"kind": "paid"}) == {"done": 1}
        standing.sweep()
    assert fresh(case).status == HandOver.Status.PAID
    assert case.orders.filter(kind="recall").exists() == (told != "paid"), "what it does not say itself it is told"
    assert StaffTask.objects.filter(kind="small_rest", invoice=invoice, closed_at=None).count() == 1
    assert fresh(invoice).next_step_on is None, "no letters about it"
    assert not Hold.objects.filter(invoice=invoice, released_at=None).exists()


def test_five_euros_are_still_collected():
    invoice = ready()
    case = exported(invoice)
    on = timezone.localdate().isoformat()
    payment = {"kind": "payment", "invoice": invoice.number, "amount": "135.50", "on": on}
    assert said(case, payment, {"kind": "paid"}) == {"done": 1, "refused": 1}
    assert fresh(case).is_live
