"""A task for staff in each half-year for which nobody has confirmed the rate of statutory interest (6:120 BW)."""

from datetime import date

from billing import audit
from billing.law import interest
from billing.models import StaffTask


def run_day(today: date) -> None:
    """Open the task of this half-year while its rate is not confirmed; until it is, no interest over it is booked."""
    if today > interest.RATES_CONFIRMED_THROUGH:
        half = date(today.year, 1 if today.month < 7 else 7, 1)
        audit.open_task(StaffTask.Kind.RATE_UNCONFIRMED, dedupe_key=str(half), note=str(half))
