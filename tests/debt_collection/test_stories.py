"""Stories of patients, as they were told of this product and others: what goes to an agency, and what never does.

The exported dossier of every story that may go is searched for words of care.
"""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.adjustments import charges, credit_notes, reductions, taken_off
from billing.errors import Refused
from billing.invoices.holds import place_hold, release_hold
from billing.models import Hold, Invoice, LedgerTransaction, Payer, StaffTask
from billing.money import ZERO
from complaints import answers, handling
from complaints.models import Remedy
from complaints.remedies import Wanted
from debt_collection import handing_over
from debt_collection.models import Claim, HandOver, Order
from debt_collection.running import recall, standing
from forbearance import reports
from tests import canaries, factories
from tests.billing.conftest import sink  # noqa: F401
from tests.billing.invoices.schedule_walk import FINAL_ON, at, live, new_invoice, until
from tests.complaints.test_files import drafted, filed, point
from tests.debt_collection.cases import agency, decider, fresh, handed_over, ready

pytestmark = pytest.mark.django_db


def dossier_of(case):
    """What the agency reads, once it was looked through for what it must never read."""
    order = case.orders.get(kind="dossier")
    for name, text in order.facts["files"].items():
        assert canaries.kept_from_agencies(text) == [], name
    return json.loads(order.facts["files"][f"{order}-dossier.json"])


def refused(invoice):
    with pytest.raises(Refused):
        handing_over.hand_over(invoice.pk, agency(), by=decider(invoice))
    assert not HandOver.objects.exists()
    return True


def test_s01_never_paid_goes_after_the_last_letter_with_what_the_letters_said(sink, settings):  # noqa: F811
    settings.NOTICE_HOURS = (7, 22)
    invoice = until(new_invoice(amount="100.00"), FINAL_ON)
    by, to = decider(invoice), agency()
    with pytest.raises(Refused):
        handing_over.hand_over(invoice.pk, to, by=by, now=at(FINAL_ON))
    day = invoice.next_step_on
    live(day)
    case = handing_over.hand_over(invoice.pk, to, by=by, now=at(day))
    told = dossier_of(case)["claims"][0]
    assert (told["principal"], told["costs_booked"], told["interest"]) == ("100.00", "40.00", "0.47")
    assert [letter["letter"] for letter in told["letters"]] == ["reminder", "final_notice", "notice_of_costs", "final"]
    final_notice = told["letters"][1]
    assert (final_notice["sent_on"], final_notice["last_day"]) == ("2026-04-23", "2026-05-08")
    assert len(final_notice["sha256"]) == 64
    live(day + timedelta(days=30))
    assert not StaffTask.objects.filter(kind="ready_for_hand_over", closed_at=None).exists(), "we go on with nothing"


def test_s08_a_pause_in_between_begins_anew_with_the_free_reminder():
    invoice = ready()
    place_hold(invoice, Hold.STAFF, by="staff:anna")
    refused(invoice)
    release_hold(invoice, Hold.STAFF, by="staff:anna")
    assert refused(fresh(invoice)), "the letters have not gone again"


def test_s12_of_who_died_nothing_goes():
    invoice = ready()
    said = reports.Said(kind="deceased", since=timezone.localdate(), why="De zoon belde.")
    reports.report(invoice.patient_id, said, by="staff:anna")
    assert refused(fresh(invoice))


def test_s14_a_child_is_never_the_debtor():
    born = (timezone.localdate() - timedelta(days=8 * 365)).isoformat()
    child = factories.patient(identity={"date_of_birth": born}, initials="T.", surname="Kind")
    invoice = ready(patient=child)
    refused(invoice)
    Payer.objects.create(patient=child, relation="parent", name="A. Ouder", email="ouder@post.example", city="Ede")
    told = dossier_of(handed_over(invoice))
    assert (told["debtor"]["name"], told["debtor"]["city"]) == ("A. Ouder", "Ede")
    assert "year_of_birth" not in told["debtor"]
    assert born[:4] + "-" not in json.dumps(told)
    assert "Kind" not in json.dumps(told)


@pytest.mark.parametrize(("amount", "paid"), [("0.01", "0.00"), ("100.00", "99.99"), ("9.99", "0.00")])
def test_s15_nobody_is_sent_an_agency_for_cents(amount, paid):
    invoice = ready(amount=amount, costs="0", interest="0")
    if Decimal(paid):
        kind = LedgerTransaction.Kind.PAYMENT
        ledger.post(invoice, kind, -Decimal(paid), external_id="tr_1", occurred_at=timezone.now(), by="mollie")
    assert refused(invoice)


