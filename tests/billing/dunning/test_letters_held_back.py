"""When no letter may be sent: paid, on hold, in a plan, at night, undelivered, too old; and what staff decide."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing import ledger
from billing.dunning import planning, staff_acts
from billing.errors import Refused
from billing.invoices import holds, schedule
from billing.law.calendar import is_sending_moment
from billing.models import (
    Hold,
    Invoice,
    LedgerTransaction,
    OutboxMessage,
    Patient,
    PaymentPlan,
    ReminderStep,
    StaffTask,
)
from billing.outbox import delivery
from tests import factories
from tests.billing.invoices.schedule_walk import (
    COSTS_ON,
    DUE,
    FINAL_ON,
    MONDAY,
    NOTICED,
    REMINDED,
    Step,
    at,
    charged,
    kinds,
    live,
    live_through,
    new_invoice,
    pay,
    reasons,
    sent,
    until,
)

pytestmark = pytest.mark.django_db
Kind, Status = LedgerTransaction.Kind, ReminderStep.Status
STAFF = "staff:els"


@pytest.fixture(autouse=True)
def _by_day(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


# --- never wrongly ----------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [DUE - timedelta(days=7), REMINDED, NOTICED, COSTS_ON])
def test_nothing_leaves_while_a_hold_runs(day):
    invoice = until(new_invoice(), day - timedelta(days=1))
    before = sent()
    holds.place_hold(invoice, Hold.STAFF, by=STAFF)
    live_through(day, day + timedelta(days=4))
    assert sent() == before
    assert charged(invoice) == {}


@pytest.mark.parametrize("day", [DUE - timedelta(days=7), REMINDED, NOTICED, COSTS_ON])
def test_nothing_leaves_while_a_plan_runs(day):
    invoice = until(new_invoice(), day - timedelta(days=1))
    before = sent()
    PaymentPlan.objects.create(invoice=invoice, kind="installments", total=Decimal("100.00"), agreed_by="guest")
    schedule.interrupt(ledger.lock_invoice(invoice.pk), due_on=date(2026, 9, 1), today=day)
    live_through(day, day + timedelta(days=4))
    assert sent() == before


@pytest.mark.parametrize("event", ["paid", "on_hold"])
def test_what_happens_between_making_and_sending_withdraws_the_letter(event):
    invoice = until(new_invoice(), date(2026, 4, 7))
    planning.run_day(REMINDED)
    planning.sweep(now=at(REMINDED))
    assert kinds(status="queued") == ["reminder"]
    if event == "paid":
        pay(invoice, "100.00", REMINDED)
    else:
        holds.place_hold(invoice, Hold.STAFF, by=STAFF)
    delivery.sweep(now=at(REMINDED))
    assert kinds(status="canceled") == ["reminder"]
    live_through(REMINDED, REMINDED + timedelta(days=3))
    assert "reminder" not in [kind for kind, _day in sent()]


def test_a_part_paid_between_making_and_sending_makes_a_new_letter_with_the_right_amount():
    invoice = until(new_invoice(), date(2026, 4, 7))
    planning.run_day(REMINDED)
    planning.sweep(now=at(REMINDED))
    pay(invoice, "30.00", REMINDED)
    delivery.sweep(now=at(REMINDED))
    planning.sweep(now=at(REMINDED, 11))
    delivery.sweep(now=at(REMINDED, 11))
    assert [(m.status, "70,00" in m.text) for m in OutboxMessage.objects.filter(kind="reminder")] == [
        ("canceled", False),
        ("sent", True),
    ]


def test_somebody_who_is_paying_right_now_is_not_reminded():
    invoice = until(new_invoice(), date(2026, 4, 7))
    payment = {"amount": Decimal("100.00"), "status": "open", "created_at": at(REMINDED, 9, 30)}
    invoice.payments.create(token="a" * 24, webhook_token="b" * 24, idempotency_key="c", request_body="{}", **payment)
    live(REMINDED, hour=10)
    assert "reminder" not in kinds()
    live(REMINDED, hour=11)
    assert "reminder" in kinds()


@pytest.mark.parametrize(("hour", "minute", "leaves"), [(6, 59, False), (7, 0, True), (19, 59, True), (20, 0, False)])
def test_letters_leave_only_between_seven_and_eight(hour, minute, leaves):
    until(new_invoice(), date(2026, 4, 7))
    planning.run_day(REMINDED)
    now = at(REMINDED, hour, minute)
    planning.sweep(now=now)
    delivery.sweep(now=now)
    assert ("reminder" in kinds(status="sent")) == leaves


def test_a_letter_made_in_time_but_not_sent_waits_for_the_next_sending_day():
    """Composed on the Saturday before Easter, a minute before eight: Sunday and Monday are no sending days."""
    invoice = new_invoice(on=date(2026, 3, 2), days=28)  # due on Monday 30 March, reminded from Thursday 2 April
    for day in (date(2026, 3, 2), date(2026, 3, 23)):
        live(day)
    planning.run_day(date(2026, 4, 4))
    planning.sweep(now=at(date(2026, 4, 4), 19, 59))
    for day in (4, 5, 6):
        delivery.sweep(now=at(date(2026, 4, day), 20, 0))
        delivery.sweep(now=at(date(2026, 4, day), 12 if day > 4 else 21, 0))
    assert kinds(status="queued") == ["reminder"]
    delivery.sweep(now=at(date(2026, 4, 7), 7, 0))
    assert kinds(status="queued") == []  # its days counted from the day it was composed: a new one is
    planning.sweep(now=at(date(2026, 4, 7), 7, 1))
    delivery.sweep(now=at(date(2026, 4, 7), 7, 2))
    assert sent(invoice)[-1] == ("reminder", "2026-04-07")


@pytest.mark.parametrize("moment", ["2026-03-29", "2026-10-25", "2026-12-25", "2027-01-01", "2028-02-29"])
def test_the_window_on_days_on_which_clocks_or_calendars_change(moment):
    day = date.fromisoformat(moment)
    assert is_sending_moment(at(day, 7)) == (moment == "2028-02-29")
    assert not is_sending_moment(at(day, 6, 59))


def test_the_announcement_does_not_leave_at_night():
    new_invoice()
    planning.sweep(now=at(MONDAY, 23))
    assert kinds() == []
    planning.sweep(now=at(MONDAY, 21, 59))
    delivery.sweep(now=at(MONDAY, 22, 0))
    assert kinds(status="queued") == ["invoice_notice"]
    delivery.sweep(now=at(MONDAY + timedelta(days=1), 7, 0))
    assert kinds(status="sent") == ["invoice_notice"]


# --- an invoice that never arrived -------------------------------------------------------------------


def test_a_refused_announcement_becomes_a_staff_task_and_never_a_cost(sink):
    invoice = new_invoice()
    sink.refuse[invoice.patient.email] = "550 no such user"
    live_through(MONDAY, MONDAY + timedelta(days=3))
    live_through(DUE, DUE + timedelta(days=40), every=5)
    assert kinds() == ["invoice_notice"]
    assert charged(invoice) == {}
    assert StaffTask.Kind.MESSAGE_FAILED in StaffTask.objects.values_list("kind", flat=True)


@pytest.mark.parametrize("day", [MONDAY, REMINDED, NOTICED])
def test_a_bounced_letter_suspends_dunning(day):
    invoice = until(new_invoice(), day)
    message = OutboxMessage.objects.filter(status="sent").last()
    assert delivery.report_bounce(message, by=STAFF)
    assert not delivery.report_bounce(message, by=STAFF)
    before = sent()
    live_through(day + timedelta(days=1), day + timedelta(days=40), every=5)
    assert sent() == before
    assert charged(invoice) == {}
    assert StaffTask.objects.filter(kind=StaffTask.Kind.INVOICE_UNDELIVERED, invoice=invoice).count() == 1


def test_a_14_day_letter_that_bounces_late_waives_its_costs():
    invoice = until(new_invoice(), COSTS_ON)
    message = OutboxMessage.objects.get(kind="final_notice")
    delivery.report_bounce(message, by=STAFF)
    assert ledger.balance(invoice.pk) == Decimal("100.00")


def test_costs_paid_before_their_14_day_letter_bounced_are_refunded_by_staff():
    invoice = until(new_invoice(), COSTS_ON)
    pay(invoice, "140.50", COSTS_ON)
    delivery.report_bounce(OutboxMessage.objects.get(kind="final_notice"), by=STAFF)
    assert ledger.balance(invoice.pk) == Decimal("-40.50")
    item = StaffTask.objects.get(kind=StaffTask.Kind.SURPLUS)
    assert (item.invoice, item.note) == (invoice, "40.50")


def test_without_an_address_a_person_is_asked_and_paper_counts():
    invoice = new_invoice(patient=factories.patient(email=""))
    live_through(MONDAY, MONDAY + timedelta(days=1))
    assert StaffTask.objects.get().kind == StaffTask.Kind.INVOICE_UNDELIVERED
    staff_acts.mark_announced(invoice, by=STAFF, note="per post", today=MONDAY)
    with pytest.raises(Refused):
        staff_acts.mark_announced(invoice, by=STAFF, note="per post", today=MONDAY)
    invoice.refresh_from_db()
    assert invoice.next_step == Step.NOTE


def test_a_failed_announcement_is_composed_again_with_time_to_pay_when_staff_resume(sink):
    invoice = new_invoice(days=10)
    sink.refuse[invoice.patient.email] = "550 no such user"
    live(MONDAY)
    later = MONDAY + timedelta(days=21)
    sink.refuse.clear()
    staff_acts.resume(invoice, by=STAFF, note="adres hersteld", today=later)
    live(later)
    invoice.refresh_from_db()
    assert sent(invoice) == [("invoice_notice", str(later))]
    assert invoice.due_on == later + timedelta(days=14)


# --- holds, plans and where dunning resumes ------------------------------------------------------------


def test_an_interrupted_14_day_letter_is_sent_again_in_full():
    invoice = until(new_invoice(), NOTICED)
    holds.place_hold(invoice, Hold.STAFF, by=STAFF)
    assert reasons(invoice, Status.VOID) == [(Step.FINAL_NOTICE, "interrupted")]
    due_on = date(2026, 6, 1)
    holds.release_hold(invoice, Hold.STAFF, by=STAFF, due_on=due_on, today=date(2026, 5, 18))
    live_through(date(2026, 5, 18), date(2026, 6, 26))
    # Seven days after the new last day, and after the ten days of that reminder.
    assert sent(invoice)[-2:] == [("reminder", "2026-06-08"), ("final_notice", "2026-06-24")]
    assert charged(invoice) == {}


def test_after_costs_were_booked_dunning_continues_after_them():
    invoice = until(new_invoice(), COSTS_ON)
    live(FINAL_ON)
    schedule.interrupt(ledger.lock_invoice(invoice.pk), due_on=date(2026, 7, 1), today=date(2026, 6, 16))
    invoice.refresh_from_db()
    assert (invoice.next_step, invoice.next_step_on) == (Step.HAND_OVER, date(2026, 7, 8))


def test_a_pause_after_the_last_letter_takes_the_invoice_back_from_staff():
    """Once the schedule has ended a pause still works, and what staff had to decide comes again later."""
    invoice = until(new_invoice(), FINAL_ON)
    day = invoice.next_step_on
    live(day)
    ready = StaffTask.objects.filter(invoice=invoice, kind=StaffTask.Kind.READY_FOR_HAND_OVER)
    assert ready.get().closed_at is None
    holds.place_hold(invoice, Hold.STAFF, by=STAFF)
    assert ready.get().closed_at is not None
    assert (Step.HAND_OVER, "interrupted") in reasons(invoice, Status.VOID)
    due_on = day + timedelta(days=30)
    holds.release_hold(invoice, Hold.STAFF, by=STAFF, due_on=due_on, today=day)
    live_through(due_on, due_on + timedelta(days=60))
    assert ready.filter(closed_at=None).count() == 1


def test_pause_and_resume_need_a_reason_and_stand_on_the_timeline():
    invoice = until(new_invoice(), REMINDED)
    with pytest.raises(Refused):
        staff_acts.pause(invoice, by=STAFF, note="  ")
    staff_acts.pause(invoice, by=STAFF, note="klacht")
    with pytest.raises(Refused):
        staff_acts.pause(invoice, by=STAFF, note="klacht")
    assert staff_acts.staff_acts(invoice) == ("resume",)
    staff_acts.resume(invoice, by=STAFF, note="opgelost")
    with pytest.raises(Refused):
        staff_acts.resume(invoice, by=STAFF, note="opgelost")
    actions = list(invoice.audit_events.values_list("action", flat=True))
    assert actions[-3:] == ["hold_placed", "hold_released", "dunning_resumed"]


@pytest.mark.parametrize("day", [MONDAY, REMINDED, COSTS_ON])
def test_after_a_pause_there_is_a_new_day_to_pay_and_no_letter_at_once(day):
    """The page of a paused invoice promises both."""
    invoice = until(new_invoice(), day)
    staff_acts.pause(invoice, by=STAFF, note="klacht")
    before = sent()
    back_on = date(2026, 5, 27)
    staff_acts.resume(invoice, by=STAFF, note="opgelost", today=back_on)
    invoice.refresh_from_db()
    assert invoice.due_on == back_on + timedelta(days=14)
    live_through(back_on, invoice.due_on)
    assert sent()[len(before)] == ("hold_ended", str(back_on))
    assert {kind for kind, _day in sent()[len(before) :]} <= {"hold_ended", "friendly_note"}
    live_through(invoice.due_on + timedelta(days=1), invoice.due_on + timedelta(days=6))
    assert {kind for kind, _day in sent()[len(before) :]} <= {"hold_ended", "friendly_note"}
    live_through(invoice.due_on + timedelta(days=7), invoice.due_on + timedelta(days=9))
    assert sent()[-1][0] == "reminder"


def test_a_pause_to_a_day_ends_by_itself_after_that_day_and_once():
    invoice = until(new_invoice(), REMINDED)
    for wrong in (REMINDED, REMINDED + timedelta(days=400)):
        with pytest.raises(Refused):
            staff_acts.pause(invoice, by=STAFF, note="klacht", until=wrong, today=REMINDED)
    last = REMINDED + timedelta(days=10)
    staff_acts.pause(invoice, by=STAFF, note="klacht", until=last, today=REMINDED)
    staff_acts.end_pauses(last)
    assert holds.is_on_hold(invoice.pk)
    for _again in range(2):
        staff_acts.end_pauses(last + timedelta(days=1))
    invoice.refresh_from_db()
    assert (invoice.holds.get().released_by, invoice.due_on) == ("system", last + timedelta(days=15))
    assert invoice.messages.filter(kind="hold_ended").count() == 1


def test_a_pause_that_ends_well_before_the_last_day_to_pay_changes_nothing():
    invoice = until(new_invoice(), MONDAY)
    staff_acts.pause(invoice, by=STAFF, note="klacht")
    staff_acts.resume(invoice, by=STAFF, note="opgelost", today=MONDAY + timedelta(days=2))
    invoice.refresh_from_db()
    assert invoice.due_on == DUE
    assert (invoice.next_step, invoice.next_step_on) == (Step.NOTE, DUE - timedelta(days=7))


def test_a_plan_broken_before_any_letter_is_followed_by_a_week_without_one():
    invoice = until(new_invoice(), MONDAY)
    broken_on = date(2026, 3, 16)
    schedule.interrupt(ledger.lock_invoice(invoice.pk), due_on=broken_on, today=broken_on)
    invoice.refresh_from_db()
    assert (invoice.next_step, invoice.next_step_on) == (Step.REMINDER, broken_on + timedelta(days=7))


# --- planning ---------------------------------------------------------------------------------------------


def test_a_letter_that_cannot_be_composed_delays_no_other():
    broken, well = new_invoice(), new_invoice()
    of_broken = Patient.objects.filter(pk=broken.patient_id)
    of_broken.update(language="xx")  # there is no mail in this language
    live_through(MONDAY, MONDAY)
    assert sent() == [("invoice_notice", str(MONDAY))] == sent(well)
    item = StaffTask.objects.get()
    assert (item.kind, item.invoice, item.note) == ("rule_failed", broken, "TemplateDoesNotExist")
    of_broken.update(language="nl")
    live(MONDAY + timedelta(days=1))
    assert sent(broken) == [("invoice_notice", str(MONDAY + timedelta(days=1)))]


def test_two_weeks_of_downtime_pile_nothing_up():
    invoice = until(new_invoice(), MONDAY)
    live_through(date(2026, 4, 22), date(2026, 5, 7))
    assert sent(invoice) == [("invoice_notice", "2026-03-02"), ("reminder", "2026-04-22")]
    live(date(2026, 5, 8))
    assert sent(invoice)[-1] == ("final_notice", "2026-05-08")  # its ten days count from the late reminder


def test_planning_twice_plans_nothing_more():
    until(new_invoice(), MONDAY)
    assert [planning.plan(REMINDED) for _turn in range(3)] == [1, 0, 0]


def test_planning_works_in_chunks(monkeypatch):
    monkeypatch.setattr(planning, "PLAN_CHUNK", 2)
    patient = factories.patient()
    made = [new_invoice(patient=patient, days=days) for days in (10, 10, 10, 10, 10, 12, 12)]
    Invoice.objects.filter(pk=made[2].pk).update(withdrawn_at=at(MONDAY))
    holds.place_hold(made[3], Hold.STAFF, by=STAFF)
    assert planning.plan(MONDAY + timedelta(days=6)) == 5
