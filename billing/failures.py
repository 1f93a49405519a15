"""Isolation of failures: a rule that fails on one row must not delay the other rows or the rest of the day's work."""

import logging
from collections.abc import Callable
from datetime import date

from django.db.models import QuerySet

from billing import audit
from billing.models import Invoice, StaffTask

log = logging.getLogger(__name__)


def isolated(act: Callable[[], object], *, key: str, about: QuerySet[Invoice], today: date) -> None:
    """Run `act` on one row; log a failure and open a staff task, once a day, so that the next row can proceed.

    `key` names the rule and the row; `about` finds its invoice, and is evaluated only on failure. `act` must be one
    transaction, so that a failure writes nothing and the next run tries it again.
    """
    try:
        act()
    except Exception as error:  # whatever failed (a template, an inconsistent row), the next row may succeed
        log.exception("%s failed", key)
        audit.open_task(
            StaffTask.Kind.RULE_FAILED,
            dedupe_key=f"{key}:{today}",
            invoice=about.order_by("pk").first(),
            note=type(error).__name__,
        )
