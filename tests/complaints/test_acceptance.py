"""The acceptance tests of the procedure, by their numbers: what must hold before anybody relies on it.

1, the calendars: test_deadlines.py. 7, hand-over and complaint at once: test_races.py.
"""

import re
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing import ledger
from billing.dunning import planning
from billing.ledger.breakdown import interest_due
from billing.models import LedgerTransaction, Letter, OutboxMessage, ReminderStep, StaffTask
from billing.outbox import delivery
from complaints import answers, days, filing, freeze, handling
from complaints.answers import Point
from complaints.file import referrals
from complaints.models import Answer, Complaint
from complaints.number import read_number
from complaints.remedies import Wanted
from tests import factories
from tests.billing.conftest import sink  # noqa: F401
from tests.billing.invoices.schedule_walk import (
    COSTS_ON,
    NOTICED,
    REMINDED,
    Step,
    at,
    charged,
    kinds,
    live_through,
    new_invoice,
    pay,
    reasons,
    sent,
    until,
)
from tests.billing.payments import bank
from tests.complaints.test_files import drafted, filed, fresh, point
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
Status = Complaint.Status
REMINDER_ENDED = date(2026, 4, 20)  # the last day that the reminder of REMINDED names
TODAY = timezone.localdate()


@pytest.fixture
def by_day(sink, settings):  # noqa: F811
    settings.NOTICE_HOURS = (7, 22)


@pytest.fixture
def handler():
    return factories.staff(role="operations", provider=None)


def acknowledged(invoice, handler, **more):
    complaint = filed(invoice, **more)
    return handling.acknowledge(complaint.pk, text="Ik ben Anna en kijk ernaar.", staff=handler)


def test_02_a_letter_made_before_the_complaint_does_not_leave_and_goes_again_whole(by_day):
    invoice = until(new_invoice(), REMINDED)
    planning.run_day(NOTICED)
    planning.sweep(now=at(NOTICED, 8))
    assert kinds(status="queued") == ["final_notice"]
    complaint = filed(invoice, now=at(NOTICED, 8, 1))
    delivery.sweep(now=at(NOTICED, 8, 2))
    assert "final_notice" not in [kind for kind, _day in sent()]
    assert kinds(kind="final_notice", status="canceled") == ["final_notice"]
    handling.withdraw(complaint.pk, today=NOTICED + timedelta(days=20))
    live_through(NOTICED + timedelta(days=20), NOTICED + timedelta(days=70))
    letter = Letter.objects.get(step=Step.FINAL_NOTICE, voided_at=None)
    assert [kind for kind, _day in sent(invoice)][-2:] == ["reminder", "final_notice"]
    assert letter.principal == Decimal("100.00")
    assert letter.last_day - letter.made_on >= timedelta(days=14)


