"""The day's rule of all rooms, and the warnings about dated law."""

from datetime import date, timedelta

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.law import calendar, interest
from billing.models import Invoice, ReminderStep
from portal.celery import app
from portal.tasks import run_daily
from tests.billing.invoices.schedule_walk import MONDAY, Step, live, new_invoice
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


def test_a_rate_or_a_holiday_that_nobody_looked_up_is_a_warning(monkeypatch):
    today = timezone.localdate()
    monkeypatch.setattr(interest, "RATES_CONFIRMED_THROUGH", date(today.year + 2, 6, 30))
    monkeypatch.setattr(calendar, "EQUATED_DAYS_KNOWN_THROUGH", today + timedelta(days=800))
    assert run_checks(tags=["law"], include_deployment_checks=True) == []
    monkeypatch.setattr(interest, "RATES_CONFIRMED_THROUGH", today - timedelta(days=400))
    monkeypatch.setattr(calendar, "EQUATED_DAYS_KNOWN_THROUGH", today + timedelta(days=100))
    assert run_checks(tags=["law"]) == [], "before deploying, and not as the first words of every command"
    assert [warning.id for warning in run_checks(tags=["law"], include_deployment_checks=True)] == [
        "portal.W002",
        "portal.W003",
    ]


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-30", "morgen", "1-1-2026"])
def test_a_day_that_is_none_is_refused_in_a_sentence(text, capsys):
    with pytest.raises(CommandError, match=f"there is no day '{text}': write it as 20"):
        call_command("run_daily", "--today", text)
