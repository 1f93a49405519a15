"""The day's rule of all rooms, and the warnings about dated law."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing import audit
from billing.adjustments import charges
from billing.dunning import day_clock, law_dates, planning
from billing.law import calendar, interest
from billing.ledger.breakdown import interest_due
from billing.models import AuditEvent, DayFigure, Invoice, Letter, OutboxMessage, ReminderStep, StaffTask
from billing.outbox import delivery
from portal import daily
from portal.celery import app
from portal.tasks import run_daily
from tests import factories
from tests.billing.invoices.schedule_walk import (
    COSTS_ON,
    FINAL_ON,
    MONDAY,
    NOTICED,
    Step,
    at,
    charged,
    live,
    new_invoice,
    until,
)
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db


@pytest.fixture
def sink(settings):
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        yield sink


def planned() -> list[tuple[int, date]]:
    rows = ReminderStep.objects.filter(status=ReminderStep.Status.PLANNED)
    return list(rows.order_by("pk").values_list("step", "planned_on"))


def test_the_command_plans_a_day_and_doing_it_again_changes_nothing(sink, capsys):
    new_invoice()
    live(MONDAY)
    note_on = MONDAY + timedelta(days=23)
    for _turn in range(2):
        call_command("run_daily", "--today", str(note_on))
        assert planned() == [(Step.NOTE, note_on)]
    assert str(note_on) in capsys.readouterr().out


def test_beat_runs_it_in_the_hours_before_and_while_letters_may_leave(sink):
    entry = app.conf.beat_schedule["run-daily"]
    assert entry["task"] == run_daily.name
    new_invoice()
    live(MONDAY)
    Invoice.objects.update(next_step_on=timezone.localdate())
    run_daily()
    assert planned() == [(Step.NOTE, timezone.localdate())]


def test_a_rate_or_a_holiday_that_nobody_looked_up_is_a_warning_of_deployment_alone(monkeypatch):
    today = timezone.localdate()
    monkeypatch.setattr(interest, "RATES_CONFIRMED_THROUGH", date(today.year + 2, 6, 30))
    monkeypatch.setattr(calendar, "EQUATED_DAYS_KNOWN_THROUGH", today + timedelta(days=800))
    assert run_checks(tags=["law"], include_deployment_checks=True) == []
    monkeypatch.setattr(interest, "RATES_CONFIRMED_THROUGH", date(today.year - 1, 6, 30))
    monkeypatch.setattr(calendar, "EQUATED_DAYS_KNOWN_THROUGH", today + timedelta(days=100))
    found = run_checks(tags=["law"], include_deployment_checks=True)
    assert [warning.id for warning in found] == ["portal.W002", "portal.W003"]
    assert run_checks(tags=["law"]) == [], "the first words of a command are its own"


def law_tasks() -> list[tuple[str, bool]]:
    rows = StaffTask.objects.filter(kind="law_date").order_by("pk")
    return [(row.dedupe_key.removeprefix("law_date:"), row.closed_at is not None) for row in rows]


def test_staff_get_one_task_for_each_half_year_and_it_ends_when_the_rate_is_known(monkeypatch):
    monkeypatch.setattr(calendar, "EQUATED_DAYS_KNOWN_THROUGH", date(2040, 12, 31))
    monkeypatch.setattr(interest, "RATES_CONFIRMED_THROUGH", date(2026, 6, 30))
    law_dates.run_day(date(2026, 5, 30))
    assert law_tasks() == []
    for day in (date(2026, 5, 31), date(2026, 6, 1), date(2026, 11, 28)):
        law_dates.run_day(day)
    assert law_tasks() == [("rate:2026-07-01", False)]
    law_dates.run_day(date(2026, 12, 1))
    assert law_tasks() == [("rate:2026-07-01", False), ("rate:2027-01-01", False)]
    monkeypatch.setattr(interest, "RATES_CONFIRMED_THROUGH", date(2026, 12, 31))
    law_dates.run_day(date(2026, 12, 2))
    assert law_tasks() == [("rate:2026-07-01", True), ("rate:2027-01-01", False)]


# --- the clock --------------------------------------------------------------------------------------


def test_another_day_than_today_is_for_the_sandbox(settings):
    settings.SANDBOX = False
    for days in (1, -1, 400):
        other = timezone.localdate() + timedelta(days=days)
        with pytest.raises(CommandError, match="for the sandbox"):
            call_command("run_daily", "--today", str(other))
    assert not AuditEvent.objects.exists()
    call_command("run_daily", "--today", str(timezone.localdate()))


def test_costs_and_interest_look_at_the_real_clock_whatever_day_was_asked_for(sink, settings, monkeypatch):
    settings.NOTICE_HOURS = (7, 22)
    invoice = until(new_invoice(amount="1000.00"), NOTICED)
    monkeypatch.setattr(timezone, "now", lambda: at(NOTICED + timedelta(days=3), 11))
    for day in (COSTS_ON, FINAL_ON, FINAL_ON + timedelta(days=30)):
        call_command("run_daily", "--today", str(day))
        planning.sweep()
        delivery.sweep()
        row = ReminderStep(invoice=invoice, letter=Letter.objects.get(step=Step.FINAL_NOTICE), step=Step.FINAL_NOTICE)
        charges.book_costs([row], today=day, now=timezone.now())
        charges.book_interest([invoice], today=day, now=timezone.now())
    assert charged(invoice).get("costs", 0) == 0
    assert charged(invoice).get("interest", 0) < 3


def test_no_interest_is_charged_or_stated_over_a_half_year_that_nobody_confirmed(sink, settings, monkeypatch):
    settings.NOTICE_HOURS = (7, 22)
    confirmed = new_invoice(amount="1000.00")
    stated = until(confirmed, NOTICED)
    assert "nu 4% per jaar" in OutboxMessage.objects.get(kind="final_notice").text
    whole = interest_due(stated, until=date(2026, 6, 30))
    assert interest_due(stated, until=date(2026, 11, 28)) == whole + Decimal("0.11"), "one more day, to the end of June"
    monkeypatch.setattr(interest, "RATES_CONFIRMED_THROUGH", date(2025, 12, 31))
    assert interest_due(stated, until=date(2026, 6, 30)) == 0
    other = until(new_invoice(amount="50.00"), NOTICED)
    text = " ".join(OutboxMessage.objects.filter(kind="final_notice", invoice=other).get().text.split())
    assert "is nu 4%" not in text
    assert "was op 31 december 2025 6% per jaar" in text
    assert charged(until(stated, COSTS_ON)) == {"costs": 150}, "costs are no interest"


def clock_tasks() -> list[bool]:
    return [row.closed_at is not None for row in StaffTask.objects.filter(kind="clock_jumped").order_by("pk")]


@pytest.mark.parametrize("jump", [timedelta(days=30), -timedelta(days=2), timedelta(days=1, seconds=1)])
def test_a_clock_that_jumped_stops_the_days_work_until_somebody_looked(jump, monkeypatch):
    now = at(MONDAY)
    done: list[date] = []
    monkeypatch.setattr(daily, "run_day", done.append)
    assert daily.run_now(now)
    assert daily.run_now(now + timedelta(hours=15))
    last = now + timedelta(hours=15)
    for hours in (0, 1, 2):
        assert not daily.run_now(last + jump + timedelta(hours=hours if jump > timedelta(0) else 0))
    assert clock_tasks() == [False]
    assert "close this task" in StaffTask.objects.get().note
    audit.close_task(StaffTask.objects.get(), staff=factories.staff(role="operations"), reason="de klok klopt")
    assert daily.run_now(last + jump)
    assert daily.run_now(last + jump + timedelta(hours=1))
    assert len(done) == 4


def test_a_clock_that_went_back_to_where_it_was_needs_nobody(monkeypatch):
    monkeypatch.setattr(daily, "run_day", lambda today: None)
    assert daily.run_now(at(MONDAY))
    assert not daily.run_now(at(MONDAY + timedelta(days=9)))
    assert daily.run_now(at(MONDAY, 11))
    assert clock_tasks() == [True]


def test_the_command_says_what_to_do_about_a_jump():
    day_clock.confirm(timezone.now() - timedelta(days=3))
    with pytest.raises(CommandError, match="close it, and run this again"):
        call_command("run_daily")


def test_a_day_in_the_past_writes_no_figures():
    call_command("run_daily", "--today", str(timezone.localdate() - timedelta(days=3)))
    assert not DayFigure.objects.exists()


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-30", "morgen", "1-1-2026"])
def test_a_day_that_is_none_is_refused_in_a_sentence(text, capsys):
    with pytest.raises(CommandError, match=f"there is no day '{text}': write it as 20"):
        call_command("run_daily", "--today", text)
