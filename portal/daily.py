"""The daily rules of all rooms, in the order in which they depend on each other."""

from datetime import date

from billing import rooms


def run_day(today: date) -> None:
    """Run everything that is due on `today` or was missed before. Running it again changes nothing."""
    rules = (rule for room in rooms.announcements() for rule in room.daily)
    for rule in sorted(rules, key=lambda rule: rule.place):
        rule.run(today)
