"""What one letter may and may not do: sums, costs, holds, bounces, the window, and what staff decide."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing import invoices, ladder, ledger, outbox, reminders
from billing.errors import Refused
from billing.law.calendar import is_sending_moment
from billing.models import Hold, Invoice, LedgerEntry, Letter, OutboxMessage, PaymentPlan, ReminderStep, StaffItem
from tests import factories
from tests.billing.ladder_walk import MONDAY, Step, at, live, live_through, new_invoice, sent

pytestmark = pytest.mark.django_db
Kind, Status = LedgerEntry.Kind, ReminderStep.Status
DUE = MONDAY + timedelta(days=30)  # Wednesday 1 April 2026
REMINDED, NOTICED = date(2026, 4, 8), date(2026, 4, 20)
LAST_DAY, COSTS_ON = date(2026, 5, 6), date(2026, 5, 11)
STAFF = "staff:els"


@pytest.fixture(autouse=True)
def _by_day(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


def until(invoice: Invoice, day: date) -> Invoice:
    """The invoice after the days on which something falls, up to and with `day`."""
    days = (MONDAY, DUE - timedelta(days=7), REMINDED, NOTICED, LAST_DAY, COSTS_ON, date(2026, 5, 22))
    for one in days:
        if one <= day:
            live(one)
    if day not in days:
        live(day)
    invoice.refresh_from_db()
    return invoice


def pay(invoice: Invoice, amount: str, on: date) -> None:
    key = f"pay:{invoice.pk}:{on}"
    locked = ledger.lock_invoice(invoice.pk)
    ledger.post(locked, Kind.PAYMENT, -Decimal(amount), external_id=key, occurred_at=at(on), by="test")


def kinds(**fields: Any) -> list[str]:
    return list(OutboxMessage.objects.filter(**fields).order_by("pk").values_list("kind", flat=True))


def charged(invoice: Invoice) -> dict[str, Decimal]:
    entries = LedgerEntry.objects.filter(invoice=invoice, kind__in=[Kind.COSTS, Kind.INTEREST])
    return {kind: sum(e.amount for e in entries if e.kind == kind) for kind in {e.kind for e in entries}}


def reasons(invoice: Invoice, status: str) -> list[tuple[int, str]]:
    rows = ReminderStep.objects.filter(invoice=invoice, status=status)
    return list(rows.order_by("pk").values_list("step", "reason"))


# --- what the letters say -------------------------------------------------------------------------


def test_the_14_day_letter_has_the_safe_words_the_exact_costs_and_the_way_to_object():
    invoice = until(new_invoice(amount="300.00"), NOTICED)
    text = OutboxMessage.objects.get(kind="final_notice").text.replace("\n", " ").replace("\xa0", " ")
    assert "binnen vijftien dagen nadat deze brief bij u is bezorgd" in text
    assert "€ 45,00 incassokosten" in text
    assert "6 mei 2026" in text  # delivered on the 21st; fifteen days later, which is also the rolled last day
    assert "Bent u het er niet mee eens?" in text
    assert invoice.provider.name in text
    assert "C002" not in text
    assert invoice.payment_reference not in text


def test_the_printed_last_day_is_never_earlier_than_a_literal_reader_counts():
    until(new_invoice(), NOTICED)
    letter = Letter.objects.get(step=Step.FINAL_NOTICE)
    assert letter.last_day >= letter.delivered_on + timedelta(days=14)
    text = OutboxMessage.objects.get(kind="final_notice").text
    assert f"{letter.delivered_on + timedelta(days=15):%-d} mei 2026" in text


def test_vat_only_for_a_provider_that_declares_it():
    provider = factories.provider(vat_on_costs=True)
    until(new_invoice(amount="100.00", patient=factories.patient(provider=provider)), NOTICED)
    text = OutboxMessage.objects.get(kind="final_notice").text
    assert "48,40" in text
    assert "21% btw" in text


def test_every_letter_exists_in_english():
    until(new_invoice(patient=factories.patient(language="en")), date(2026, 5, 22))
    subjects = [m.subject for m in OutboxMessage.objects.order_by("pk")]
    assert subjects == [
        "You have a new invoice",
        "Your invoice is due soon",
        "Reminder: your invoice has not been paid yet",
        "Final notice: pay your invoice within 15 days",
        "Costs were added to your invoice",
        "Last letter about your invoice",
    ]


# --- one letter per debtor and creditor -----------------------------------------------------------


def test_two_invoices_of_one_patient_go_in_one_letter_and_cost_the_minimum_once():
    first = new_invoice(amount="100.00")
    second = new_invoice(amount="120.00", patient=first.patient)
    other = new_invoice(amount="100.00")
    until(first, COSTS_ON)
    assert kinds(letter__patient=first.patient).count("final_notice") == 1
    letter = Letter.objects.get(patient=first.patient, step=Step.FINAL_NOTICE)
    assert (letter.principal, letter.costs_announced) == (Decimal("220.00"), Decimal("40.00"))
    costs = [charged(invoice)["costs"] for invoice in (first, second, other)]
    assert costs == [Decimal("18.18"), Decimal("21.82"), Decimal("40.00")]


def test_an_invoice_that_was_reminded_too_goes_along_before_its_own_day():
    first = new_invoice(amount="100.00")
    second = new_invoice(amount="100.00", patient=first.patient, days=36)
    for day in (MONDAY, REMINDED, date(2026, 4, 14), NOTICED):
        live(day)
    letter = Letter.objects.get(step=Step.FINAL_NOTICE)
    assert set(letter.steps.values_list("invoice_id", flat=True)) == {first.pk, second.pk}


def test_a_second_letter_soon_after_adds_only_what_the_sum_allows():
    first = new_invoice(amount="100.00")
    second = new_invoice(amount="100.00", patient=first.patient, days=44)
    for day in (MONDAY, REMINDED, NOTICED, date(2026, 4, 21), date(2026, 5, 4)):
        live(day)
    letters = Letter.objects.filter(step=Step.FINAL_NOTICE).order_by("pk")
    assert [(m.principal, m.costs_announced) for m in letters] == [
        (Decimal("100.00"), Decimal("40.00")),
        (Decimal("100.00"), Decimal("0.00")),
    ]
    assert second.pk in letters[1].steps.values_list("invoice_id", flat=True)


# --- costs only when they are lawfully due --------------------------------------------------------


def test_a_part_paid_in_time_lowers_the_costs():
    invoice = until(new_invoice(amount="1000.00"), NOTICED)
    pay(invoice, "900.00", LAST_DAY)
    until(invoice, COSTS_ON)
    assert charged(invoice)["costs"] == Decimal("40.00")  # 150 were announced over the whole
    assert invoices.look_at(invoice.token, today=COSTS_ON).parts.principal == Decimal("100.00")


def test_paid_in_full_before_costs_are_booked_costs_nothing():
    invoice = until(new_invoice(), LAST_DAY)
    pay(invoice, "100.00", LAST_DAY + timedelta(days=2))
    live_through(COSTS_ON, COSTS_ON + timedelta(days=2))
    assert charged(invoice) == {}
    assert "notice_of_costs" not in kinds()


def test_money_pays_costs_then_interest_then_the_invoice():
    invoice = until(new_invoice(), COSTS_ON)
    pay(invoice, "45.00", COSTS_ON)
    parts = invoices.look_at(invoice.token, today=COSTS_ON).parts
    assert parts is None  # 40.00 of costs and 0.43 of interest are paid, 4.57 of the invoice
    assert ledger.balance(invoice.pk) == Decimal("95.43")


def test_waiving_takes_all_of_it_off_and_says_who():
    invoice = until(new_invoice(), COSTS_ON)
    reminders.waive_charges(invoice, by=STAFF, note="verzoek praktijk")
    assert ledger.balance(invoice.pk) == Decimal("100.00")
    with pytest.raises(Refused):
        reminders.waive_charges(invoice, by=STAFF, note="nog eens")


# --- never wrongly ----------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [DUE - timedelta(days=7), REMINDED, NOTICED, COSTS_ON])
def test_nothing_leaves_while_a_hold_runs(day):
    invoice = until(new_invoice(), day - timedelta(days=1))
    before = sent()
    invoices.place_hold(invoice, Hold.Reason.STAFF, by=STAFF)
    live_through(day, day + timedelta(days=4))
    assert sent() == before
    assert charged(invoice) == {}


@pytest.mark.parametrize("day", [DUE - timedelta(days=7), REMINDED, NOTICED, COSTS_ON])
def test_nothing_leaves_while_a_plan_runs(day):
    invoice = until(new_invoice(), day - timedelta(days=1))
    before = sent()
    PaymentPlan.objects.create(invoice=invoice, kind="installments", total=Decimal("100.00"), agreed_by="guest")
    ladder.move_ladder(ledger.lock_invoice(invoice.pk), due_on=date(2026, 9, 1), today=day)
    live_through(day, day + timedelta(days=4))
    assert sent() == before


@pytest.mark.parametrize("event", ["paid", "on_hold"])
def test_what_happens_between_making_and_sending_withdraws_the_letter(event):
    invoice = until(new_invoice(), date(2026, 4, 7))
    reminders.run_day(REMINDED)
    reminders.sweep(now=at(REMINDED))
    assert kinds(status="queued") == ["reminder"]
    if event == "paid":
        pay(invoice, "100.00", REMINDED)
    else:
        invoices.place_hold(invoice, Hold.Reason.STAFF, by=STAFF)
    outbox.sweep(now=at(REMINDED))
    assert kinds(status="canceled") == ["reminder"]
    live_through(REMINDED, REMINDED + timedelta(days=3))
    assert "reminder" not in [kind for kind, _day in sent()]


def test_a_part_paid_between_making_and_sending_makes_a_new_letter_with_the_right_amount():
    invoice = until(new_invoice(), date(2026, 4, 7))
    reminders.run_day(REMINDED)
    reminders.sweep(now=at(REMINDED))
    pay(invoice, "30.00", REMINDED)
    outbox.sweep(now=at(REMINDED))
    reminders.sweep(now=at(REMINDED, 11))
    outbox.sweep(now=at(REMINDED, 11))
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
    reminders.run_day(REMINDED)
    now = at(REMINDED, hour, minute)
    reminders.sweep(now=now)
    outbox.sweep(now=now)
    assert ("reminder" in kinds(status="sent")) == leaves


def test_a_letter_made_in_time_but_not_sent_waits_for_the_next_sending_day():
    """Made on the Saturday before Easter, a minute before eight: Sunday and Monday are no days to write."""
    invoice = new_invoice(on=date(2026, 3, 2), days=28)  # due on Monday 30 March, reminded from Thursday 2 April
    for day in (date(2026, 3, 2), date(2026, 3, 23)):
        live(day)
    reminders.run_day(date(2026, 4, 4))
    reminders.sweep(now=at(date(2026, 4, 4), 19, 59))
    for day in (4, 5, 6):
        outbox.sweep(now=at(date(2026, 4, day), 20, 0))
        outbox.sweep(now=at(date(2026, 4, day), 12 if day > 4 else 21, 0))
    assert kinds(status="queued") == ["reminder"]
    outbox.sweep(now=at(date(2026, 4, 7), 7, 0))
    assert sent(invoice)[-1] == ("reminder", "2026-04-07")


@pytest.mark.parametrize("moment", ["2026-03-29", "2026-10-25", "2026-12-25", "2027-01-01", "2028-02-29"])
def test_the_window_on_days_on_which_clocks_or_calendars_change(moment):
    day = date.fromisoformat(moment)
    assert is_sending_moment(at(day, 7)) == (moment == "2028-02-29")
    assert not is_sending_moment(at(day, 6, 59))


def test_the_announcement_does_not_leave_at_night():
    new_invoice()
    reminders.sweep(now=at(MONDAY, 23))
    assert kinds() == []
    reminders.sweep(now=at(MONDAY, 21, 59))
    outbox.sweep(now=at(MONDAY, 22, 0))
    assert kinds(status="queued") == ["invoice_notice"]
    outbox.sweep(now=at(MONDAY + timedelta(days=1), 7, 0))
    assert kinds(status="sent") == ["invoice_notice"]


# --- an invoice that never arrived -------------------------------------------------------------------


def test_an_announcement_that_the_server_refuses_becomes_an_item_and_never_a_cost(sink):
    invoice = new_invoice()
    sink.refuse[invoice.patient.email] = "550 no such user"
    live_through(MONDAY, MONDAY + timedelta(days=3))
    live_through(DUE, DUE + timedelta(days=40), every=5)
    assert kinds() == ["invoice_notice"]
    assert charged(invoice) == {}
    assert StaffItem.Kind.MESSAGE_FAILED in StaffItem.objects.values_list("kind", flat=True)


@pytest.mark.parametrize("day", [MONDAY, REMINDED, NOTICED])
def test_a_letter_that_came_back_stops_the_ladder(day):
    invoice = until(new_invoice(), day)
    message = OutboxMessage.objects.filter(status="sent").last()
    assert reminders.report_bounce(message, by=STAFF)
    assert not reminders.report_bounce(message, by=STAFF)
    before = sent()
    live_through(day + timedelta(days=1), day + timedelta(days=40), every=5)
    assert sent() == before
    assert charged(invoice) == {}
    assert StaffItem.objects.filter(kind=StaffItem.Kind.INVOICE_UNDELIVERED, invoice=invoice).count() == 1


def test_a_14_day_letter_that_came_back_late_takes_its_costs_with_it():
    invoice = until(new_invoice(), COSTS_ON)
    message = OutboxMessage.objects.get(kind="final_notice")
    reminders.report_bounce(message, by=STAFF)
    assert ledger.balance(invoice.pk) == Decimal("100.00")


def test_without_an_address_a_person_is_asked_and_paper_counts():
    invoice = new_invoice(patient=factories.patient(email=""))
    live_through(MONDAY, MONDAY + timedelta(days=1))
    assert StaffItem.objects.get().kind == StaffItem.Kind.INVOICE_UNDELIVERED
    reminders.mark_announced(invoice, by=STAFF, note="per post", today=MONDAY)
    with pytest.raises(Refused):
        reminders.mark_announced(invoice, by=STAFF, note="per post", today=MONDAY)
    invoice.refresh_from_db()
    assert invoice.next_step == Step.NOTE


def test_a_failed_announcement_is_made_anew_with_time_to_pay_when_staff_resume(sink):
    invoice = new_invoice(days=10)
    sink.refuse[invoice.patient.email] = "550 no such user"
    live(MONDAY)
    later = MONDAY + timedelta(days=21)
    sink.refuse.clear()
    reminders.resume(invoice, by=STAFF, note="adres hersteld", today=later)
    live(later)
    invoice.refresh_from_db()
    assert sent(invoice) == [("invoice_notice", str(later))]
    assert invoice.due_on == later + timedelta(days=14)


# --- holds, plans and where the ladder goes on ---------------------------------------------------------


def test_a_14_day_letter_cut_short_is_sent_again_whole():
    invoice = until(new_invoice(), NOTICED)
    invoices.place_hold(invoice, Hold.Reason.STAFF, by=STAFF)
    assert reasons(invoice, Status.VOID) == [(Step.FINAL_NOTICE, "interrupted")]
    due_on = date(2026, 6, 1)
    invoices.release_hold(invoice, Hold.Reason.STAFF, by=STAFF, due_on=due_on)
    live_through(date(2026, 6, 5), date(2026, 6, 9))
    assert sent(invoice)[-1] == ("final_notice", "2026-06-08")  # seven days after the new last day
    assert charged(invoice) == {}


def test_after_costs_were_booked_the_ladder_goes_on_behind_them():
    invoice = until(new_invoice(), COSTS_ON)
    live(date(2026, 5, 22))
    ladder.move_ladder(ledger.lock_invoice(invoice.pk), due_on=date(2026, 7, 1), today=date(2026, 6, 5))
    invoice.refresh_from_db()
    assert (invoice.next_step, invoice.next_step_on) == (Step.HAND_OVER, date(2026, 7, 8))


def test_pause_and_resume_need_a_reason_and_stand_on_the_timeline():
    invoice = until(new_invoice(), REMINDED)
    with pytest.raises(Refused):
        reminders.pause(invoice, by=STAFF, note="  ")
    reminders.pause(invoice, by=STAFF, note="klacht")
    with pytest.raises(Refused):
        reminders.pause(invoice, by=STAFF, note="klacht")
    assert reminders.staff_acts(invoice) == ("resume",)
    reminders.resume(invoice, by=STAFF, note="opgelost")
    with pytest.raises(Refused):
        reminders.resume(invoice, by=STAFF, note="opgelost")
    actions = list(invoice.audit_events.values_list("action", flat=True))
    assert actions[-3:] == ["hold_placed", "hold_released", "ladder_resumed"]


# --- planning ---------------------------------------------------------------------------------------------


def test_two_weeks_without_anybody_stack_nothing():
    invoice = until(new_invoice(), MONDAY)
    live_through(date(2026, 4, 22), date(2026, 5, 2))
    assert sent(invoice) == [("invoice_notice", "2026-03-02"), ("reminder", "2026-04-22")]
    live(date(2026, 5, 4))
    assert sent(invoice)[-1] == ("final_notice", "2026-05-04")  # its ten days count from the late reminder


def test_planning_twice_plans_nothing_more():
    until(new_invoice(), MONDAY)
    assert [reminders.plan(REMINDED) for _turn in range(3)] == [1, 0, 0]


def test_planning_walks_in_chunks(monkeypatch):
    monkeypatch.setattr(reminders, "PLAN_CHUNK", 2)
    patient = factories.patient()
    made = [new_invoice(patient=patient, days=days) for days in (10, 10, 10, 10, 10, 12, 12)]
    Invoice.objects.filter(pk=made[2].pk).update(withdrawn_at=at(MONDAY))
    invoices.place_hold(made[3], Hold.Reason.STAFF, by=STAFF)
    assert reminders.plan(MONDAY + timedelta(days=6)) == 5


def test_a_claim_older_than_five_years_is_left_to_staff():
    invoice = until(new_invoice(), MONDAY)
    live(DUE.replace(year=2031) + timedelta(days=1))
    assert reasons(invoice, Status.DROPPED)[-1] == (Step.REMINDER, "limitation")
