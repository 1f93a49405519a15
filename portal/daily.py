"""The daily rules of all rooms, in the order in which they depend on each other."""

from datetime import date, datetime

from django.utils import timezone

from billing import rooms
from billing.dunning import day_clock


def run_day(today: date) -> None:
    """Run everything that is due on `today` or was missed before. Running it again changes nothing."""
    rules = (rule for room in rooms.announcements() for rule in room.daily)
    for rule in sorted(rules, key=lambda rule: rule.place):
        rule.run(today)


def run_now(now: datetime) -> bool:
    """Run the day's work of `now`; return False, with nothing done, while the clock jumped and nobody looked at it."""
    if not day_clock.may_run(now):
        return False
    run_day(timezone.localtime(now).date())
    return True
