"""The clock of the day's work: when it jumped, the work stops until a person has looked at it."""

from datetime import datetime, timedelta

from django.db import transaction

from billing import audit
from billing.models import DayClock, StaffTask

Kind = StaffTask.Kind
PK = 1
LONGEST_GAP = timedelta(days=1)  # the day's work runs every hour of the day, so a whole day without it is no night
NOTE = (
    "The clock moved from {before} to {now} (UTC). Is it right now? Then close this task, and the day's work goes on."
)


def may_run(now: datetime) -> bool:
    """Tell whether the day's work may run: the clock says no more than a day after or before the last run.

    A jump opens a staff task. Once that is closed, the clock counts as right.
    """
    with transaction.atomic():
        clock, new = DayClock.objects.select_for_update().get_or_create(pk=PK, defaults={"last_run_at": now})
        if new or abs(now - clock.last_run_at) <= LONGEST_GAP:
            back = StaffTask.objects.filter(kind=Kind.CLOCK_JUMPED, closed_at=None)
            audit.close_superseded(back, by="system", reason="the clock went back")
        elif not _was_looked_at(clock, now):
            return False
        clock.last_run_at = now
        clock.save(update_fields=["last_run_at"])
    return True


def _was_looked_at(clock: DayClock, now: datetime) -> bool:
    """Tell whether a person closed the task about this jump; open it when there is none."""
    key = f"{clock.last_run_at.isoformat()}"
    task = StaffTask.objects.filter(dedupe_key=f"{Kind.CLOCK_JUMPED}:{key}").first()
    if task is None:
        moments = {"before": f"{clock.last_run_at:%Y-%m-%d %H:%M}", "now": f"{now:%Y-%m-%d %H:%M}"}
        audit.open_task(Kind.CLOCK_JUMPED, dedupe_key=key, note=NOTE.format(**moments))
        return False
    return task.closed_at is not None


def confirm(now: datetime) -> None:
    """Take the clock as right: a demo that was started again after some days goes on by itself."""
    DayClock.objects.update_or_create(pk=PK, defaults={"last_run_at": now})
