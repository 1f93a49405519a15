"""Isolation of failures: a rule that fails on one row must not delay the other rows or the rest of the day's work.

Every loop over rows runs its rule through `isolated`, and selects its rows with `due`: what failed waits for its next
try, longer each time, so that the first rows that fail never keep the rest from being looked at. A person gets a task.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from django.db.models import F, Model, QuerySet
from django.utils import timezone

from billing import audit
from billing.models import FailedTry, Invoice, StaffTask

log = logging.getLogger(__name__)
T = TypeVar("T")
M = TypeVar("M", bound=Model)

# The waits are 1, 4 and 16 minutes, then an hour: a mended product catches up within the hour.
FIRST_WAIT, WAIT_GROWS_BY, MAX_WAIT = timedelta(minutes=1), 4, timedelta(hours=1)
SUCCEEDED = "succeeded"


def isolated(
    act: Callable[[], T],
    *,
    rule: str,
    row: int = 0,
    about: QuerySet[Invoice] | None = None,
    now: datetime | None = None,
    may_have_failed: bool = True,
) -> T | None:
    """Run `act` on one row and return its result; log a failure, plan the next try, open a staff task, return None.

    `rule` names what is done, `row` is the key of the row; `about` finds its invoice, and is evaluated only on
    failure. `act` must be one transaction, so that a failure writes nothing and the next try does it whole. The task
    is closed when a later try succeeds; `may_have_failed` is false where the caller knows that there is none.
    """
    now = now or timezone.now()
    try:
        result = act()
    except Exception as error:  # whatever failed (a template, an inconsistent row), the next row may succeed
        log.exception("%s of %s failed", rule, row)
        _failed(rule, row, error, about=about, now=now)
        return None
    if may_have_failed:
        succeeded(rule=rule, row=row)
    return result


def failed_before(rows: Sequence[int], *, rule: str) -> set[int]:
    """Return those of these rows on which `rule` failed before."""
    return set(FailedTry.objects.filter(rule=rule, row__in=rows).values_list("row", flat=True))


def isolated_together(
    act: Callable[[Sequence[int]], object],
    rows: Sequence[int],
    *,
    rule: str,
    now: datetime,
    about: Callable[[int], QuerySet[Invoice]] | None = None,
) -> None:
    """Run `act` on all these rows at once, and where that fails on each of them alone, isolated.

    `act` is given the keys of rows and is one transaction, as for `isolated`. `about` finds the invoice of a key.
    """
    if len(rows) > 1:
        try:
            act(rows)
        except Exception:  # as in `isolated`; the row that fails is found below
            log.exception("%s of %s rows failed, each is tried alone", rule, len(rows))
        else:
            for row in failed_before(rows, rule=rule):
                succeeded(rule=rule, row=row)
            return
    for row in rows:
        isolated(partial(act, [row]), rule=rule, row=row, about=about(row) if about else None, now=now)


def succeeded(*, rule: str, row: int) -> None:
    """Forget that `rule` failed on a row before, and close its tasks."""
    if FailedTry.objects.filter(rule=rule, row=row).exists():
        FailedTry.objects.filter(rule=rule, row=row).delete()
        audit.close_superseded(audit.open_alarms(StaffTask.Kind.RULE_FAILED, f"{rule}:{row}:"), by="system",
                               reason=SUCCEEDED)  # fmt: skip


def due(rows: QuerySet[M], *, rule: str, now: datetime, field: str = "pk") -> QuerySet[M]:
    """Return `rows` without those on which `rule` failed and whose next try is not due; `field` is the row's key."""
    waiting = FailedTry.objects.filter(rule=rule, next_try_at__gt=now)
    return rows.exclude(**{f"{field}__in": waiting.values("row")})


def _failed(rule: str, row: int, error: Exception, *, about: QuerySet[Invoice] | None, now: datetime) -> None:
    name = type(error).__name__[:60]
    known = FailedTry.objects.filter(rule=rule, row=row).first()
    wait = min(FIRST_WAIT * WAIT_GROWS_BY ** min(known.tries if known else 0, 5), MAX_WAIT)
    changed = FailedTry.objects.filter(rule=rule, row=row).update(
        tries=F("tries") + 1, error=name, next_try_at=now + wait
    )
    if not changed:
        FailedTry.objects.bulk_create(
            [FailedTry(rule=rule, row=row, error=name, next_try_at=now + wait)], ignore_conflicts=True
        )
    audit.open_alarm(
        StaffTask.Kind.RULE_FAILED,
        cause=f"{rule}:{row}:{name}",
        invoice=about.order_by("pk").first() if about is not None else None,
        note=name,
        now=now,
    )