def test_03_of_two_invoices_in_one_letter_only_the_disputed_one_loses_it(by_day):
    first = new_invoice(amount="300.00")
    second = new_invoice(amount="400.00", patient=first.patient)
    until(first, NOTICED)
    letter = Letter.objects.get(step=Step.FINAL_NOTICE)
    assert (letter.principal, letter.costs_announced) == (Decimal("700.00"), Decimal("105.00"))
    filed(first, now=at(NOTICED, 12))
    assert reasons(first, ReminderStep.Status.VOID) == [(Step.FINAL_NOTICE, "interrupted")]
    assert reasons(second, ReminderStep.Status.VOID) == []
    live_through(COSTS_ON, COSTS_ON)
    # By hand: 15 per cent of its own 400 (BIK art. 2 lid 1), and 4 per cent a year from the day after the reminder's
    # last day until today (6:119 BW), over 365 days.
    assert "20 april 2026" in OutboxMessage.objects.filter(kind="reminder").latest("pk").text
    days_late = (COSTS_ON - REMINDER_ENDED).days - 1
    interest = (Decimal("400.00") * 4 * days_late / (100 * 365)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert charged(first) == {}
    assert charged(second) == {
        LedgerTransaction.Kind.COSTS: Decimal("60.00"),
        LedgerTransaction.Kind.INTEREST: interest,
    }
    letter.refresh_from_db()
    assert letter.costs_base == Decimal("400.00")


@pytest.mark.usefixtures("sandbox")
def test_04_the_part_that_is_not_disputed_can_be_paid_meanwhile(handler):
    invoice = factories.invoice(amount="100.00")
    complaint = filed(invoice, disputed=Decimal("40.00"))
    payment = bank.start_part(invoice, Decimal("60.00"))
    bank.end(payment, "paid")
    bank.attempts.sync_payment(payment.pk)
    assert ledger.outstanding(invoice.pk) == Decimal("40.00")
    assert OutboxMessage.objects.filter(invoice=invoice, kind="receipt").count() == 1
    assert not StaffTask.objects.filter(kind=StaffTask.Kind.PAID_ON_HOLD).exists()
    assert fresh(complaint).status == Status.RECEIVED
    assert freeze.rests(invoice)


def test_05_costs_that_were_paid_come_back_when_the_letter_never_arrived(handler):
    invoice = factories.invoice(amount="100.00")
    for kind, amount in ((LedgerTransaction.Kind.COSTS, "40.00"), (LedgerTransaction.Kind.INTEREST, "0.82")):
        ledger.post(invoice, kind, Decimal(amount), external_id=f"{kind}:x", occurred_at=timezone.now(), by="test")
    pay(invoice, "140.82", TODAY)
    settled = fresh(invoice).settled_at
    complaint = acknowledged(invoice, handler)
    draft = drafted([point("upheld", said="nooit een brief gehad")], wanted=Wanted(charges_off=True))
    answer = answers.answer(complaint.pk, draft, staff=handler)
    assert (answer.before, answer.after) == (Decimal("0.00"), Decimal("-40.82"))
    assert settled is not None
    assert fresh(invoice).settled_at == settled
    assert StaffTask.objects.get(invoice=invoice, kind=StaffTask.Kind.SURPLUS).note == "40.82"
    with pytest.raises(answers.Refused):
        answers.answer(complaint.pk, draft, staff=handler)
    assert ledger.balance(invoice.pk) == Decimal("-40.82")


def test_06_no_answer_without_each_decision_and_the_second_line_is_another(handler):
    complaint = acknowledged(factories.invoice(), handler)
    with pytest.raises(answers.Refused, match="2"):
        answers.answer(complaint.pk, drafted([point(), point(decision="")]), staff=handler)
    assert not Answer.objects.exists()
    answers.answer(complaint.pk, drafted([point()]), staff=handler)
    handling.escalate(complaint.pk, text="", today=TODAY)
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        Complaint.objects.filter(pk=complaint.pk).update(second_handler=handler)


def test_08_a_stranger_learns_nothing_from_a_reference_or_a_number(client, handler):
    invoice = factories.invoice(amount="100.00")
    complaint = acknowledged(invoice, handler, subject="price")
    assert client.post("/", {"reference": invoice.payment_reference}).status_code == 303
    text = client.get(reverse("complaint", args=[complaint.token])).content.decode()
    assert complaint.number in text
    for hidden in ("Nooit een brief", "Ik ben Anna", "iemand@post.example", invoice.patient.surname):
        assert hidden not in text
    # At the desk a number of another practice and one that nobody has give the same answer by the same questions.
    foreign, wrong = complaint.number, filing.new_number(2026)
    assert read_number(foreign)
    assert read_number(wrong)
    desk = signed_in(factories.staff())
    answers_to, asked = [], []
    for number in (foreign, wrong):
        desk.post(reverse("admin:complaints"), {"nummer": number})
        with CaptureQueriesContext(connection) as queries:
            page = desk.post(reverse("admin:complaints"), {"nummer": number}).content.decode()
        answers_to.append(
            re.sub(r'"csrfmiddlewaretoken" value="[^"]+"|data-seconds="\d+"', "", page.replace(number, ""))
        )
        asked.append(len(queries))
    assert answers_to[0] == answers_to[1]
    assert asked[0] == asked[1] > 0


def test_09_another_subject_keeps_number_receipt_and_both_clocks(handler):
    invoice = factories.invoice(amount="100.00")
    complaint = filed(invoice)
    before = Complaint.objects.filter(pk=complaint.pk).values(
        "number", "received_at", "answer_by", "legal_end", "acknowledge_by", "next_state_on"
    )
    kept = before.get()
    with pytest.raises(answers.Refused, match="zorgaanbieder"):
        referrals.reroute(complaint.pk, subject="price", staff=handler)
    referrals.reroute(complaint.pk, subject="price", staff=handler, agreed=True)
    assert before.get() == kept
    assert (fresh(complaint).subject, fresh(complaint).provider) == ("price", invoice.provider)
    referrals.reroute(complaint.pk, subject="service", staff=handler)
    assert fresh(complaint).provider is None
    assert [message.kind for message in complaint.messages.all()] == ["referral", "referral"]
    for same in ("service", "nonsense"):
        with pytest.raises(answers.Refused):
            referrals.reroute(complaint.pk, subject=same, staff=handler)
    handling.withdraw(complaint.pk, today=TODAY)
    assert not freeze.rests(invoice)
    assert fresh(invoice).due_on >= TODAY + timedelta(days=14)


def test_10_staff_of_a_practice_find_nothing_of_another_nor_about_us(handler):
    invoice, foreign = factories.invoice(), factories.invoice()
    hidden = [filed(foreign, subject="price"), filed(invoice, subject="letters")]
    desk = signed_in(factories.staff(provider=invoice.provider))
    for complaint in hidden:
        page = reverse("admin:complaints_complaint_file", args=[complaint.pk])
        assert desk.get(page).status_code == 404
        for act in ("reroute", "refer", "learn", "confirm_mandate"):
            assert desk.post(page, {"act": act, "subject": "care", "body": "nza"}).status_code == 404
        found = desk.get(reverse("admin:complaints"), {"nummer": complaint.number}).content.decode()
        assert page not in found
        assert complaint.number not in desk.get(reverse("admin:complaint_lessons")).content.decode()
    assert Complaint.objects.filter(pk__in=[row.pk for row in hidden], subject__in=("price", "letters")).count() == 2
    timeline = desk.get(reverse("admin:billing_invoice_change", args=[invoice.pk])).content.decode()
    assert "Nooit een brief" not in timeline


@pytest.fixture
def interest(handler):
    """Return how a complaint about € 1,000, due on 31 January and answered on 10 March, changes interest until June."""

    def found():
        invoice = factories.invoice(amount="1000.00", issued_on=date(2026, 1, 1), due_on=date(2026, 1, 31))
        complaint = acknowledged(invoice, handler, now=at(date(2026, 3, 2)))
        refused = drafted([Point("geen brief", "de brief kwam aan", "not_upheld")])
        answers.answer(complaint.pk, refused, staff=handler, now=at(date(2026, 3, 10)))
        days.run_day(date(2026, 3, 25))
        invoice = fresh(invoice)
        return invoice.due_on, interest_due(invoice, until=date(2026, 6, 1))

    return found


def by_hand(first: date) -> Decimal:
    """4 per cent a year over € 1,000 from `first` until 1 June, in days of 365 (6:119 BW)."""
    return (Decimal(40) * (date(2026, 6, 1) - first).days / 365).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_no_interest_runs_while_the_invoice_rests(interest):
    """Default ended with the rest: what was not booked before is waived, and it begins after the new last day."""
    due_on, amount = interest()
    assert due_on >= date(2026, 3, 24) + timedelta(days=15)
    assert amount == by_hand(due_on + timedelta(days=1))


def test_twin_without_the_rest_interest_runs_all_the_time(interest, monkeypatch):
    monkeypatch.setattr(freeze, "place_hold", lambda *args, **more: None)
    due_on, amount = interest()
    assert (due_on, amount) == (date(2026, 1, 31), by_hand(date(2026, 2, 1)))
    assert amount > by_hand(date(2026, 4, 9)) * 2
