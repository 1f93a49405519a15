"""The daily rules of all rooms, in the order in which they depend on each other."""

from datetime import date, datetime
from functools import partial

from django.utils import timezone

from billing import rooms
from billing.dunning import day_clock
from billing.failures import isolated
from billing.models import LastRun


def run_day(today: date) -> None:
    """Run everything that is due on `today` or was missed before. Running it again changes nothing.

    A rule that fails becomes a staff task, and keeps those after it from nothing.
    """
    rules = (rule for room in rooms.announcements() for rule in room.daily)
    for rule in sorted(rules, key=lambda rule: rule.place):
        isolated(partial(rule.run, today), rule=f"day {rule.place} {rule.run.__module__}"[:40])


def run_now(now: datetime) -> bool:
    """Run the day's work of `now`; return False, with nothing done, while the clock jumped and nobody looked at it."""
    if not day_clock.may_run(now):
        return False
    run_day(timezone.localtime(now).date())
    LastRun.record(LastRun.DAY, at=now)
    return True
