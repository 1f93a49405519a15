"""Coulance that staff begin: what becomes of letters, costs, plans and payments; and again after it ended."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.adjustments import reductions
from billing.errors import Refused
from billing.invoices import schedule
from billing.models import AuditEvent, ClerkRight, Hold, OutboxMessage, ReminderStep, Staff
from billing.plans import agreements, options
from coulance import amounts, cases, deadlines, decisions
from coulance.by_staff import beginning
from coulance.models import CoulanceCase
from tests import factories
from tests.billing.conftest import sink  # noqa: F401
from tests.billing.invoices.schedule_walk import COSTS_ON, NOTICED, REMINDED, at, charged, live, new_invoice, pay, until
from tests.coulance.desk.desk_cases import REASON, at_desk, rules, staff_of

pytestmark = pytest.mark.django_db
Status, Step = CoulanceCase.Status, ReminderStep.Step
WHY = "De patiënt belde: de verzekeraar vergoedt toch iets."


@pytest.fixture(autouse=True)
def _by_day(sink, settings):  # noqa: F811
    settings.NOTICE_HOURS = (7, 22)


def member(invoice, role=Staff.Role.CLERK):
    return factories.staff(provider=invoice.provider, role=role)


def begin(invoice, *, by=None, reason=WHY, **fields):
    invoice.refresh_from_db()
    return beginning.begin(invoice, reason=reason, by=by or member(invoice), **fields)


def mail():
    return OutboxMessage.objects.filter(kind="coulance_begun").latest("pk")


def ended(how):
    """A case that expired, or that the patient did not want."""
    case = at_desk()
    CoulanceCase.objects.update(status=Status.OFFERED)
    if how == "expired":
        deadlines.run_day(case.specification_due_on + timedelta(days=1))
    else:
        cases.withdraw(case.pk, today=timezone.localdate())
    case.refresh_from_db()
    assert case.status == how
    return case


def test_on_an_invoice_that_came_without_it():
    invoice = factories.invoice(amount="200.00")
    case = begin(invoice)
    hold = Hold.objects.get(invoice=invoice, released_at=None)
    assert (case.status, hold.reason, hold.until) == (Status.OFFERED, cases.HOLD, case.specification_due_on)
    assert case.specification_due_on == timezone.localdate() + timedelta(days=30)
    event = AuditEvent.objects.get(action="case_begun")
    assert WHY not in str(event.details)
    assert f"{case.specification_due_on:%-d}" in mail().text
    assert "Betaal nu nog niet" in mail().text


def test_where_no_specification_is_wanted_it_waits_for_the_practice_at_once():
    invoice = factories.invoice(amount="200.00")
    rules(CoulanceCase(invoice=invoice), wants_specification=False)
    case = begin(invoice)
    assert (case.status, Hold.objects.get().until) == (Status.AT_PROVIDER, None)
    assert "U hoeft niets te doen" in mail().text


def test_a_running_14_day_letter_is_void_and_what_follows_begins_with_the_free_reminder():
    invoice = until(new_invoice(amount="100.00"), NOTICED)
    assert schedule.running_final_notice(invoice) == NOTICED
    day = NOTICED + timedelta(days=3)
    begin(invoice, now=at(day))
    assert "Onze aanmaning van 23 april 2026 vervalt" in mail().text
    for later in (day, COSTS_ON):
        live(later)
    assert not charged(invoice)
    case = CoulanceCase.objects.get()
    over = case.specification_due_on + timedelta(days=1)
    deadlines.run_day(over)
    invoice.refresh_from_db()
    assert invoice.next_step == Step.REMINDER
    assert invoice.due_on >= over + timedelta(days=14)
    assert invoice.next_step_on > invoice.due_on


def test_costs_stand_until_the_amount_is_lowered_which_takes_them_off():
    invoice = until(new_invoice(amount="100.00"), COSTS_ON)
    costs = sum(charged(invoice).values())
    assert costs > 0
    rules(CoulanceCase(invoice=invoice), wants_specification=False)
    case = begin(invoice, now=at(COSTS_ON + timedelta(days=2)))
    assert ledger.outstanding(invoice.pk) == 100 + costs
    by = member(invoice, Staff.Role.APPROVER)
    lower = amounts.by_hand(Decimal("100.00"), new_due=Decimal("60.00"))
    decisions.approve(case, outcome=lower, reason="", version=case.version, by=by)
    assert (ledger.outstanding(invoice.pk), sum(charged(invoice).values())) == (60, 0)


def test_a_refusal_leaves_costs_and_gives_a_new_last_day():
    invoice = until(new_invoice(amount="100.00"), COSTS_ON)
    owed = ledger.outstanding(invoice.pk)
    rules(CoulanceCase(invoice=invoice), wants_specification=False)
    case = begin(invoice, now=at(COSTS_ON))
    decisions.refuse(case, reason=REASON, version=case.version, by=member(invoice, Staff.Role.APPROVER))
    invoice.refresh_from_db()
    assert ledger.outstanding(invoice.pk) == owed
    assert invoice.due_on >= timezone.localdate() + timedelta(days=14)


def test_a_payment_plan_rests_and_goes_on_over_the_lower_amount():
    invoice = factories.invoice(amount="300.00")
    today = timezone.localdate()
    first_on = options.options_for(invoice, today).first_until
    plan = agreements.agree_installments(invoice.pk, count=3, first_on=first_on, by="patient")
    rules(CoulanceCase(invoice=invoice), wants_specification=False)
    case = begin(invoice)
    by = member(invoice, Staff.Role.APPROVER)
    lower = amounts.by_hand(Decimal("300.00"), new_due=Decimal("120.00"))
    decisions.approve(case, outcome=lower, reason="", version=case.version, by=by)
    plan.refresh_from_db()
    assert (ledger.outstanding(invoice.pk), plan.status) == (120, "active")


def test_what_was_paid_already_is_credit_once_the_amount_is_lowered():
    invoice = until(new_invoice(amount="100.00"), REMINDED)
    pay(invoice, "100.00", REMINDED)
    rules(CoulanceCase(invoice=invoice), wants_specification=False)
    case = begin(invoice)
    assert "U heeft al betaald" in mail().text
    by = member(invoice, Staff.Role.APPROVER)
    lower = amounts.by_hand(Decimal("100.00"), new_due=Decimal("60.00"))
    decisions.approve(case, outcome=lower, reason="", version=case.version, by=by)
    assert ledger.balance(invoice.pk) == -40


@pytest.mark.parametrize("how", ["expired", "withdrawn"])
def test_a_case_that_ended_without_a_decision_begins_again(how):
    case = ended(how)
    assert not Hold.objects.filter(released_at=None).exists()
    begin(case.invoice)
    case.refresh_from_db()
    assert (case.status, case.closed_at) == (Status.WAITING_FOR_SPECIFICATION, None)
    assert case.specification_due_on >= timezone.localdate() + timedelta(days=14)
    assert Hold.objects.get(released_at=None).until == case.specification_due_on
    assert cases.why_not_send(case, today=timezone.localdate()) is None


def test_again_where_no_specification_is_wanted():
    case = ended("withdrawn")
    rules(case, wants_specification=False)
    begin(case.invoice)
    case.refresh_from_db()
    assert case.status == Status.AT_PROVIDER
    assert case.provider_since is not None


def test_where_it_can_not_begin_it_says_why_and_changes_nothing():
    open_case, decided = at_desk(), at_desk()
    by = staff_of(decided)
    lower = amounts.by_hand(Decimal("1000.00"), new_due=Decimal("750.00"))
    decisions.approve(decided, outcome=lower, reason="", version=decided.version, by=by)
    withdrawn = factories.invoice(withdrawn_at=timezone.now())
    nothing = factories.invoice(amount="100.00", insurer_paid="100.00")
    before = CoulanceCase.objects.count(), OutboxMessage.objects.count()
    for invoice in (open_case.invoice, decided.invoice, withdrawn, nothing):
        with pytest.raises(Refused, match=r"\."):
            begin(invoice)
    fine = factories.invoice()
    for wrong in ({"reason": " "}, {"reason": "x" * 1001}, {"by": member(nothing)}):
        with pytest.raises(Refused):
            begin(fine, **wrong)
    ClerkRight.objects.create(provider=fine.provider, act=beginning.ACT, granted=False, by="test", at=timezone.now())
    with pytest.raises(Refused, match="praktijk"):
        begin(fine)
    assert before == (CoulanceCase.objects.count(), OutboxMessage.objects.count())
    assert begin(fine, by=member(fine, Staff.Role.APPROVER)).pk
    assert reductions.reduced(fine) == 0
