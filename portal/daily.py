"""The day's rules of every room, in the order in which they build on each other."""

from datetime import date

from billing.admin import figures
from billing.dunning import planning
from billing.plans import agreements
from coulance import deadlines
from portal.ops import retention

# Plans and cases first: one that ends today gives its invoice back to the ladder. Forgetting last: it takes away.
RULES = (agreements.run_day, deadlines.run_day, planning.run_day, figures.record_day, retention.run_day)


def run_day(today: date) -> None:
    """Everything that falls on `today`, or fell while nobody looked. Running it again changes nothing."""
    for rule in RULES:
        rule(today)
