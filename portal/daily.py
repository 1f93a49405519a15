"""The day's rules of every room, in the order in which they build on each other."""

from datetime import date

from billing import figures, plans, reminders
from coulance import deadlines
from portal import retention

# Plans and cases first: one that ends today gives its invoice back to the ladder. Forgetting last: it takes away.
RULES = (plans.run_day, deadlines.run_day, reminders.run_day, figures.record_day, retention.run_day)


def run_day(today: date) -> None:
    """Everything that falls on `today`, or fell while nobody looked. Running it again changes nothing."""
    for rule in RULES:
        rule(today)
