"""The day's rules of every room, in the order in which they build on each other."""

from datetime import date

from billing import rooms


def run_day(today: date) -> None:
    """Run everything that falls on `today`, or fell while nobody looked. Running it again changes nothing."""
    rules = (rule for room in rooms.announcements() for rule in room.daily)
    for rule in sorted(rules, key=lambda rule: rule.place):
        rule.run(today)