def test_f_three_children_of_one_mother_are_one_case_with_one_sum_of_costs():
    practice = factories.provider()
    invoices = []
    for costs in ("13.34", "13.33", "13.33"):
        child = factories.patient(provider=practice)
        Payer.objects.create(patient=child, relation="parent", name="M. Moeder", email="moeder@post.example")
        invoices.append(ready(amount="50.00", costs=costs, interest="0", patient=child))
    told = dossier_of(handed_over(invoices[1]))
    assert told["debtor"]["name"] == "M. Moeder"
    assert sum(Decimal(claim["costs_booked"]) for claim in told["claims"]) == Decimal("40.00")
    assert sum(Decimal(claim["costs_room"]) for claim in told["claims"]) == ZERO
    assert told["total_open"] == "190.00"


def test_w_what_was_waived_is_gone_also_for_the_agency():
    invoice = ready(amount="1234.56", costs="185.18", interest="6.22")
    taken_off.waive(invoice, by="staff:anna", written="Coulant.", today=timezone.localdate())
    told = dossier_of(handed_over(fresh(invoice)))["claims"][0]
    assert (told["costs_booked"], told["costs_room"], told["interest"]) == ("0.00", "0.00", "0.00")
    assert told["open"] == "1234.56"


def test_t18_what_the_bank_took_back_is_looked_at_first():
    invoice = ready()
    kinds = LedgerTransaction.Kind
    ledger.post(invoice, kinds.PAYMENT, Decimal("-140.50"), external_id="p", occurred_at=timezone.now(), by="mollie")
    ledger.post(invoice, kinds.CHARGEBACK, Decimal("140.50"), external_id="c", occurred_at=timezone.now(), by="mollie")
    StaffTask.objects.create(kind=StaffTask.Kind.CHARGEBACK, invoice=invoice, dedupe_key="c")
    assert refused(fresh(invoice))


# --- what happens while an agency has it ------------------------------------------------------------


def test_a_lower_price_is_told_the_same_day_and_the_costs_are_off():
    invoice = ready(amount="250.00", costs="37.50", interest="0")
    case = handed_over(invoice)
    reductions.reduce_to(
        ledger.lock_invoice(invoice.pk), Decimal("100.00"), external_id="x", by="staff:anna", now=timezone.now()
    )
    standing.sweep()
    order = case.orders.get(kind="standing")
    told = json.loads(order.facts["files"][f"{order}-standing.json"])["claims"][0]
    assert (told["invoice"], told["open"], told["costs_booked"]) == (invoice.number, "150.00", "0.00")
    assert told["costs_room"] == "0.00"


def test_an_invoice_that_is_withdrawn_comes_back():
    invoice = ready()
    case = handed_over(invoice)
    Order.objects.update(exported_at=timezone.now())
    note = credit_notes.NewCreditNote(number="C-1", issued_on=timezone.localdate(), reason="Dubbel.")
    credit_notes.take(ledger.lock_invoice(invoice.pk), note, by="staff:anna")
    assert fresh(case).status == HandOver.Status.RECALLED
    assert case.orders.filter(kind="recall").count() == 1
    assert ledger.balance(invoice.pk) == ZERO
    assert not Hold.objects.filter(invoice=invoice, released_at=None).exists()


def test_an_upheld_complaint_takes_it_back_in_the_transaction_of_the_answer():
    invoice = ready()
    case = handed_over(invoice)
    Order.objects.update(exported_at=timezone.now())
    staff = factories.staff(role="operations", provider=None)
    complaint = filed(invoice, subject="letters")
    standing.sweep()
    assert case.orders.filter(kind="pause").count() == 1
    handling.acknowledge(complaint.pk, text="Ik ben Anna.", staff=staff)
    answers.answer(complaint.pk, drafted([point("upheld")], wanted=Wanted(recall=True)), staff=staff)
    assert fresh(case).status == HandOver.Status.RECALLED
    assert ledger.balance(invoice.pk) == Decimal("100.00")
    assert fresh(invoice).due_on == timezone.localdate() + timedelta(days=30)
    assert Remedy.objects.get(kind=Remedy.Kind.RECALLED).amount == Decimal("40.50")
    assert not Hold.objects.filter(invoice=invoice, released_at=None).exists()


def test_after_a_recall_the_schedule_begins_with_the_free_reminder_and_a_plan_is_possible():
    invoice = ready()
    case = handed_over(invoice)
    recall.recall(case, reason="by_hand", by="staff:anna")
    row = fresh(invoice)
    assert row.next_step in (1, 2)
    assert row.next_step_on >= timezone.localdate()
    assert charges.default_day(row) == date.max, "nobody is in default by a letter that was void"
    assert handing_over.candidates(row, now=timezone.now())[0].why_not
    assert Claim.objects.get().recalled_at
    assert Invoice.objects.get(pk=row.pk).settled_at is None
