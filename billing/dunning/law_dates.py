"""Tasks for staff when a date of the law has to be looked up: one for each half-year of the interest rate."""

from datetime import date, timedelta

from billing import audit
from billing.law import calendar, interest
from billing.models import StaffTask

Kind = StaffTask.Kind
BY = "system"
ASKED_BEFORE = timedelta(days=31)  # decrees are published in the month before
HOLIDAYS_KNOWN_FOR = timedelta(days=365)


def run_day(today: date) -> None:
    """Open what has to be looked up by `today`, once for each period, and close what was looked up since."""
    wanted = {f"{Kind.LAW_DATE}:{key}": note for key, note in _missing(today)}
    for key, note in wanted.items():
        audit.open_task(Kind.LAW_DATE, dedupe_key=key.partition(":")[2], note=note)
    answered = StaffTask.objects.filter(kind=Kind.LAW_DATE, closed_at=None).exclude(dedupe_key__in=wanted)
    audit.close_superseded(answered, by=BY, reason="looked_up")


def _missing(today: date) -> list[tuple[str, str]]:
    """Return key and note of each thing that nobody looked up."""
    found = []
    begins = interest.confirmed_until()
    while begins <= today + ASKED_BEFORE:
        note = f"Statutory interest rate from {begins}: no interest is charged until a version with it is installed."
        found.append((f"rate:{begins}", note))
        begins = interest.next_half_year(begins)
    if today + HOLIDAYS_KNOWN_FOR > calendar.EQUATED_DAYS_KNOWN_THROUGH:
        known = calendar.EQUATED_DAYS_KNOWN_THROUGH
        found.append((f"holidays:{known}", f"Days equated with holidays after {known}: install a version with them."))
    return found
